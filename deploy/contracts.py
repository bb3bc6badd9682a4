"""Writes the contracts that are generated from code, and says when the files have drifted.

AsyncAPI 3 of all events, one JSON Schema per event, one OpenAPI document per service, and the
pages of the reference that are made of the same:
`python -m deploy.contracts` writes them, `--check` fails on a difference.
"""

import argparse
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.reference import pages
from shared.app import Service
from shared.envelope import EVENTS, Envelope, event_type
from shared.facts import Event
from shared.settings import SERVICES
from shared.topics import VERSION

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference" / "contracts"
COMMAND = ".venv/bin/python -m deploy.contracts"
NO_DATABASE = "postgresql+psycopg://halite@127.0.0.1/none"
NO_DATA = Path(tempfile.gettempdir()) / "halite-contracts"


def contracts() -> dict[str, str]:
    """Return the text of every contract by its path below the contracts folder."""
    documents: dict[str, Any] = {"asyncapi.json": asyncapi()}
    for events in EVENTS.values():
        for event in events:
            documents[f"events/{event.kind}.v{event.version}.json"] = event.model_json_schema()
    for name in SERVICES:
        documents[f"openapi/{name}.json"] = service_named(name).app.openapi()
    return {
        path: json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        for path, document in documents.items()
    }


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document: a channel per service and event, sent by its owner."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service, events in EVENTS.items():
        for event in events:
            name = f"{service}.{event.kind}"
            channels[name] = _channel(service, event)
            operations[f"send.{name}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "bindings": {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}},
            }
            messages[event.kind] = _message(event)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Halite events",
            "version": "1",
            "description": "CloudEvents 1.0, structured JSON, over MQTT 5 with QoS 1. The outbox "
            "behind GET /events of each service is the record; a message is its doorbell.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _channel(service: str, event: type[Event]) -> dict[str, Any]:
    address = f"{VERSION}/{{site}}/ev/{service}/p/{{partition}}/{event.subject_kind}/{event.kind}"
    return {
        "address": address,
        "messages": {event.kind: {"$ref": f"#/components/messages/{event.kind}"}},
        "parameters": {
            "site": {"description": "site of the plant file"},
            "partition": {"description": "00 to 15, a hash of partitionkey"},
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    schema = Envelope.model_json_schema()
    schema["properties"]["type"] = {"const": event_type(event)}
    data = event.model_json_schema(ref_template="#/$defs/{model}")
    schema["$defs"] = data.pop("$defs", {})
    schema["properties"]["data"] = data
    return {
        "name": event_type(event),
        "summary": (event.__doc__ or "").split("\n")[0],
        "contentType": "application/cloudevents+json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": schema,
        },
    }


def service_named(
    name: str,
    database_url: str = NO_DATABASE,
    data_dir: Path = NO_DATA,
    address: str = "http://{service}",
) -> Service:
    """Return a service wired as in production, but not started: nothing is connected.

    address: where it takes each of the services to be.
    """
    main = importlib.import_module(f"services.{name}.main")
    [settings_class] = [
        value
        for value in vars(importlib.import_module(f"services.{name}.settings")).values()
        if isinstance(value, type) and value.__name__ == f"{name.capitalize()}Settings"
    ]
    os.environ["HALITE_SERVICE"] = name
    settings = settings_class(
        service=name,
        port=1,
        database_url=database_url,
        plant_file=ROOT / "deploy" / "plant.toml",
        data_dir=data_dir,
        service_urls={service: address.format(service=service) for service in SERVICES},
    )
    service: Service = main.build(settings)
    return service


def all_files() -> dict[str, str]:
    """Return the text of every contract and page by its path below the contracts folder."""
    services = {name: service_named(name) for name in SERVICES}
    return contracts() | {f"../{name}": text for name, text in pages(services).items()}


def drift(wanted: dict[str, str]) -> list[str]:
    """Return the files that are missing, different or left over."""
    found = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*.json")}
    found |= {name: FOLDER / name for name in wanted if (FOLDER / name).exists()}
    different = [
        path
        for path, text in wanted.items()
        if path not in found or found[path].read_text() != text
    ]
    return sorted(different + [path for path in found if path not in wanted])


def write(wanted: dict[str, str]) -> None:
    """Write all contract files and remove those that no longer exist."""
    for path in FOLDER.rglob("*.json"):
        if str(path.relative_to(FOLDER)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a file has drifted")
    arguments = parser.parse_args()
    wanted = all_files()
    if not arguments.check:
        write(wanted)
        return 0
    different = drift(wanted)
    if different:
        print(f"contracts drifted: {', '.join(different)}; run {COMMAND}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
