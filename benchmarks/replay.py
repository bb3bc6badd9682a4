"""Times the replay of many events over HTTP into a reader that has none of them."""

import argparse
import sys
import time

import psycopg

from benchmarks.peers import (
    READER,
    SAYER,
    Floor,
    Peer,
    database_cpu_s,
    floor,
    free_port,
    held,
    peer,
)
from shared.clock import wall_clock
from shared.envelope import envelope

WITHIN_S = 3600.0
MODULES = {"plain": "benchmarks.peers", "trace": "services.trace.main"}


def main() -> int:
    """Run the benchmark; return 1 when not everything was replayed in an hour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument(
        "--reader",
        choices=("plain", "trace"),
        default="trace",
        help="a handler that takes events one by one, or the trace service with its seals",
    )
    arguments = parser.parse_args()
    count, module = arguments.events, MODULES[arguments.reader]
    sayer_port, reader_port = free_port(), free_port()
    with floor() as on, peer(on, SAYER, sayer_port, sayer_port) as sayer:
        fill(on, count)
        with peer(on, READER, reader_port, sayer_port, module) as reader:
            begun, at_first, before = time.monotonic(), reader.read_to, cpu_s(on, sayer, reader)
            give_up, done = begun + WITHIN_S, at_first
            while done < count and time.monotonic() < give_up:
                time.sleep(0.2)
                done = reader.read_to
            took_s = time.monotonic() - begun
            after = cpu_s(on, sayer, reader)
    spent_ms = [
        1000 * (now - then) / max(1, done - at_first)
        for then, now in zip(before, after, strict=True)
    ]
    figures = {
        "events": f"{done}",
        "read before the clock started": f"{at_first}",
        "events a second": f"{(done - at_first) / took_s:.0f}",
        "CPU of the source per event, ms": f"{spent_ms[0]:.3f}",
        "CPU of the reader per event, ms": f"{spent_ms[1]:.3f}",
        "CPU of the database per event, ms": f"{spent_ms[2]:.3f}",
    }
    for name, value in figures.items():
        print(f"{name:<48} {value:>12}")
    return 0 if done == count else 1


def cpu_s(on: Floor, sayer: Peer, reader: Peer) -> tuple[float, float, float]:
    """Return the CPU seconds spent so far by source, reader and database."""
    return sayer.cpu_s, reader.cpu_s, database_cpu_s(on)


def fill(on: Floor, count: int) -> None:
    """Write numbered, published events straight into the sayer's outbox."""
    url = on.postgres.url(SAYER).replace("+psycopg", "")
    now = wall_clock().now()
    copy = "COPY outbox (event_id, type, subject, topic, body, sequence) FROM STDIN"
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(copy) as rows:
            for number in range(1, count + 1):
                one = envelope(held(number), service=SAYER, time=now)
                body = one.model_dump_json(exclude={"sequence"})
                rows.write_row((one.id, one.type, one.subject, "t", body, number))
        cursor.execute("UPDATE relay SET sequence = %s", (count,))


if __name__ == "__main__":
    sys.exit(main())
