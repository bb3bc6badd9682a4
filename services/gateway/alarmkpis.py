"""How much an operator hears: the key figures of EEMUA 191 and ISA-18.2 over a period."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from services.gateway.domain import Priority

WINDOW = timedelta(minutes=10)
# EEMUA 191 (2013), table 8 and ISA-18.2 table 7: what one operator can handle.
STEADY_LIMIT = 1.0
FLOOD_BEGINS, FLOOD_ENDS = 10, 5  # raised in ten minutes: more than, fewer than
FLOOD_RATIO_LIMIT = 0.01
PRIORITY_TARGETS: dict[Priority, float] = {1: 0.05, 2: 0.15, 3: 0.80}
CHATTER_COUNT, CHATTER_WITHIN = 3, timedelta(minutes=1)
STALE_AFTER = timedelta(hours=24)
WORST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One time that an alarm was raised."""

    code: str
    source: str
    priority: Priority
    raised_at: datetime
    acknowledged_at: datetime | None = None
    returned_at: datetime | None = None


def key_figures(raised: Sequence[Raised], since: datetime, now: datetime) -> dict[str, Any]:
    """Return the figures of all alarms raised from `since` to `now`, in plant time.

    A figure that nothing is known for is None, never 0: no alarm has no share of priorities, and
    nobody has an acknowledgement time when nobody acknowledged.
    """
    inside = sorted(
        (item for item in raised if since <= item.raised_at <= now), key=lambda item: item.raised_at
    )
    times = [item.raised_at for item in inside]
    windows = (now - since) / WINDOW
    flooded_s = _flooded_s(times, since, now)
    waits_s = [
        (item.acknowledged_at - item.raised_at).total_seconds()
        for item in inside
        if item.acknowledged_at is not None
    ]
    span_s = (now - since).total_seconds()
    return {
        "since": since.isoformat(),
        "until": now.isoformat(),
        "raised_count": len(inside),
        "per_10_min": len(inside) / windows if windows >= 1 else None,
        "per_10_min_limit": STEADY_LIMIT,
        "peak_10_min": _peak(times),
        "peak_10_min_limit": FLOOD_BEGINS,
        "flood_ratio": flooded_s / span_s if span_s > 0 else None,
        "flood_ratio_limit": FLOOD_RATIO_LIMIT,
        "priorities": _priorities(inside),
        "worst": _worst(inside),
        "chattering": _chattering(inside),
        "stale_count": sum(
            item.returned_at is None and now - item.raised_at > STALE_AFTER for item in raised
        ),
        "acknowledge_median_s": median(waits_s) if waits_s else None,
        "acknowledge_slowest_s": max(waits_s, default=None),
    }


def in_flood(times: Sequence[datetime], now: datetime) -> bool:
    """Tell whether a flood stands: it begins above ten in ten minutes and ends below five."""
    return bool(spans := _floods(sorted(times), now)) and spans[-1][1] is None


def _floods(times: Sequence[datetime], now: datetime) -> list[tuple[datetime, datetime | None]]:
    """Return begin and end of each flood; the end is None while it stands at `now`."""
    spans: list[tuple[datetime, datetime | None]] = []
    recent: deque[datetime] = deque()
    begun: datetime | None = None
    for at in times:
        while recent and recent[0] + WINDOW <= at:
            left = recent.popleft() + WINDOW
            if begun is not None and len(recent) < FLOOD_ENDS:
                spans.append((begun, left))
                begun = None
        recent.append(at)
        if begun is None and len(recent) > FLOOD_BEGINS:
            begun = at
    while begun is not None and recent and recent[0] + WINDOW <= now:
        left = recent.popleft() + WINDOW
        if len(recent) < FLOOD_ENDS:
            spans.append((begun, left))
            begun = None
    if begun is not None:
        spans.append((begun, None))
    return spans


def _flooded_s(times: Sequence[datetime], since: datetime, now: datetime) -> float:
    return sum(
        (min(end or now, now) - max(begin, since)).total_seconds()
        for begin, end in _floods(times, now)
    )


def _peak(times: Sequence[datetime]) -> int:
    """Return the most alarms raised in any ten minutes."""
    recent: deque[datetime] = deque()
    most = 0
    for at in times:
        recent.append(at)
        while recent[0] + WINDOW <= at:
            recent.popleft()
        most = max(most, len(recent))
    return most


def _priorities(raised: Sequence[Raised]) -> list[dict[str, Any]]:
    counts = Counter(item.priority for item in raised)
    return [
        {
            "priority": priority,
            "count": counts[priority],
            "ratio": counts[priority] / len(raised) if raised else None,
            "target_ratio": target,
        }
        for priority, target in PRIORITY_TARGETS.items()
    ]


def _worst(raised: Sequence[Raised]) -> list[dict[str, Any]]:
    counts = Counter((item.code, item.source) for item in raised)
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:WORST_SHOWN]
    return [
        {"code": code, "source": source, "count": count, "ratio": count / len(raised)}
        for (code, source), count in order
    ]


def _chattering(raised: Sequence[Raised]) -> list[dict[str, str]]:
    """Return the alarms that were raised three times or more within a minute."""
    times: dict[tuple[str, str], list[datetime]] = {}
    for item in raised:
        times.setdefault((item.code, item.source), []).append(item.raised_at)
    step = CHATTER_COUNT - 1
    return [
        {"code": code, "source": source}
        for (code, source), at in sorted(times.items())
        if any(later - first < CHATTER_WITHIN for first, later in zip(at, at[step:], strict=False))
    ]
