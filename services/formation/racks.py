"""Owns what a rack shows of each channel: state, cell, step, live values, time left, reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from services.formation.answers import ChannelPoint
from services.formation.channels import ChannelFacts
from services.formation.protocol import (
    Current,
    Hold,
    Loop,
    Scan,
    TestProtocol,
    expected_duration_s,
)

PlaceState = Literal["free", "leased", "working", "ended", "held", "out_of_service", "unknown"]
OLD_S = 5.0  # wall seconds after which a look at a running channel is no longer now


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The last look at a channel, and how many wall seconds ago it was."""

    point: ChannelPoint
    age_s: float


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A test on a channel: its order's state with the reason, and the protocol it runs."""

    channel: str
    job_order_id: str
    lot_id: str
    order_state: str
    reason: str | None
    started_at: datetime | None
    protocol: TestProtocol


def places(
    channels: Sequence[ChannelFacts],
    placed: Mapping[str, Placed],
    seen: Mapping[str, Seen],
    today: date,
) -> list[dict[str, Any]]:
    """Return each channel of a tester as a rack shows it; a value that is not known is None."""
    return [
        _place(facts, placed.get(facts.channel), seen.get(facts.channel), today)
        for facts in channels
    ]


def _place(
    facts: ChannelFacts, on_it: Placed | None, look: Seen | None, today: date
) -> dict[str, Any]:
    fresh = look is not None and look.age_s <= OLD_S
    point = look.point if look is not None and fresh and on_it is not None else None
    state, reason = _state(facts, on_it, point, today)
    found: dict[str, Any] = {
        "channel": facts.channel,
        "state": state,
        "reason": reason,
        "current_range_ma": facts.current_range_ma,
        "chamber_position": facts.chamber_position,
        "chamber_temperature_degc": facts.chamber_temperature_degc,
        "calibration_due": facts.calibration_due,
        "age_s": None if look is None or on_it is None else round(look.age_s, 1),
    }
    found |= _test(on_it, point)
    return found | {
        "voltage_v": point.voltage_v if point else None,
        "current_ma": point.current_ma if point else None,
        "temperature_degc": point.temperature_degc if point else None,
        "cycle": point.cycle if point else None,
    }


def _state(
    facts: ChannelFacts, on_it: Placed | None, point: ChannelPoint | None, today: date
) -> tuple[PlaceState, str | None]:
    if on_it is not None and on_it.order_state == "interrupted":
        return "held", on_it.reason
    if on_it is not None and on_it.order_state == "allowed_to_start":
        return "leased", on_it.reason
    if on_it is not None and point is None:
        return "unknown", "the tester has not told this channel for a while"
    if on_it is not None and point is not None:
        return ("working", None) if point.state == "working" else ("ended", point.state)
    if facts.out_reason is not None:
        return "out_of_service", facts.out_reason
    if today > facts.calibration_due:
        return "out_of_service", f"calibration was due on {facts.calibration_due}"
    return "free", None


def _test(on_it: Placed | None, point: ChannelPoint | None) -> dict[str, Any]:
    """Return what runs: step, how many there are, and how long it takes a good cell yet."""
    if on_it is None:
        names = (
            "job_order_id",
            "lot_id",
            "protocol_id",
            "protocol_version",
            "started_at",
            "step",
            "step_count",
            "step_aim",
            "elapsed_s",
            "left_s",
        )
        return dict.fromkeys(names)
    protocol = on_it.protocol
    number = point.step_id if point else None
    elapsed_s = point.total_time_s if point else None
    in_it = number is not None and 1 <= number <= len(protocol.steps)
    whole_s = expected_duration_s(protocol)
    return {
        "job_order_id": on_it.job_order_id,
        "lot_id": on_it.lot_id,
        "protocol_id": protocol.protocol_id,
        "protocol_version": protocol.version,
        "started_at": on_it.started_at,
        "step": number,
        "step_count": len(protocol.steps),
        "step_aim": aim_of(protocol, number) if in_it and number is not None else None,
        "elapsed_s": elapsed_s,
        "left_s": None if elapsed_s is None else max(0.0, whole_s - elapsed_s),
    }


def aim_of(protocol: TestProtocol, number: int) -> dict[str, Any]:
    """Return what a step (from 1) does and where it ends, in numbers with their units."""
    step = protocol.steps[number - 1]
    kind: str = step.kind
    if isinstance(step, Current):
        kind = "charge" if step.sign > 0 else "discharge"
        return {"kind": kind, "until_v": step.until_v, "until_s": step.until_s}
    if isinstance(step, Hold):
        return {"kind": kind, "until_v": step.voltage_v, "until_s": step.until_s}
    if isinstance(step, Scan):
        return {"kind": kind, "until_v": step.to_v, "until_s": step.duration_s}
    if isinstance(step, Loop):
        return {"kind": kind, "until_v": None, "until_s": None}
    return {"kind": kind, "until_v": None, "until_s": step.duration_s}
