"""Every answer of the suite against the description: an undocumented route, parameter, status or key fails."""

import functools
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.http import HttpResponse
from django.urls import Resolver404, resolve
from jsonschema_rs import Draft202012Validator

from apps.core.api import effective_method
from apps.core.openapi import document

#: Parameters that tests send to prove that unknown ones are ignored.
IGNORED_PARAMETERS = {"unknown", "cachebuster"}


@functools.cache
def description() -> dict[str, Any]:
    """The OpenAPI document of the code under test."""
    return document()


@functools.cache
def _templates() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, verb.upper()): operation
        for path, operations in description()["paths"].items()
        for verb, operation in operations.items()
    }


@functools.cache
def _validator(path: str, verb: str, status: str) -> Draft202012Validator | None:
    response = _templates()[path, verb]["responses"][status]
    if "$ref" in response:
        response = description()["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
    content = response.get("content", {})
    if "application/json" not in content:
        return None
    return Draft202012Validator({**content["application/json"]["schema"], "components": description()["components"]})


@functools.cache
def _error_validator() -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": "#/components/schemas/ErrorEnvelope", "components": description()["components"]}
    )


def template_of(path: str, *, is_root: bool) -> str | None:
    """The path template that a concrete path belongs to, or None if no route has it."""
    from django.conf import settings

    try:
        match = resolve(path, settings.ROOT_HOST_URLCONF if is_root else settings.ROOT_URLCONF)
    except Resolver404:
        return None
    route = match.route
    while "<" in route:
        start, end = route.index("<"), route.index(">")
        route = route[:start] + "{" + route[start + 1 : end].split(":")[-1] + "}" + route[end + 1 :]
    return f"/{route}"


def check_response(method: str, target: str, host: str, response: HttpResponse, *, headers: dict[str, str]) -> None:
    """Fail when an answer is not what the description says."""
    parts = urlsplit(target)
    request = response.wsgi_request  # type: ignore[attr-defined]
    template = template_of(parts.path, is_root=host == "localhost")
    if not (template or parts.path).startswith(("/api", "/out")) and parts.path != "/":
        return
    verb = effective_method(request)
    assert response.status_code < 500 or response.status_code == 501, f"{method} {target}: {response.content[:500]!r}"
    if template is None or (template, verb) not in _templates():
        # What is no route, or no verb of one, has the coded object too.
        allowed = (405, 400, 401, 403, 404, 414, 431) if template else (404, 400, 414, 431)
        assert _status(target, headers, response) in allowed, f"{verb} {template or target} is not described"
        _check_body(_error_validator(), target, headers, response)
        return
    operation = _templates()[template, verb]
    status = str(_status(target, headers, response))
    assert status in operation["responses"], f"{verb} {template} answers {status}, which is not described"
    if response.status_code < 400:
        _check_parameters(parts.query, operation, verb=verb, template=template)
    kind = response.get("Content-Type", "").partition(";")[0]
    if kind != "application/json" and kind in operation["responses"][status].get("content", {}):
        return
    validator = _validator(template, verb, status)
    if validator is not None and verb != "HEAD":
        _check_body(validator, target, headers, response)


def _status(target: str, headers: dict[str, str], response: HttpResponse) -> int:
    """The status that is meant, which `always200` keeps off the status line."""
    is_forced = _asks_for("always200", target) or "X-Always-200" in headers
    if not (is_forced and response.content):
        return response.status_code
    body = _json(response)
    return int(body["status"]) if "status" in body else response.status_code


def _asks_for(modifier: str, target: str) -> bool:
    return modifier in dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))


def _json(response: HttpResponse) -> Any:
    """The JSON of a body, which a function's name may be wrapped around."""
    content = response.content.decode()
    if response.get("Content-Type") == "application/javascript":
        content = content[content.index("(") + 1 :]
        return json.JSONDecoder().raw_decode(content)[0]
    return json.loads(content)


def _check_body(validator: Draft202012Validator, target: str, headers: dict[str, str], response: HttpResponse) -> None:
    """Fail when a body is not what a schema says; what comes without an envelope is put into one."""
    if not response.content:
        return
    body = _json(response)
    if _asks_for("disableBoiler", target) or "X-Disable-Boiler" in headers:
        error = ["not sent"] if response.status_code >= 400 else None
        body = {"context": "", "status": response.status_code, "data": body, "error": error}
    _check_number(body.get("data"), urlsplit(target).query)
    if not validator.is_valid(body):
        worst = max(validator.iter_errors(body), key=lambda error: len(error.instance_path))
        raise AssertionError(f"{target} {response.status_code}: {worst.instance_path}: {worst.message[:600]}")


def _check_number(data: Any, query: str) -> None:
    """Every page has a number but those that a cursor led to (docs/api/paging.md)."""
    by_cursor = any(value for name, value in parse_qsl(query) if name in ("after", "before"))
    for page in data.values() if isinstance(data, dict) else ():
        if isinstance(page, dict) and "maxOffset" in page:
            assert {"offset", "page"} & set(page) == (set() if by_cursor else {"offset", "page"})


def _check_parameters(query: str, operation: dict[str, Any], *, verb: str, template: str) -> None:
    components = description()["components"]["parameters"]
    known = set()
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            parameter = components[parameter["$ref"].rsplit("/", 1)[-1]]
        if parameter["in"] == "query":
            known.add(parameter["name"])
    if verb == "OPTIONS":
        return
    sent = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    unknown = sent - known - IGNORED_PARAMETERS
    assert not unknown, f"{verb} {template}: the parameters {sorted(unknown)} are not described"
