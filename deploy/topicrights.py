"""Who may say and hear what on the broker: one table, written as mosquitto's list of rights.

What a service may say follows from the events it owns (`shared/envelope.py`) and the stations it
drives (plant file). A name that is not in the list may do nothing.
"""

from collections.abc import Iterator

from shared.envelope import EVENTS
from shared.settings import SERVICES, PlantSettings
from shared.topics import all_telemetry, any_event_topic, events_of, telemetry_topic

# Whose events a service reads. A test compares this with what the services subscribe to.
READS: dict[str, tuple[str, ...]] = {
    "execution": ("sintering", "spray", "lamination", "formation", "quality", "trace"),
    "sintering": ("execution",),
    "spray": ("execution",),
    "lamination": ("execution",),
    "formation": ("execution", "sintering", "spray"),
    "quality": ("execution", "sintering", "spray", "lamination", "formation"),
    "trace": tuple(name for name in SERVICES if name != "trace"),
    "historian": (),
    "plc": ("execution", "quality", "sintering", "spray", "lamination", "formation"),
    "gateway": tuple(name for name in SERVICES if name != "gateway"),
}
# Who hears live values: of all stations, or of rooms alone.
HEAR_ALL, HEAR_ROOMS = ("historian", "gateway"), ("quality",)
ROOM_KINDS = ("dryroom", "glovebox")


def may_say(plant: PlantSettings, service: str) -> Iterator[str]:
    """Yield the filters of topics that a service may publish on."""
    for event in EVENTS[service]:
        yield any_event_topic(plant.site, service, event)
    machines = [item.equipment_id for item in plant.station if item.service == service]
    machines += [item.equipment_id for item in plant.tester if item.service == service]
    for equipment_id in machines:
        yield telemetry_topic(equipment_id, "+")


def may_hear(plant: PlantSettings, service: str) -> Iterator[str]:
    """Yield the filters of topics that a service may receive."""
    for source in READS[service]:
        yield events_of(plant.site, source)
    if service in HEAR_ALL:
        yield all_telemetry(plant.site)
    if service in HEAR_ROOMS:
        for station in plant.station:
            if station.kind in ROOM_KINDS:
                yield telemetry_topic(station.equipment_id, "+")


def rights_file(plant: PlantSettings) -> str:
    """Return mosquitto's `acl_file`: for each service, by the name in its certificate."""
    lines: list[str] = []
    for service in SERVICES:
        lines.append(f"user {service}")
        lines += [f"topic write {topic}" for topic in may_say(plant, service)]
        lines += [f"topic read {topic}" for topic in may_hear(plant, service)]
        lines.append("")
    return "\n".join(lines)
