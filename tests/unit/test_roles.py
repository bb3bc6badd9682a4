"""Each command has a need, and each role what its row says."""

import json

import pytest

from deploy.contracts import FOLDER
from services.gateway.roles import MAY, OWN, is_signed, needed, permissions_of, signature_of
from shared.errors import NotAllowedError
from shared.permissions import COMMANDS
from shared.settings import SERVICES

SIGN_IN = {"/api/session", "/api/session/badge"}


def commands_of(service: str) -> list[str]:
    document = json.loads((FOLDER / f"openapi/{service}.json").read_text())
    return [path for path, kinds in document["paths"].items() if "post" in kinds]


def fields_of(service: str, path: str) -> set[str]:
    """Return the names of what a command's body may hold; none where it is a file."""
    document = json.loads((FOLDER / f"openapi/{service}.json").read_text())
    body = document["paths"][path]["post"].get("requestBody", {"content": {}})
    schemas = [kind.get("schema", {}) for kind in body["content"].values()]
    named = document["components"]["schemas"]
    whole = [named[one["$ref"].split("/")[-1]] if "$ref" in one else one for one in schemas]
    return {name for schema in whole for name in schema.get("properties", ())}


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_no_command_believes_the_person_that_its_body_names(service: str) -> None:
    for path in commands_of(service):
        named = fields_of(service, path) & {"person", "signature"}
        asked = f"/api/{service}{path}"
        assert not named or is_signed(asked) or signature_of(asked) is not None, (path, named)


def test_every_command_of_every_service_has_a_permission_and_none_is_left_over() -> None:
    given = {(name, path) for name in SERVICES if name != "gateway" for path in commands_of(name)}
    between_services = {(name, path) for name, path, need in COMMANDS if need == "exchange"}
    for name, path in given - between_services:
        assert needed("POST", f"/api/{name}{path}") is not None, (name, path)
    everywhere = {path for _, path in given}
    for name, path, _ in COMMANDS:
        assert (name, path) in given or (name == "*" and path in everywhere), (name, path)
    own = {path for path in commands_of("gateway") if path.startswith("/api/")}
    assert {path for path, _ in OWN} == own - SIGN_IN - {"/api/{service}/{path}"}


def test_several_roles_may_what_any_of_them_may() -> None:
    assert permissions_of({"planner", "quality"}) == MAY["planner"] | MAY["quality"]
    assert permissions_of(set()) == frozenset()


@pytest.mark.parametrize(
    "path",
    [
        "/api/execution//master-data",
        "/api/execution/lots/L1/holds/person/end/more",
        "/api/execution/work-schedules/",
        "/api/historian/test-batches/formation/1",
        "/api/nothing",
        "/api/",
    ],
)
def test_what_no_row_names_is_refused(path: str) -> None:
    with pytest.raises(NotAllowedError, match="no command that any role may give"):
        needed("POST", path)
