"""Live values between stations and readers over the bus: published here, read and checked here."""

import asyncio
import itertools
import json
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from shared.bus import Bus
from shared.db import Signal
from shared.errors import InvalidInputError, ServiceUnreachableError
from shared.stations import DATA_LOST, NO_COMMUNICATION, Sample
from shared.thinning import Thinning
from shared.topics import telemetry_topic

if TYPE_CHECKING:  # a reader of telemetry does not load the OPC UA library
    from shared.opcua import StationClient

log = structlog.get_logger()
GATHER_S = 0.1  # what a station says in this time goes out together
AGAIN_S = 0.5  # while the broker is away
REPEAT_S = 2.0
MOST_WAITING = 50_000  # samples of a station kept while the broker is away, about 10 MB
MOST_IN_MESSAGE = 500
MOST_AT_ONCE = 20 * MOST_IN_MESSAGE
STEP = timedelta(microseconds=1)


def _wall_now() -> datetime:
    return datetime.now(UTC)


def _ignore(_: float) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Some live values of one piece of equipment, oldest first."""

    equipment_id: str
    samples: tuple[Sample, ...]


class TelemetryFeed:
    """Publishes what one station shows, in order; keeps it while the broker is away.

    now: the time of gaps, and of values that are as old as the gap they end. on_lag: told the
    plant seconds from the source time of the newest values to their arrival.
    """

    def __init__(
        self,
        bus: Bus,
        client: "StationClient",
        now: Callable[[], datetime] = _wall_now,
        on_lag: Callable[[float], None] = _ignore,
    ) -> None:
        self._bus, self._client, self._now, self._on_lag = bus, client, now, on_lag
        self._waiting: deque[Sample] = deque()
        self._newest: dict[str, Sample] = {}
        self._thinning = Thinning(client.settings.smallest_change)
        self._news = Signal()
        client.on_samples.append(self._take)
        client.on_lost.append(self._take_gap)

    async def run(self) -> None:
        """Publish every sample soon after it came; while the broker is away they wait.

        A station only tells changes. While it answers and nothing changes, its newest values are
        repeated every two wall seconds with their old source time, so that readers can tell a
        quiet station from a silent one; values of a lost station are not repeated.
        """
        clock = asyncio.get_running_loop()
        published_s, rest_s = clock.time(), GATHER_S
        while True:
            await asyncio.sleep(rest_s)
            if not self._waiting:
                await self._news.wait(published_s + REPEAT_S - clock.time())
            if self._waiting:
                try:
                    await self._publish()
                    published_s, rest_s = clock.time(), self._rest_s()
                except ServiceUnreachableError:  # kept; readiness tells it
                    rest_s = AGAIN_S
            elif clock.time() - published_s >= REPEAT_S:
                if self._client.connected:
                    self._bus.publish_soon(self._topic, self._written(list(self._newest.values())))
                published_s = clock.time()

    def _rest_s(self) -> float:
        """Return how long to gather; not at all while more waits than goes out at once."""
        return GATHER_S if len(self._waiting) < MOST_AT_ONCE else 0.0

    @property
    def _topic(self) -> str:
        return telemetry_topic(self._client.equipment_id, "values")

    def _written(self, samples: Sequence[Sample]) -> str:
        return written(self._client.equipment_id, samples)

    async def _publish(self) -> None:
        """Publish what waits; it is forgotten when the broker has acknowledged it."""
        samples = list(itertools.islice(self._waiting, MOST_AT_ONCE))
        pieces = range(0, len(samples), MOST_IN_MESSAGE)
        await self._bus.publish_all(
            [
                (self._topic, self._written(samples[start : start + MOST_IN_MESSAGE]))
                for start in pieces
            ]
        )
        for sample in samples:
            if self._waiting and self._waiting[0] is sample:
                self._waiting.popleft()

    def _take(self, samples: Sequence[Sample]) -> None:
        if samples:
            newest = max(sample.source_at for sample in samples)
            self._on_lag((self._now() - newest).total_seconds())
        for sample in samples:
            before = self._newest.get(sample.signal)
            if before is not None and _is_gap(before) and sample.source_at <= before.source_at:
                # It did not change during the gap: it is known again from now on.
                again = max(self._now(), before.source_at + STEP)
                sample = replace(sample, source_at=again)
            self._newest[sample.signal] = sample
            self._keep(self._thinning.kept(sample))

    def _take_gap(self, signals: Sequence[str], status: str) -> None:
        """Enter a gap into each signal: no value, and the reason as its status."""
        for signal in signals:
            before = self._newest.get(signal)
            at = self._now()
            if before is not None:
                at = max(at, before.source_at + STEP)
            gap = Sample(signal=signal, value=None, status=status, source_at=at)
            self._newest[signal] = gap
            self._keep(self._thinning.kept(gap))

    def _keep(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            if len(self._waiting) >= MOST_WAITING:
                self._drop()
            self._waiting.append(sample)
        if samples:
            self._news.set()

    def _drop(self) -> None:
        """Make room: a quarter of what waits becomes one gap in each of its signals."""
        dropped = [self._waiting.popleft() for _ in range(MOST_WAITING // 4)]
        gaps = {sample.signal: sample for sample in dropped}
        self._waiting.extendleft(
            replace(sample, value=None, status=DATA_LOST) for sample in gaps.values()
        )
        log.error(
            "oldest samples dropped: the broker is away for too long",
            equipment_id=self._client.equipment_id,
            count=len(dropped),
            limit=MOST_WAITING,
        )


def _is_gap(sample: Sample) -> bool:
    return sample.status in (NO_COMMUNICATION, DATA_LOST)


def written(equipment_id: str, samples: Sequence[Sample]) -> str:
    """Return the payload of a telemetry message."""
    items = [
        {
            "signal": sample.signal,
            "value": sample.value,
            "status": sample.status,
            "source_at": sample.source_at.isoformat(),
        }
        for sample in samples
    ]
    return json.dumps({"equipment_id": equipment_id, "samples": items})


def read(payload: bytes) -> Telemetry:
    """Return what a telemetry message says; a value that is not finite is none.

    Raises:
        InvalidInputError: not of the agreed shape.
    """
    try:
        body = json.loads(payload)
        samples = tuple(_sample(item) for item in body["samples"])
        return Telemetry(equipment_id=_text(body["equipment_id"]), samples=samples)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidInputError(f"telemetry of the wrong shape: {error!r}") from error


def _sample(item: Any) -> Sample:
    value, status = item["value"], _text(item["status"])
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError(f"value {value!r} is no number")
    source_at = datetime.fromisoformat(item["source_at"])
    if source_at.tzinfo is None:
        raise ValueError(f"source_at {item['source_at']} has no time zone")
    if value is not None and not math.isfinite(value):
        value, status = None, "BadOutOfRange"
    return Sample(
        signal=_text(item["signal"]),
        value=None if value is None else float(value),
        status=status,
        source_at=source_at,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise TypeError(f"{value!r} is no text of 1 to 200 characters")
    return value
