"""The trace of a sprayed face judged, beside plain numpy looking at the same array.

`python -m benchmarks.spray_trace --rate 1000 --signals 8 --seconds 7 --rounds 300`
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import percentile
from services.spray.tracejudge import judge
from services.spray.tracelimits import TraceLimits
from services.spray.tracestore import packed
from shared.traces import Trace, checked_trace

Floats = NDArray[np.float64]
SCALE = 0.5


def trace_of(rate_hz: float, signals: int, seconds: float, arcs: int) -> Trace:
    """Return a trace: each signal at a level of its own with noise, arcs in the first two."""
    rng = np.random.default_rng(7)
    samples = round(rate_hz * seconds)
    level = np.linspace(8000.0, 16_000.0, signals)[:, None]
    counts = (level + 20.0 * rng.standard_normal((signals, samples))).astype("<i2")
    for at in np.linspace(0.1, 0.9, arcs) * samples:
        counts[0, int(at) : int(at) + 4] = 1000
        counts[1, int(at) : int(at) + 4] = 32_000
    return checked_trace(
        datetime(2026, 3, 2, tzinfo=UTC),
        1.0 / rate_hz,
        [f"signal_{number}" for number in range(signals)],
        [SCALE] * signals,
        [0.0] * signals,
        counts.tobytes(),
    )


def limits_of(trace: Trace, rate_hz: float) -> TraceLimits:
    """Return limits with two bands for each signal, all that a band can ask."""
    bands: list[dict[str, Any]] = []
    for row, signal in enumerate(trace.signals):
        level = float(np.median(trace.counts[row])) * SCALE
        band = {"signal": signal, "low": level - 100, "high": level + 100, "outside_limit_s": 0.1}
        bands += [
            band | {"segment": "rise"},
            band | {"segment": "spray", "ripple_limit": 200, "ripple_low": 1},
        ]
    return TraceLimits.model_validate(
        {
            "recipe_id": "r",
            "version": 1,
            "least_rate_hz": rate_hz,
            "duration_tolerance_s": 0.1,
            "segments": [{"name": "rise", "longest_s": 0.3}, {"name": "spray"}],
            "bands": bands,
            "arcs": {
                "segment": "spray",
                "current_signal": "signal_1",
                "spike_ma": 15_000,
                "voltage_signal": "signal_0",
                "collapsed_ratio": 0.6,
                "apart_s": 0.02,
                "most_count": 100,
            },
            "source": "benchmark",
        }
    )


def timed(rounds: int, work: Callable[[], object]) -> list[float]:
    """Return the milliseconds of each round, without the first."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        times.append(1000.0 * (time.perf_counter() - began))
    return times[1:]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--signals", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=7.0)
    parser.add_argument("--arcs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=300)
    given = parser.parse_args()
    trace = trace_of(given.rate, given.signals, given.seconds, given.arcs)
    limits = limits_of(trace, given.rate)
    verdict = judge(trace, limits, "a", given.seconds)
    values: Floats = np.multiply(trace.counts, SCALE, dtype=np.float64)
    rows: list[tuple[str, Callable[[], object]]] = [
        ("judge: 2 bands a signal, ripple, time outside, arcs", lambda: judge_it(trace, limits)),
        ("numpy: min and max of the counts", lambda: plain(trace.counts)),
        ("numpy: min and max of the same as floats", lambda: plain(values)),
        ("numpy: 1, 50 and 99 % of the same as floats", lambda: percents(values)),
        ("keep: zlib and SHA-256", lambda: packed(trace)),
    ]
    size = trace.counts.nbytes
    print(f"{given.signals} signals x {trace.counts.shape[1]} samples, {size} bytes as counts")
    print(f"kept: {len(packed(trace)[0])} bytes; {verdict.state}, {verdict.arc_count} arcs")
    print(f"{'work':<52}{'p50 ms':>9}{'p99 ms':>9}")
    for name, work in rows:
        times = timed(given.rounds, work)
        print(f"{name:<52}{percentile(times, 0.5):9.3f}{percentile(times, 0.99):9.3f}")


def judge_it(trace: Trace, limits: TraceLimits) -> object:
    """Judge as the service does."""
    return judge(trace, limits, "a", trace.duration_s)


def plain(values: NDArray[Any]) -> object:
    """Return least and most of each signal."""
    return values.min(axis=1), values.max(axis=1)


def percents(values: Floats) -> object:
    """Return three percentiles of each signal."""
    return np.percentile(values, (1, 50, 99), axis=1)


if __name__ == "__main__":
    main()
