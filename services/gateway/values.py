"""Live values of the stations as telemetry brings them, and how far they can be trusted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from shared.errors import InvalidInputError
from shared.stations import Sample
from shared.telemetry import Telemetry, read
from shared.units import display_unit

log = structlog.get_logger()
STALE_AFTER_S = 5.0
MOST_SIGNALS = 200


@dataclass(kw_only=True)
class _Heard:
    at_s: float
    samples: dict[str, Sample] = field(default_factory=dict)


class LiveValues:
    """The newest sample of each signal of each station of the plant."""

    def __init__(self, equipment_ids: Iterable[str]) -> None:
        self._known = frozenset(equipment_ids)
        self._heard: dict[str, _Heard] = {}

    def hear(self, payload: bytes, at_s: float) -> None:
        """Keep what a telemetry message says; one of the wrong shape is logged and dropped."""
        try:
            self.take(read(payload), at_s)
        except InvalidInputError as error:
            log.warning("telemetry refused", error=str(error))

    def take(self, telemetry: Telemetry, at_s: float) -> None:
        """Keep what came at `at_s` (monotonic wall seconds); unknown equipment is not kept."""
        if telemetry.equipment_id not in self._known:
            return
        heard = self._heard.setdefault(telemetry.equipment_id, _Heard(at_s=at_s))
        heard.at_s = at_s
        for sample in telemetry.samples:
            if sample.signal in heard.samples or len(heard.samples) < MOST_SIGNALS:
                heard.samples[sample.signal] = sample

    def shown(self, equipment_id: str, now_s: float) -> list[dict[str, Any]]:
        """Return the values of a station in the order they became known.

        Telemetry tells changes and repeats itself while nothing changes, so one message says that
        every value of the station holds; after 5 wall seconds without one they are all stale.
        """
        heard = self._heard.get(equipment_id)
        if heard is None:
            return []
        stale = now_s - heard.at_s > STALE_AFTER_S
        return [
            {
                "signal": sample.signal,
                "value": None if sample.value is None else float(f"{sample.value:.6g}"),
                "unit": display_unit(sample.signal),
                "quality": _quality(sample, stale),
            }
            for sample in heard.samples.values()
        ]

    def sampled_at(self, equipment_id: str) -> datetime | None:
        """Return the newest source time of a station's values, None when it never sent one."""
        heard = self._heard.get(equipment_id)
        samples = heard.samples.values() if heard else ()
        return max((sample.source_at for sample in samples), default=None)


def _quality(sample: Sample, stale: bool) -> str:
    if sample.status != "Good" or sample.value is None:
        return "bad"
    return "stale" if stale else "good"
