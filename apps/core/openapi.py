"""The description of the API, generated from the views.

Every handler carries `@operation(...)`; `document()` is what `/api/v1/openapi.json` serves, what `make openapi` writes
down and what the tests validate each response against. An `Output` says what an object holds: all its keys, no others.
"""

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

#: What any request may be answered with, whatever the route (contract A 1.1, 2.3, 2.4, 4.2).
COMMON_ERRORS = {
    400: "A value is wrong, missing or out of range; a query parameter cannot be read.",
    401: "The access token is not valid or has expired.",
    403: "Signing in, another permission, or not being banned is needed.",
    404: "No such thing here, or not for you; or no such site.",
    414: "The address is too long.",
    429: "Too many requests.",
    431: "The headers are too large.",
}
_FORM = "application/x-www-form-urlencoded"
_BODY_ERRORS = {413: "The body is too large."}
_OTHER_ERRORS = {
    421: "Another process answers this.",
    500: "Something went wrong on our side.",
    501: "A patch operation other than replace.",
}


class Output(serializers.Serializer[Any]):
    """Base of the objects on the wire; a key that may be left out has `required=False`."""


def page_of(
    item: type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any],
) -> serializers.BaseSerializer[Any]:
    """The collection object of contract A 6.2 over items of one kind."""
    item_class: Any = item if isinstance(item, type) else type(item)
    return _page_class(item_class)()


@functools.cache
def _page_class(item: Any) -> type[Output]:
    name = item.__name__.removesuffix("Output")
    fields: dict[str, Any] = {
        "__doc__": f"One page of {name} objects.",
        "total": serializers.IntegerField(),
        "limit": serializers.IntegerField(),
        "offset": serializers.IntegerField(required=False, help_text="Missing from a page that a cursor led to."),
        "maxOffset": serializers.IntegerField(),
        "totalPages": serializers.IntegerField(),
        "page": serializers.IntegerField(required=False, help_text="Missing from a page that a cursor led to."),
        "links": LinkOutput(many=True, required=False),
        "type": serializers.CharField(),
        "items": item(many=True),
    }
    return type(f"{name}PageOutput", (Output,), fields)


class LinkOutput(Output):
    """A link of a page, an object or a menu (contract A 7.1)."""

    rel = serializers.CharField(required=False)
    href = serializers.CharField()
    title = serializers.CharField(required=False)
    text = serializers.CharField(required=False)


class ErrorOutput(Output):
    """The coded error object (contract A 4.1)."""

    siteId = serializers.IntegerField()
    profileId = serializers.IntegerField(required=False)
    errorCode = serializers.IntegerField()
    errorDetail = serializers.CharField()


def query_parameter(
    name: str, type: Any = str, description: str = "", *, many: bool = False, enum: Sequence[Any] = ()
) -> OpenApiParameter:
    """One parameter of the query."""
    return OpenApiParameter(name, type, OpenApiParameter.QUERY, description=description, many=many, enum=enum or None)


#: True or false; whatever is neither counts as false (contract A 23.1).
LAX_FLAG = {"anyOf": [{"type": "boolean"}, {"type": "string"}]}
#: A whole number; an empty one is as if it were absent.
NUMBER_OR_EMPTY = {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 0}]}
PAGING = (
    query_parameter("limit", NUMBER_OR_EMPTY, "Items a page: a multiple of 5 up to 250; 25 if absent."),
    query_parameter("offset", NUMBER_OR_EMPTY, "Items to pass over: a multiple of limit."),
)
#: What lists with cursors understand beside it (docs/api/paging.md).
CURSORS = (
    query_parameter("after", str, "A cursor, instead of offset: the items that follow its place."),
    query_parameter("before", str, "A cursor, instead of offset: the items right before its place."),
)
_LINK_HEADER = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='Where the list goes on, by cursors: `<…>; rel="prev", <…>; rel="next"`. Neither, no header.',
)


