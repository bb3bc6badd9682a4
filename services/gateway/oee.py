"""Losses of stations: time by SEMI E10 state, and the ratios of ISO 22400-2 made of it.

Nothing is clamped: an effectiveness above one says that the planned time is wrong. Time of which
nobody knows the state is kept apart, and bounds say what it could make of the availability.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Literal, get_args

from shared.facts import DataQuality, EquipmentState

Bucket = EquipmentState | Literal["unknown"]
BUCKETS: tuple[Bucket, ...] = (*get_args(EquipmentState), "unknown")
DowntimeReason = Literal[
    "mechanical",
    "electrical",
    "control",
    "tooling",
    "material",
    "utilities",
    "quality",
    "operator",
    "other",
]
NOT_GIVEN = "not_given"
_UNKNOWN: Bucket = "unknown"


@dataclass(frozen=True, kw_only=True)
class Span:
    """From when a station was in a state, until the next span of the same station begins."""

    begun_at: datetime
    state: EquipmentState
    data_quality: DataQuality
    reason: str | None = None
    downtime_reason: str | None = None
    note: str | None = None
    person: str | None = None

    @property
    def bucket(self) -> Bucket:
        """The state that its time counts for."""
        return self.state if self.data_quality == "good" else "unknown"


@dataclass(frozen=True, kw_only=True)
class Norm:
    """What one job order of an operation should take, and the gates that tell whether it is good.

    planned_s: plant seconds of station time; ISO 22400-2 planned run time per item.
    """

    operation: str
    planned_s: float
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Output:
    """Job orders of one operation that a station ended, and what its gates said of their lots.

    busy_s: sum over job orders, so that channels which run beside each other add up.
    """

    operation: str
    ended_count: int
    aborted_count: int
    busy_s: float
    released_count: int = 0
    decided_count: int = 0


def time_by_state(spans: Sequence[Span], since: datetime, until: datetime) -> dict[Bucket, float]:
    """Return the seconds of each state; they add up to the period. Before the first: unknown."""
    found: dict[Bucket, float] = dict.fromkeys(BUCKETS, 0.0)
    at, current = since, _UNKNOWN
    for span in sorted(spans, key=lambda item: item.begun_at):
        if span.begun_at >= until:
            break
        begin = max(span.begun_at, since)
        found[current] += (begin - at).total_seconds()
        at, current = begin, span.bucket
    found[current] += (until - at).total_seconds()
    return found


def ratios(
    times_s: Mapping[Bucket, float], outputs: Sequence[Output], norms: Mapping[str, Norm]
) -> dict[str, Any]:
    """Return availability, effectiveness, quality ratio and OEE; None where one is not known.

    ISO 22400-2: availability = APT / PBT; effectiveness = planned run time of what was produced /
    APT; quality ratio = good / inspected; OEE = their product. PBT is the period without
    nonscheduled, scheduled down and unknown time; APT is the productive time.
    """
    apt_s, unknown_s = times_s["productive"], times_s["unknown"]
    pbt_s = (
        sum(times_s[name] for name in ("productive", "standby", "engineering"))
        + (times_s["unscheduled_down"])
    )
    availability = _ratio(apt_s, pbt_s)
    planned_s = _planned_s(outputs, norms)
    effectiveness = None if planned_s is None else _ratio(planned_s, apt_s)
    decided = sum(item.decided_count for item in outputs)
    quality = _ratio(sum(item.released_count for item in outputs), decided)
    product = None
    if availability is not None and effectiveness is not None and quality is not None:
        product = availability * effectiveness * quality
    return {
        "apt_s": apt_s,
        "pbt_s": pbt_s,
        "unknown_s": unknown_s,
        "availability": availability,
        "availability_low": _ratio(apt_s, pbt_s + unknown_s),
        "availability_high": _ratio(apt_s + unknown_s, pbt_s + unknown_s),
        "planned_s": planned_s,
        "effectiveness": effectiveness,
        "released_count": sum(item.released_count for item in outputs),
        "decided_count": decided,
        "quality": quality,
        "oee": product,
        "ended_count": sum(item.ended_count for item in outputs),
        "aborted_count": sum(item.aborted_count for item in outputs),
        "busy_h": sum(item.busy_s for item in outputs) / 3600,
    }


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One time that a station was unscheduled down, as far as it lies in the period."""

    equipment_id: str
    begun_at: datetime
    ended_at: datetime | None
    duration_s: float
    reason: str | None
    downtime_reason: str | None
    note: str | None
    person: str | None


def stops(equipment_id: str, spans: Sequence[Span], since: datetime, until: datetime) -> list[Stop]:
    """Return the unscheduled stops of a station."""
    ordered = sorted(spans, key=lambda item: item.begun_at)
    found: list[Stop] = []
    for span, after in zip_longest(ordered, ordered[1:]):
        end = after.begun_at if after is not None else None
        begin, finish = max(span.begun_at, since), min(end or until, until)
        if span.bucket != "unscheduled_down" or finish < begin or span.begun_at >= until:
            continue
        found.append(
            Stop(
                equipment_id=equipment_id,
                begun_at=span.begun_at,
                ended_at=end,
                duration_s=(finish - begin).total_seconds(),
                reason=span.reason,
                downtime_reason=span.downtime_reason,
                note=span.note,
                person=span.person,
            )
        )
    return found


def pareto(found: Sequence[Stop]) -> list[dict[str, Any]]:
    """Return the lost time by reason, the largest first, with the share of all up to each.

    Stops without a reason are a row of their own: they are not nothing.
    """
    lost_s: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for stop in found:
        reason = stop.downtime_reason or NOT_GIVEN
        lost_s[reason] = lost_s.get(reason, 0.0) + stop.duration_s
        counts[reason] += 1
    total_s = sum(lost_s.values())
    rows, sum_s = [], 0.0
    for reason, seconds in sorted(lost_s.items(), key=lambda item: (-item[1], item[0])):
        sum_s += seconds
        rows.append(
            {
                "reason": reason,
                "count": counts[reason],
                "lost_s": seconds,
                "ratio": _ratio(seconds, total_s),
                "cumulated_ratio": _ratio(sum_s, total_s),
            }
        )
    return rows


def reliability(found: Sequence[Stop], productive_s: float) -> dict[str, Any]:
    """Return failures, mean productive time between them and mean time to repair (SEMI E10)."""
    ended = [stop.duration_s for stop in found if stop.ended_at is not None]
    return {
        "failure_count": len(found),
        "mtbf_s": productive_s / len(found) if found else None,
        "mttr_s": sum(ended) / len(ended) if ended else None,
    }


def _planned_s(outputs: Sequence[Output], norms: Mapping[str, Norm]) -> float | None:
    """Return the planned time of all that was ended; None as soon as one has no norm."""
    made = [item for item in outputs if item.ended_count > 0]
    if not made or any(item.operation not in norms for item in made):
        return None
    return sum(item.ended_count * norms[item.operation].planned_s for item in made)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
