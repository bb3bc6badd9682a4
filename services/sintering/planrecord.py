"""A planned furnace load as people and other programs see it."""

from typing import Any

from services.sintering.schedule import PlannedLoad


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