def operation(
    summary: str,
    *,
    answer: Any = None,
    body: Any = None,
    success: Sequence[int] = (200,),
    query: Sequence[OpenApiParameter] = (),
    paged: bool = False,
    cursors: bool = False,
    prefer: int | None = None,
    represents: Any = None,
    raw: str | None = None,
    or_raw: str | None = None,
    errors: Sequence[int] = (),
    error_data_is_null: bool = False,
) -> Callable[[Any], Any]:
    """Describe a handler of an `Api`.

    `answer` is the Output (or field) in `data`, None for null; `success` its statuses; `prefer` the status that a
    client preferring the representation gets, with `represents` in `data`; `raw` a media type answered without an
    envelope, `or_raw` one for those who ask for it; `paged` a list by offset, `cursors` one by offset and by cursors;
    `errors` statuses beside the common ones; `error_data_is_null` is for what clients would take for a token (A 4.1).
    """
    responses: dict[Any, Any] = {}
    for status in success:
        if status == 304:
            responses[status] = OpenApiResponse(description="Not changed since the copy the client has.")
        else:
            responses[(status, raw or "application/json")] = _response(answer if status == 200 else None, raw=raw)
    if or_raw is not None:
        responses[(200, or_raw)] = _response(None, raw=or_raw)
    if prefer is not None:
        responses[(prefer, "application/json")] = _response(represents)
    for status in errors:
        responses[(status, "application/json")] = OpenApiResponse(
            ErrorOutput, description=_OTHER_ERRORS.get(status, "")
        )
    parameters = [*query, *(PAGING if paged or cursors else ()), *((*CURSORS, _LINK_HEADER) if cursors else ())]
    request = (
        body
        if isinstance(body, dict) or body is None
        else {
            "application/json": body,
            _FORM: body,
        }
    )
    extensions = {"x-error-data": "null"} if error_data_is_null else None
    return extend_schema(
        summary=summary, request=request, responses=responses, parameters=parameters, extensions=extensions
    )


def patch_document(paths: Iterable[str]) -> dict[str, Any]:
    """The body of a PATCH that sets bools at some paths (contract A 2.7)."""
    members = {
        "op": {"type": "string", "enum": ["replace"]},
        "path": {"type": "string", "enum": list(paths)},
        "value": {"type": "boolean"},
    }
    operation_ = {"type": "object", "properties": members, "required": list(members)}
    return {"application/json": {"type": "array", "items": operation_, "minItems": 1}}


def _response(answer: Any, *, raw: str | None = None) -> OpenApiResponse:
    if raw:
        return OpenApiResponse(answer or {"type": "string"}, description="As it is, without an envelope.")
    return OpenApiResponse(answer if answer is not None else {"type": "null"}, description="")


class OperationSchema(AutoSchema):
    """One tag an app, a stable id from verb and path, and the bodies that some DELETEs have."""

    def _get_request_body(self, direction: str = "request") -> Any:
        if self.method != "DELETE":
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        # The generator knows none with DELETE; OpenAPI 3.1 does.
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"

    def get_tags(self) -> list[str]:
        return [self.view.__module__.split(".")[1]]

    def get_operation_id(self) -> str:
        words = [part.strip("{}") for part in self.path.removeprefix("/api/v1").split("/") if part]
        if self.path.startswith("/out/"):
            words = ["root", *words]  # sites have the same below /api/v1
        return "_".join([self.method.lower(), *(words or ["front" if self.path == "/" else "resources"])])

    def get_auth(self) -> list[dict[str, Any]]:
        return []

    def get_description(self) -> str:  # type: ignore[override]
        handler = getattr(self.view, self.method.lower(), None)
        return (getattr(handler, "__doc__", "") or "").strip()

    def _is_list_view(self, serializer: Any = None) -> bool:
        # Only what says so itself, by `many=True`, is an array.
        return isinstance(serializer, serializers.ListSerializer)


