"""Compares the capacity model of docs/explanation/capacity.md with measurements at three sizes.

A straight line through the two smaller sizes predicts the largest; the slope says what one more
costs and so how many fill a core. With `--data-dir` also the bytes per cell of a plant are counted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from benchmarks.channels import measured
from benchmarks.delivery import deliver
from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from shared.settings import SERVICES

PARTS = ("events", "channels")
Point = tuple[float, float]
BYTES = """
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::float8 FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
RAW = "SELECT count(*), coalesce(sum(octet_length(body)), 0)::float8 FROM outbox"


def told(title: str, unit: str, points: Sequence[Point]) -> None:
    """Print what was measured at each size, and the largest beside its prediction.

    points: size and share of a core, ascending by size.
    """
    (low, at_low), (middle, at_middle), (high, at_high) = points
    slope = (at_middle - at_low) / (middle - low)
    predicted = at_middle + slope * (high - middle)
    for size, share in points:
        print(f"{title:<36}{size:>10.0f} {unit:<10}{share:>8.3f} of a core")
    print(f"{'':<36}{high:>10.0f} {unit:<10}{predicted:>8.3f} predicted, {at_high / predicted:.2f}")
    if slope > 0:
        print(f"{'':<36}{1 / slope:>10.0f} {unit:<10}more fill a core")


def events(rates: Sequence[float], seconds: float) -> None:
    """Measure events a second through outbox, relay, broker and reader."""
    shares: dict[str, list[Point]] = {"who says": [], "who reads": [], "database": []}
    for rate in sorted(rates):
        found = deliver(rate, seconds)
        really = len(found.committed) / found.took_s
        for name, cpu_ms in zip(shares, found.cpu_ms, strict=True):
            shares[name].append((really, really * cpu_ms / 1000.0))
    for name, points in shares.items():
        told(f"events, {name}", "events/s", points)


def channels(sizes: Sequence[int], seconds: int) -> None:
    """Measure rows of tester channels at 1 Hz into the historian."""
    points = [(float(size), measured(size, seconds).served) for size in sorted(sizes)]
    told("tester channels at 1 Hz, historian", "channels", points)


def cells(data: DataFolder) -> None:
    """Count what the cells of a running plant take in its databases and files."""
    server = PostgresServer(data.postgres, data.logs)
    total = event_count = event_bytes = 0
    for service in SERVICES:
        with psycopg.connect(server.url(f"halite_{service}").replace("+psycopg", "")) as connection:
            [size] = connection.execute(BYTES).fetchone() or (0,)
            count, raw = connection.execute(RAW).fetchone() or (0, 0)
            print(f"tables of {service:<26}{size / 1e6:>10.1f} MB{count:>10} events")
        total, event_count, event_bytes = total + size, event_count + count, event_bytes + raw
    with psycopg.connect(server.url("halite_execution").replace("+psycopg", "")) as connection:
        [made] = connection.execute("SELECT count(*) FROM lot WHERE kind = 'cell'").fetchone() or (
            0,
        )
    if not made:
        raise SystemExit(f"The plant in {data.path} has no cell yet.")
    series, files = stored(data.path / "timeseries"), stored(data.share)
    print(f"{made} cells, without witnesses; for each of them:")
    print(f"{event_count / made:.0f} events of {event_bytes / event_count:.0f} bytes")
    print(f"{total / made / 1e6:.2f} MB of tables")
    print(
        f"{series / made / 1e3:.0f} kB of time series, {files / made / 1e3:.0f} kB of tester files"
    )


def stored(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    """Run the parts that sizes are given for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs=3, default=[50.0, 150.0, 300.0])
    parser.add_argument("--channels", type=int, nargs=3, default=[160, 1600, 6400])
    parser.add_argument("--seconds", type=int, default=20, help="of each size")
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--data-dir", type=Path, help="of a running plant, for bytes per cell")
    given = parser.parse_args()
    if "events" in given.parts:
        events(given.rates, given.seconds)
    if "channels" in given.parts:
        channels(given.channels, given.seconds)
    if given.data_dir is not None:
        cells(DataFolder(given.data_dir))
    return 0


if __name__ == "__main__":
    sys.exit(main())
