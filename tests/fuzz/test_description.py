"""schemathesis over the whole description: whatever is asked by whom, the answer is one that is described."""

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import FailureGroup

from apps.sites.hosts import forget_sites
from tests.access.scene import Scene, set_scene
from tests.described import description
from tests.fuzz.description import described_operations, group_of
from tests.routes import routes
from tests.wsgi import wsgi_application

#: Requests an operation and viewer unless `--fuzz-examples` says otherwise.
BOUNDED = 4
#: The kinds of viewers of the scene that ask.
VIEWERS = ("GUE", "MEM", "SO")
#: All checks are on. What fits the described shape may still break a rule that a schema cannot hold (a name that is
#: taken, a choice of another poll, a limit that is no multiple of 5), which answers 400.
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "429"]},
}
GROUPS = sorted({group_of(route.path) for route in routes()})


def test_every_operation_is_in_a_group() -> None:
    assert {group_of(path) for path in description()["paths"]} == set(GROUPS)


@pytest.mark.django_db
@pytest.mark.parametrize("group", GROUPS)
def test_every_answer_is_described(group: str, request: pytest.FixtureRequest) -> None:
    scene = set_scene()
    examples = request.config.getoption("--fuzz-examples", default=None)
    problems: dict[str, str] = {}
    asked: dict[str, int] = {}
    with wsgi_application() as application:
        for host in ("site", "root"):
            document = described_operations(host=host, group=group, ids=scene.ids)
            schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict({"checks": CHECKS}))
            schema.app = application
            for result in schema.get_all_operations():
                operation = result.ok()
                name = f"{operation.label} on the {host}"
                asked[name] = 0

                for mode in GenerationMode:
                    for case in cases_of(operation, mode, examples=examples):
                        for viewer in VIEWERS:
                            asked[name] += 1
                            problems.update(problems_of(case, scene, viewer, host=host, name=name))
    assert all(asked.values()), asked
    assert not problems, "\n\n".join(f"{what}\n{problem}" for what, problem in problems.items())


def cases_of(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, *, examples: int | None) -> list[Case]:
    """Half of the examples of an operation; the bounded run has the same ones each time."""
    cases: list[Case] = []

    @settings(
        max_examples=max(1, (examples or BOUNDED) // 2),
        derandomize=examples is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        # Sent as it is, it would end the path: a request for something else, which the transport refuses to send.
        assume("?" not in case.formatted_path)
        cases.append(case)

    # Without parameters and body there is nothing to get wrong.
    with suppress(Unsatisfiable):
        collect()
    return cases


def problems_of(case: Case, scene: Scene, viewer: str, *, host: str, name: str) -> dict[str, str]:
    """What schemathesis finds wrong with the answer to one request, which is undone."""
    person = scene.people[viewer]
    headers = {"Host": scene.hosts[host]} | (person.headers if person else {})
    found: dict[str, str] = {}
    with transaction.atomic():
        try:
            case.call_and_validate(headers=headers)
        except FailureGroup as failures:
            for failure in failures.exceptions:
                found[f"{name} as {viewer}: {type(failure).__name__}"] = f"{failure}\n{case.as_curl_command()}"
        transaction.set_rollback(True)
    forget_sites()
    return found