def document() -> dict[str, Any]:
    """The OpenAPI document of both host classes; `x-host` says where an operation lives."""
    merged: dict[str, Any] = {}
    for host, urlconf in (("site", settings.ROOT_URLCONF), ("root", settings.ROOT_HOST_URLCONF)):
        part = SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        for operations in part["paths"].values():
            for operation_ in operations.values():
                operation_["x-host"] = host
        merged = _merge(merged, part) if merged else part
    return _finish(merged)


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    for path, operations in second["paths"].items():
        for verb, operation_ in operations.items():
            known = first["paths"].setdefault(path, {}).get(verb)
            if known:
                known["x-host"] = "both"
            else:
                first["paths"][path][verb] = operation_
    for kind, components in second.get("components", {}).items():
        first.setdefault("components", {}).setdefault(kind, {}).update(components)
    return first


def _finish(schema: dict[str, Any]) -> dict[str, Any]:
    """Envelopes, the common errors, HEAD and OPTIONS, closed objects, and the two ways to carry a token."""
    components = schema["components"]["schemas"]
    components.setdefault("Error", _error_schema())
    for name, component in components.items():
        if component.get("type") == "object" and not name.endswith("Request"):
            component.setdefault("additionalProperties", False)
    schema["openapi"] = "3.1.0"
    _nullable(schema)
    for name, component in components.items():
        if name.endswith("Request"):
            _allow_null(component)
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "access_token"},
    }
    schema["security"] = [{}, {"bearer": []}, {"query": []}]
    schema["components"]["parameters"] = _frame_parameters()
    schema["components"]["responses"] = _error_responses()
    components["ErrorEnvelope"] = _envelope({"$ref": "#/components/schemas/Error"}, is_error=True)
    components["NullErrorEnvelope"] = _envelope({"type": "null"}, is_error=True)
    for path, operations in schema["paths"].items():
        for verb, operation_ in list(operations.items()):
            _finish_operation(operation_, has_body=verb in ("post", "put", "patch", "delete"))
            _describe_form(operation_, components)
            if verb == "get":
                _describe_tags(operation_["responses"])
                head = copy.deepcopy(operation_)
                head["operationId"] = "head" + operation_["operationId"].removeprefix("get")
                for response in head["responses"].values():
                    response.pop("content", None)
                operations["head"] = head
        sample = next(iter(operations.values()))
        operations["options"] = _options_operation(path, sample)
    return schema


def _finish_operation(operation_: dict[str, Any], *, has_body: bool) -> None:
    operation_.pop("security", None)
    operation_["parameters"] = [
        *operation_.get("parameters", []),
        *({"$ref": f"#/components/parameters/{name}"} for name in _frame_parameters()),
    ]
    responses = operation_["responses"]
    for status, response in responses.items():
        if "application/json" in response.get("content", {}) and "envelope" not in response.get("description", ""):
            content = response["content"]["application/json"]
            content["schema"] = _envelope(content["schema"], is_error=int(status) >= 400)
        if status in ("201", "302", "307"):
            response.setdefault("headers", {})["Location"] = {"schema": {"type": "string"}}
    for status in COMMON_ERRORS | (_BODY_ERRORS if has_body else {}):
        responses.setdefault(str(status), _error_reference(operation_, status))


def _describe_form(operation_: dict[str, Any], components: dict[str, Any]) -> None:
    """A form is flat: the keys of the JSON body that are no arrays and objects; there is none if it needs others."""
    content = operation_.get("requestBody", {}).get("content", {})
    form = content.get(_FORM, {}).get("schema")
    if form is None:
        return
    body = _resolved(form, components)
    properties = body.get("properties", {})
    flat = {key: value for key, value in properties.items() if not _is_nested(value, components)}
    # What is no word for true leaves the default.
    flat = {key: LAX_FLAG if "boolean" in _kinds(value) else value for key, value in flat.items()}
    if body.get("type") != "object" or set(body.get("required", ())) - set(flat):
        del content[_FORM]
    elif flat != properties:
        content[_FORM] = {"schema": {**body, "properties": flat}}


