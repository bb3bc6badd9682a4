"""Live values between stations and readers over the bus: published here, read and checked here."""

import asyncio
import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.bus import Bus
from shared.errors import InvalidInputError
from shared.stations import Sample
from shared.topics import telemetry_topic

if TYPE_CHECKING:  # a reader of telemetry does not load the OPC UA library
    from shared.opcua import StationClient

PUBLISH_S = 0.5
REPEAT_S = 2.0
MOST_WAITING = 2000


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Some live values of one piece of equipment, oldest first."""

    equipment_id: str
    samples: tuple[Sample, ...]


class TelemetryFeed:
    """Publishes what one station shows."""

    def __init__(self, bus: Bus, client: "StationClient") -> None:
        self._bus, self._client = bus, client
        self._fresh: deque[Sample] = deque(maxlen=MOST_WAITING)
        client.on_samples.append(self._fresh.extend)

    async def run(self) -> None:
        """Publish every sample, twice a wall second.

        A station only tells changes. While it answers and nothing changes, its newest values are
        repeated every two wall seconds with their old source time, so that readers can tell a
        quiet station from a silent one; values of a lost station are not repeated.
        """
        clock = asyncio.get_running_loop()
        topic = telemetry_topic(self._client.equipment_id, "values")
        published_s = clock.time()
        while True:
            await asyncio.sleep(PUBLISH_S)
            samples = list(self._fresh)
            self._fresh.clear()
            if not samples and clock.time() - published_s >= REPEAT_S:
                samples = list(self._client.samples.values())
            if samples:
                self._bus.publish_soon(topic, written(self._client.equipment_id, samples))
                published_s = clock.time()


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
