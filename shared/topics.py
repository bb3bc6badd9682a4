"""Names of MQTT topics; nobody spells one elsewhere."""

from shared.envelope import partition_of
from shared.facts import Event

VERSION = "halite/v1"


def event_topic(site: str, service: str, event: type[Event], key: str) -> str:
    """Return the topic an event of `service` is published on; `key` is what keeps its order."""
    partition = f"{partition_of(key):02d}"
    return f"{VERSION}/{site}/ev/{service}/p/{partition}/{event.subject_kind}/{event.kind}"


def any_event_topic(site: str, service: str, event: type[Event]) -> str:
    """Return the filter for one kind of event of a service, whatever its partition."""
    return f"{VERSION}/{site}/ev/{service}/p/+/{event.subject_kind}/{event.kind}"


def events_of(site: str, service: str) -> str:
    """Return the filter for all events of one service."""
    return f"{VERSION}/{site}/ev/{service}/#"


def telemetry_topic(equipment_id: str, group: str) -> str:
    """Return the topic for live values of a station; `equipment_id` begins with the site."""
    site, path = equipment_id.split("/", 1)
    return f"{VERSION}/{site}/tm/{path}/{group}"


def all_telemetry(site: str) -> str:
    """Return the filter for all telemetry of a site."""
    return f"{VERSION}/{site}/tm/#"
