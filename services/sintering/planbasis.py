"""What a furnace plan was made for: it is made anew when that has become another."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.sintering.replan import MOVED_S, Situation

FREE = "free"


def rounded(busy_until: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """Let a furnace that runs longer than planned be free a little later, again and again."""
    return {
        equipment_id: until
        if until > now
        else until + timedelta(seconds=((now - until).total_seconds() // MOVED_S + 1) * MOVED_S)
        for equipment_id, until in busy_until.items()
    }


def basis_of(situation: Situation) -> dict[str, Any]:
    """Return job orders, furnaces, pins, stops and tariff by names and times alone."""
    return {
        "jobs": sorted(demand.job_order_id for demand in situation.demands),
        "free": {
            furnace.equipment_id: _free(furnace.free_at, situation.now)
            for furnace in situation.furnaces
        },
        "pins": [slot.pin_id for slot in situation.pins],
        "closed": {
            furnace.equipment_id: [iso(span.starts_at) for span in furnace.closed]
            for furnace in situation.furnaces
            if furnace.closed
        },
        "tariff": situation.tariff.version if situation.tariff is not None else 0,
    }


def _free(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return None
    return iso(at) if at > now else FREE


def iso(at: datetime) -> str:
    """Return an instant as it stands in a basis."""
    return at.astimezone(UTC).isoformat()


def furnaces_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Return what happened to each furnace between two bases."""
    was, found = before.get("free", {}), {}
    for equipment_id, free in after["free"].items():
        if equipment_id in was and was[equipment_id] != free:
            found[equipment_id] = "does not answer" if free is None else "is free at another time"
            if was[equipment_id] is None:
                found[equipment_id] = "answers again"
    return found
