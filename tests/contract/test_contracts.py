"""The generated contracts are those in the tree, sound by their own schemas."""

import ast
import json
from datetime import datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from deploy.contracts import COMMAND, FOLDER, all_files, drift
from shared.envelope import BY_TYPE, EVENTS, Envelope, envelope, partition_of
from shared.events import LotHeld
from shared.topics import event_topic
from tests.plant import ROOT


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    return all_files()


def test_committed_contracts_are_those_of_the_code(wanted: dict[str, str]) -> None:
    assert drift(wanted) == [], f"run {COMMAND}"


def test_every_event_has_an_owner_a_type_and_a_sound_schema() -> None:
    for event_type, event in BY_TYPE.items():
        assert any(event in events for events in EVENTS.values())
        schema = json.loads((FOLDER / f"events/{event.kind}.v{event.version}.json").read_text())
        Draft202012Validator.check_schema(schema)
        assert event_type == f"org.halite.{event.kind}.v{event.version}"


def test_what_a_service_says_is_in_its_contract() -> None:
    names = {event.__name__: event for events in EVENTS.values() for event in events}
    for service, events in EVENTS.items():
        for path in (Path(ROOT) / "services" / service).rglob("*.py"):
            calls = [
                node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
            ]
            said = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
            strange = {name for name in said & set(names) if names[name] not in events}
            assert not strange, f"{path} says {strange}; EVENTS of {service} lacks it"


def test_every_asyncapi_reference_leads_somewhere() -> None:
    document = json.loads((FOLDER / "asyncapi.json").read_text())
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            assert message["$ref"].rsplit("/", 1)[-1] in document["components"]["messages"]
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].rsplit("/", 1)[-1] in document["channels"]


def test_a_message_on_the_wire_fits_its_asyncapi_schema() -> None:
    event = LotHeld(lot_id="L1", work_request_id=None, gate="seal", reason="leaks")
    time = "2026-01-05T06:00:00+00:00"
    wrapped = envelope(event, service="execution", time=datetime.fromisoformat(time))
    document = json.loads((FOLDER / "asyncapi.json").read_text())
    schema = document["components"]["messages"]["lot_held"]["payload"]["schema"]
    sent = json.loads(wrapped.model_dump_json())
    Draft202012Validator(schema).validate(sent)
    assert Envelope.model_validate(sent | {"sequence": 7, "new": "field"}).event() == event


def test_a_subject_is_always_in_the_same_partition() -> None:
    assert [partition_of(name) for name in ("WR-1-C01", "WR-1-C02", "L1")] == [13, 8, 13]
    topic = event_topic("pilot", "execution", LotHeld, "L1")
    assert topic == "halite/v1/pilot/ev/execution/p/13/lot/lot_held"


def test_every_folder_of_services_has_the_same_six_files() -> None:
    six = {"domain.py", "workflow.py", "store.py", "api.py", "settings.py", "main.py"}
    for service in EVENTS:
        found = {path.name for path in (Path(ROOT) / "services" / service).glob("*.py")}
        assert six <= found, service
