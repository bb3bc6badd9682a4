"""Planned furnace loads and what changed of them, as people and other programs see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.sintering.replan import Move, Slot
from services.sintering.schedule import PlannedLoad

MOST_MOVES = 3  # named one by one in a sentence


def pinned_words(slot: Slot, now: datetime) -> str:
    """Return who pinned what to where, and from when on."""
    wanted = slot.start_at
    start = "" if wanted is None or wanted <= now else f" from {wanted:%Y-%m-%d %H:%M}"
    return f"pinned to {slot.equipment_id}{start} by {slot.person}"


def changed_words(why: str, moved: Sequence[Move]) -> str:
    """Return why a plan changed and what that moved."""
    words = [
        f"{move.job_order_id} from {_where(move.from_equipment_id, move.from_start_at)} to "
        f"{_where(move.to_equipment_id, move.to_start_at)}"
        for move in moved[:MOST_MOVES]
    ]
    if len(moved) > MOST_MOVES:
        words.append(f"{len(moved) - MOST_MOVES} more")
    return f"{why} ({', '.join(words)})" if words else why


def _where(equipment_id: str, start_at: datetime | None) -> str:
    name = equipment_id.rpartition("/")[2]
    return name if start_at is None else f"{name} {start_at:%m-%d %H:%M}"


def load_record(load: PlannedLoad) -> dict[str, Any]:
    """Return a planned load for people."""
    return {
        "equipment_id": load.equipment_id,
        "recipe": load.demands[0].family,
        "job_order_ids": load.job_order_ids,
        "fill_ratio": load.fill_ratio,
        "start_at": load.start_at,
        "end_at": load.end_at,
        "pin_id": load.pin_id,
        "pinned_by": load.person,
        "energy_kwh": load.energy_kwh,
        "energy_cost": load.energy_cost,
        "late_s": _late_s(load),
    }


def _late_s(load: PlannedLoad) -> float:
    """Return how long after the earliest due time of its job orders a load ends, 0 if in time."""
    due = [demand.due_at for demand in load.demands if demand.due_at is not None]
    if load.end_at is None or not due:
        return 0.0
    return max(0.0, (load.end_at - min(due)).total_seconds())
