"""Times events from commit in one service to applied in another, at a given rate."""

import argparse
import sys
import time
from dataclasses import dataclass

from benchmarks.peers import READER, SAYER, Peer, database_cpu_s, floor, free_port, peer, percentile

WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A run. committed, applied: wall time by event. cpu_ms: sayer, reader, database, per event."""

    committed: dict[str, float]
    applied: dict[str, float]
    took_s: float
    cpu_ms: tuple[float, float, float]


def deliver(rate: float, seconds: float) -> Delivered:
    """Say events at a rate in one service and have them applied in another."""
    sayer_port, reader_port = free_port(), free_port()
    with (
        floor() as on,
        peer(on, SAYER, sayer_port, sayer_port) as sayer,
        peer(on, READER, reader_port, sayer_port) as reader,
    ):
        before = (sayer.cpu_s, reader.cpu_s, database_cpu_s(on))
        words = {"rate": rate, "seconds": seconds}
        begun = time.monotonic()
        committed = sayer.http.post("/work-schedules", params=words).json()
        took_s = time.monotonic() - begun
        applied = arrived(reader, len(committed))
        after = (sayer.cpu_s, reader.cpu_s, database_cpu_s(on))
    said, taken, kept = (
        1000 * (now - then) / len(committed) for then, now in zip(before, after, strict=True)
    )
    return Delivered(
        committed=committed, applied=applied, took_s=took_s, cpu_ms=(said, taken, kept)
    )


def main() -> int:
    """Run the benchmark; return 1 when an event did not arrive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    found = deliver(arguments.rate, arguments.seconds)
    committed, applied = found.committed, found.applied
    delays_ms = [1000 * (at - committed[name]) for name, at in applied.items()]
    figures = {
        "events": f"{len(committed)}",
        "arrived": f"{len(applied)}",
        "events a second, said": f"{len(committed) / found.took_s:.0f}",
        "commit to applied, p50 ms": f"{percentile(delays_ms, 0.5):.1f}",
        "commit to applied, p99 ms": f"{percentile(delays_ms, 0.99):.1f}",
        "commit to applied, longest ms": f"{max(delays_ms):.1f}",
        "CPU of the sayer per event, ms": f"{found.cpu_ms[0]:.2f}",
        "CPU of the reader per event, ms": f"{found.cpu_ms[1]:.2f}",
        "CPU of the database per event, ms": f"{found.cpu_ms[2]:.2f}",
    }
    for name, value in figures.items():
        print(f"{name:<40} {value:>12}")
    return 0 if len(applied) == len(committed) else 1


def arrived(reader: Peer, count: int) -> dict[str, float]:
    """Return when each event was applied, once all are or the time is up."""
    give_up = time.monotonic() + WITHIN_S
    while reader.http.get("/applied/count").json() < count and time.monotonic() < give_up:
        time.sleep(0.2)
    applied: dict[str, float] = reader.http.get("/applied").json()
    return applied


if __name__ == "__main__":
    sys.exit(main())
