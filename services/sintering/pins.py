"""What people pinned: checked against every rule, taken in, and dropped when nothing is left."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.sintering.domain import named
from services.sintering.replan import Situation, Slot, furnace_of, refusals
from services.sintering.schedule import Demand, Furnace
from shared.errors import OutOfLimitsError

MEANT = timedelta(minutes=1)  # so exactly a person means a start; browsers cut it to milliseconds


def stale_pins(situation: Situation) -> dict[str, str]:
    """Return the pins that hold nothing any more, each with the reason."""
    waiting = {demand.job_order_id: demand for demand in situation.demands}
    found = {}
    for pin in situation.pins:
        demands = [waiting[name] for name in pin.job_order_ids if name in waiting]
        furnace = furnace_of(situation, pin.equipment_id)
        if pin.pin_id is None:
            continue
        if not demands:
            found[pin.pin_id] = f"{pin.pin_id} is dropped: none of its job orders waits any more"
        elif furnace is None or (rules := refusals(furnace, demands)):
            why = "no such furnace" if furnace is None else "; ".join(rules)
            found[pin.pin_id] = f"{pin.pin_id} is dropped: {pin.equipment_id}: {why}"
    return found


def checked_pin(situation: Situation, slot: Slot) -> None:
    """Check what a person wants pinned against every rule.

    Raises:
        OutOfLimitsError: a job order does not wait, the furnace may not run them together or is
            closed at the wanted start, or the lots may not wait so long; names lots and rules.
    """
    waiting = {demand.job_order_id: demand for demand in situation.demands}
    gone = [name for name in slot.job_order_ids if name not in waiting]
    furnace = furnace_of(situation, slot.equipment_id)
    if gone or furnace is None:
        missing = f"job order {gone[0]} does not wait for a furnace" if gone else "no such furnace"
        raise OutOfLimitsError(f"{slot.equipment_id}: {missing}; look at the plan again")
    demands = [waiting[name] for name in slot.job_order_ids]
    if rules := (*refusals(furnace, demands), *_untimely(furnace, demands, slot, situation.now)):
        lots = named([lot for demand in demands for lot in demand.lot_ids])
        raise OutOfLimitsError(f"{slot.equipment_id} cannot run {lots}: {'; '.join(rules)}")


def _untimely(
    furnace: Furnace, demands: Sequence[Demand], slot: Slot, now: datetime
) -> tuple[str, ...]:
    """Return one sentence for each rule against the start that is wanted.

    A longest wait that has passed already hurries nothing more, so it refuses nothing.
    """
    if slot.start_at is None or slot.start_at <= now:
        return ()
    start, span = slot.start_at, timedelta(seconds=demands[0].treatment.duration_s)
    rules = [
        f"it is closed from {item.starts_at:%Y-%m-%d %H:%M} to {item.ends_at:%Y-%m-%d %H:%M} "
        f"({item.reason}) and the load takes from {start:%Y-%m-%d %H:%M} to "
        f"{start + span:%Y-%m-%d %H:%M}"
        for item in furnace.closed
        if start + MEANT < item.ends_at and item.starts_at + MEANT < start + span
    ]
    rules += [
        f"{named(demand.lot_ids)} must be in a furnace by {latest:%Y-%m-%d %H:%M}, wanted is "
        f"{start:%Y-%m-%d %H:%M}"
        for demand in demands
        if (latest := demand.latest_start_at) is not None and now <= latest < start - MEANT
    ]
    return tuple(rules)


def with_pin(pins: Sequence[Slot], slot: Slot) -> tuple[Slot, ...]:
    """Return pins with one more, which takes its job orders out of the others."""
    ids = set(slot.job_order_ids)
    left = (
        replace(pin, job_order_ids=tuple(name for name in pin.job_order_ids if name not in ids))
        for pin in pins
    )
    return (*(pin for pin in left if pin.job_order_ids), slot)