def _kinds(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return set(kinds if isinstance(kinds, list) else [kinds])


def _is_nested(schema: dict[str, Any], components: dict[str, Any]) -> bool:
    resolved = _resolved(schema, components)
    parts = [part for name in ("anyOf", "allOf", "oneOf") for part in resolved.get(name, ())]
    return bool({"array", "object"} & _kinds(resolved)) or any(_is_nested(part, components) for part in parts)


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _describe_tags(responses: dict[str, Any]) -> None:
    """Every GET says what its body is called, and is not answered with a body that the client holds."""
    tag = {"description": "For If-None-Match.", "schema": {"type": "string"}}
    for status in ("200", "206", "304"):
        if status in responses or (status == "304" and "200" in responses):
            response = responses.setdefault(status, {"description": "Not changed since the copy the client has."})
            response.setdefault("headers", {})["ETag"] = tag


def _error_reference(operation_: dict[str, Any], status: int) -> dict[str, str]:
    kind = "NullError" if operation_.get("x-error-data") == "null" else "Error"
    return {"$ref": f"#/components/responses/{kind}{status}"}


def _error_responses() -> dict[str, dict[str, Any]]:
    """The common errors, with the coded object and, for the sign-in routes, with null in its place."""
    return {
        f"{kind}{status}": {
            "description": description,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}Envelope"}}},
        }
        for kind in ("Error", "NullError")
        for status, description in (COMMON_ERRORS | _BODY_ERRORS).items()
    }


def _envelope(data: dict[str, Any], *, is_error: bool) -> dict[str, Any]:
    error = {"type": "array", "items": {"type": "string"}, "minItems": 1} if is_error else {"type": "null"}
    return {
        "type": "object",
        "properties": {"context": {"type": "string"}, "status": {"type": "integer"}, "data": data, "error": error},
        "required": ["context", "status", "data", "error"],
        "additionalProperties": False,
    }


def _options_operation(path: str, sample: dict[str, Any]) -> dict[str, Any]:
    parameters = [p for p in sample.get("parameters", []) if p.get("in") == "path"]
    return {
        "operationId": "options_" + sample["operationId"].partition("_")[2],
        "summary": "Which verbs there are",
        "tags": sample.get("tags", []),
        "parameters": parameters,
        "x-host": sample["x-host"],
        "responses": {
            "200": {"description": "No body.", "headers": {"Allow": {"schema": {"type": "string"}}}},
            **{str(s): {"$ref": f"#/components/responses/Error{s}"} for s in (400, 401, 403, 404, 414, 431)},
        },
    }


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "siteId": {"type": "integer"},
            "profileId": {"type": "integer"},
            "errorCode": {"type": "integer"},
            "errorDetail": {"type": "string"},
        },
        "required": ["siteId", "errorCode", "errorDetail"],
    }


def _frame_parameters() -> dict[str, dict[str, Any]]:
    """What every route understands (contract A 2 and 3)."""

    def query(name: str, description: str) -> dict[str, Any]:
        return {
            "name": name,
            "in": "query",
            "required": False,
            "description": description,
            "schema": {"type": "string"},
        }

    return {
        "accessToken": query("access_token", "An access token, where a header cannot be sent."),
        "always200": query("always200", "Answer with status 200 on the status line, whatever the envelope says."),
        "callback": query("callback", "The name of a function to wrap the body in (JSONP)."),
        "context": query("context", "Comes back in the envelope."),
        "disableBoiler": query("disableBoiler", "Answer with the value of `data` alone."),
        "method": query("method", "With POST: the method that is meant."),
    }


def _allow_null(body: dict[str, Any]) -> None:
    """In a body null stands for an absent key (contract A 2.5)."""
    required = body.get("required", ())
    for name, value in body.get("properties", {}).items():
        if name not in required:
            if isinstance(value.get("type"), str) and "enum" not in value:
                value["type"] = [value["type"], "null"]
            else:
                body["properties"][name] = {"anyOf": [value, {"type": "null"}]}


def _nullable(node: Any) -> None:
    """OpenAPI 3.0's `nullable` as JSON Schema's type list, in place."""
    if isinstance(node, dict):
        if node.pop("nullable", False):
            if "type" in node:
                node["type"] = [node["type"], "null"]
            else:
                inner = dict(node)
                node.clear()
                node["anyOf"] = [inner, {"type": "null"}]
        for value in node.values():
            _nullable(value)
    elif isinstance(node, list):
        for value in node:
            _nullable(value)
