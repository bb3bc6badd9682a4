"""No service ignores a name in a query that it does not know: the answer would look like one."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.types import Message

from deploy.contracts import service_named
from services.trace.audit import Asked
from shared.errors import InvalidInputError
from shared.queries import query_of
from shared.settings import SERVICES

UNKNOWN = b"limitt=5"
# What lets any query through: what the gateway passes on to who refuses it, pages, and a provider.
FOR_OTHERS = {
    "/api/session/oidc/callback",
    "/api/work-requests",
    "/api/job-orders",
    "/api/work-schedules",
    "/api/test-files",
    "/api/spectra",
    "/api/{service}/{path:path}",
    "/{path:path}",
}


class Asking(NamedTuple):
    """A request with an unknown name in its query."""

    method: str
    route: APIRoute


def askings(name: str) -> Iterator[Asking]:
    for route in service_named(name).app.routes:
        if isinstance(route, APIRoute) and not (name == "gateway" and route.path in FOR_OTHERS):
            yield from (Asking(method, route) for method in sorted(route.methods))


async def refusal(asking: Asking) -> str:
    """Return why a route does not take the unknown name, whoever asks."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": asking.method,
        "path": asking.route.path,
        "query_string": UNKNOWN,
        "headers": [],
        "path_params": {},
        "state": {},
    }

    async def receive() -> Message:
        raise AssertionError("the body is not needed to refuse the query")

    async def send(message: Message) -> None:
        raise AssertionError(f"{asking} answers {message}")

    with pytest.raises(InvalidInputError) as refused:
        await asking.route.app(scope, receive, send)
    return str(refused.value)


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_of_a_service_refuses_a_name_that_it_does_not_take(name: str) -> None:
    asked = list(askings(name))
    assert len(asked) >= 6, "probes, metrics, events and what is set aside at least"
    for asking in asked:
        said = await refusal(asking)
        assert said.startswith("query.limitt: "), asking
        assert all(known in said for known in query_of(asking.route.dependant)), asking


@pytest.mark.parametrize("name", SERVICES)
def test_a_route_takes_the_names_of_its_contract(name: str) -> None:
    app = service_named(name).app
    paths = app.openapi()["paths"]
    for method, route in askings(name):
        told = paths[route.path_format][method.lower()].get("parameters", [])
        names = {one["name"] for one in told if one["in"] == "query"}
        assert names == query_of(route.dependant), (method, route.path)


async def test_the_answer_names_what_is_unknown_and_what_there_is() -> None:
    transport = httpx.ASGITransport(app=service_named("trace").app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        answer = await http.get("/audit", params={"limit": 5, "persn": "ada"})
        bare = await http.get("/livez", params={"x" * 5000: ""})
    assert (answer.status_code, answer.json()["code"]) == (422, "InvalidInputError")
    takes = ", ".join(sorted({*Asked.model_fields, "shape"}))
    assert answer.json()["detail"] == (
        f"query.persn: GET /audit takes no such parameter; it takes {takes}"
    )
    assert bare.status_code == 422
    assert bare.json()["detail"].endswith("it takes no parameters")
    assert len(bare.json()["detail"]) < 200
