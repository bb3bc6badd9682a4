"""What a shift hands over: what stands open, as one record with a hash that both sides sign for."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.gateway.oee import Stop
from services.gateway.stationtile import JobAtStation
from shared.errors import ConflictError, InvalidInputError

# Without shifts in the plant file, a shift is taken to be as long as this.
WITHOUT_SHIFTS = timedelta(hours=12)
MOST_OF_A_KIND = 100
PARTS = ("held_lots", "alarms", "job_orders", "time_limits", "exposures", "stops")
Shift = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Span:
    """The shift that is handed over, and the coming one with its end.

    shift, coming: None where the plant file has no shifts.
    """

    shift: str | None
    begun_at: datetime
    coming: str | None
    coming_ends_at: datetime


def span_of(around: Mapping[str, Shift | None], now: datetime, begun_at: datetime | None) -> Span:
    """Return what a handover written now is about; begun_at: which shift, None the running one.

    Raises:
        InvalidInputError: another shift than the running one or the one before.
    """
    running, before, after = around["running"], around["before"], around["after"]
    if running is None or after is None:
        return Span(
            shift=None,
            begun_at=now - WITHOUT_SHIFTS,
            coming=None,
            coming_ends_at=now + WITHOUT_SHIFTS,
        )
    for shift, coming in ((running, after), (before, running)):
        if shift is not None and begun_at in (None, datetime.fromisoformat(shift["begun_at"])):
            return Span(
                shift=shift["name"],
                begun_at=datetime.fromisoformat(shift["begun_at"]),
                coming=coming["name"],
                coming_ends_at=datetime.fromisoformat(coming["ends_at"]),
            )
    ends = " and ".join(item["begun_at"] for item in (running, before) if item is not None)
    raise InvalidInputError(
        f"no shift that can be handed over now began at {begun_at}; those that can began at {ends}"
    )


def jobs_shown(jobs: Sequence[JobAtStation]) -> list[dict[str, Any]]:
    """Return the job orders that run or stand at stations."""
    return [
        {
            "job_order_id": job.job_order_id,
            "equipment_id": job.equipment_id,
            "operation": job.operation,
            "lot_id": job.lot_id,
            "state": job.state,
            "started_at": job.started_at.isoformat() if job.started_at else None,
            "reason": job.reason,
        }
        for job in jobs
    ]


def stops_without_reason(stops: Sequence[Stop]) -> list[dict[str, Any]]:
    """Return the stops of which nobody said why, the newest first."""
    asked = [stop for stop in stops if stop.downtime_reason is None]
    return [
        {
            "equipment_id": stop.equipment_id,
            "begun_at": stop.begun_at.isoformat(),
            "ended_at": stop.ended_at.isoformat() if stop.ended_at else None,
            "duration_s": stop.duration_s,
            "reason": stop.reason,
        }
        for stop in sorted(asked, key=lambda stop: stop.begun_at, reverse=True)
    ]


def exposures_shown(exposures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a handover keeps of lots that lie open."""
    names = ("lot_id", "open_state", "gas", "state", "limit_at", "reason")
    return [{name: item[name] for name in names} for item in exposures]


def alarms_shown(alarms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a handover keeps of alarms; what the alarm table says of them stands there."""
    names = (
        "alarm_id",
        "code",
        "priority",
        "source",
        "text",
        "state",
        "raised_at",
        "acknowledged_by",
        "hidden_until",
    )
    return [{name: item[name] for name in names} for item in alarms]


def bounded(
    parts: Mapping[str, Sequence[Any] | None], totals: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the parts with at most MOST_OF_A_KIND of each, and how many there are of each.

    totals: of a part that came without all there are.
    """
    kept = {
        name: None if items is None else list(items[:MOST_OF_A_KIND])
        for name, items in parts.items()
    }
    counts = {
        name: totals.get(name, len(items)) for name, items in parts.items() if items is not None
    }
    return kept, counts


def sealed(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return a record as canonical JSON, and its SHA-256."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text, hashlib.sha256(text.encode()).hexdigest()


def check_taking(
    handover: Mapping[str, Any], superseded_by: str | None, taker: str, seen_sha256: str
) -> None:
    """Check that a person may take a handover over, as it saw it.

    Raises:
        ConflictError: it is taken over, superseded, or not the record that was seen.
        InvalidInputError: who hands over cannot take over.
    """
    handover_id = handover["handover_id"]
    if handover["taken_by"] is not None:
        raise ConflictError(
            f"handover {handover_id} was taken over by {handover['taken_by']} already",
            {"taken_by": handover["taken_by"]},
        )
    if superseded_by is not None:
        raise ConflictError(
            f"handover {handover_id} was written anew as {superseded_by}; read and take that one",
            {"superseded_by": superseded_by},
        )
    if seen_sha256 != handover["record_sha256"]:
        raise ConflictError(
            f"handover {handover_id} is not the record that was seen; read it again",
            {"record_sha256": handover["record_sha256"]},
        )
    if taker == handover["person"]:
        raise InvalidInputError(f"{taker} hands this shift over; another person must take it over")
