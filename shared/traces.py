"""A trace of one part's face as a station sampled it: 16-bit counts with scale and offset."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from shared.errors import StationFaultError

Counts = NDArray[np.int16]
NO_VALUE = -32768  # the count of a sample whose sensor gave nothing
MOST_SIGNALS, MOST_SAMPLES = 64, 1_000_000  # of all signals together


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Signals sampled together; a value is count * scale + offset, in the unit of its signal.

    counts: `(n_signals, n_samples)`, `NO_VALUE` where the sensor gave nothing. The first sample is
    of `started_at`, the others follow each `interval_s`.
    """

    started_at: datetime
    interval_s: float
    signals: tuple[str, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    counts: Counts

    @property
    def duration_s(self) -> float:
        """How long was sampled."""
        return float(self.counts.shape[1] * self.interval_s)


def checked_trace(
    started_at: datetime,
    interval_s: float,
    signals: Sequence[str],
    scale: Sequence[float],
    offset: Sequence[float],
    samples: bytes | Sequence[int],
) -> Trace:
    """Return what a station said as a trace.

    samples: all of the first signal, then of the next; as bytes little-endian.

    Raises:
        StationFaultError: sizes do not fit each other, a figure is no number, or it is too much.
    """
    try:
        flat = (
            np.frombuffer(samples, dtype="<i2")
            if isinstance(samples, bytes)
            else np.asarray(samples, dtype=np.int16)
        )
    except (OverflowError, TypeError, ValueError) as error:
        raise StationFaultError(f"a trace whose samples are no 16-bit counts: {error}") from error
    count = len(signals)
    if not 0 < count <= MOST_SIGNALS or len(set(signals)) != count:
        raise StationFaultError(f"a trace of {count} signals, or one of them twice")
    if len(scale) != count or len(offset) != count:
        raise StationFaultError(
            f"a trace of {count} signals has {len(scale)} scales and {len(offset)} offsets"
        )
    if not 0 < len(flat) <= MOST_SAMPLES or len(flat) % count:
        raise StationFaultError(
            f"a trace of {count} signals has {len(flat)} samples, at most {MOST_SAMPLES}"
        )
    if not (math.isfinite(interval_s) and interval_s > 0):
        raise StationFaultError(f"a trace's interval is {interval_s} s, it must be above 0")
    if not all(map(math.isfinite, (*scale, *offset))) or not all(item > 0 for item in scale):
        raise StationFaultError("a trace's scales must be above 0 and its offsets numbers")
    return Trace(
        started_at=started_at,
        interval_s=interval_s,
        signals=tuple(signals),
        scale=tuple(scale),
        offset=tuple(offset),
        counts=flat.reshape(count, -1),
    )
