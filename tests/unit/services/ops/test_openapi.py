"""The OpenAPI document is kept: schemathesis asks a running API whatever its schemas allow and forbid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.unit.services.ops.world import ADMIN, World

if TYPE_CHECKING:
    from schemathesis.generation import GenerationMode

EXAMPLES = 3
"""Of each kind, for each operation."""


def check(operation: Any, world: World, mode: GenerationMode, session: requests.Session) -> int:
    asked = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        headers = {"Authorization": f"Bearer {ADMIN}"}
        case.call_and_validate(base_url=world.address, headers=headers, session=session)

    ask()
    return asked


@pytest.mark.allow_log_warnings
def test_the_api_keeps_its_schema(world: World) -> None:
    import schemathesis
    from schemathesis.generation import GenerationMode

    document = schemathesis.openapi.from_dict(world.get("/api/v1/openapi.json").json)
    asked, failures = 0, []
    with requests.Session() as session:
        for result in document.get_all_operations():
            operation: Any = result.ok()  # type: ignore[union-attr]
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try:
                    asked += check(operation, world, mode, session)
                except Unsatisfiable:
                    continue  # A request without parts has none that could be wrong.
                except Exception as error:
                    failures.append(f"{operation.label}, {mode}: {str(error)[:1_500]}")
    assert not failures, "\n\n".join(failures)
    assert asked > 200


def test_every_route_names_its_errors_and_its_token(world: World) -> None:
    told = world.get("/api/v1/openapi.json").json
    routes = [(path, route) for path, each in told["paths"].items() for route in each.values()]
    assert len(routes) > 45
    for path, route in routes:
        assert {"401", "429"} <= route["responses"].keys(), path
        assert route.get("security") == [{"HTTPBearer": []}] or path == "/health", path
    assert {"OrderView", "AccountView", "Problem", "Done"} <= told["components"]["schemas"].keys()
