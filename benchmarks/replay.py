"""Times the replay of many events over HTTP into a reader that has none of them."""

import argparse
import sys
import time

import psycopg

from benchmarks.peers import READER, SAYER, Floor, floor, free_port, held, peer
from shared.clock import wall_clock
from shared.envelope import envelope

WITHIN_S = 3600.0


def main() -> int:
    """Run the benchmark; return 1 when not everything was replayed in an hour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    count = parser.parse_args().events
    sayer_port, reader_port = free_port(), free_port()
    with floor() as on, peer(on, SAYER, sayer_port, sayer_port) as sayer:
        fill(on, count)
        before = sayer.cpu_s
        with peer(on, READER, reader_port, sayer_port) as reader:
            begun, at_first = time.monotonic(), reader.http.get("/applied/count").json()
            give_up, done = begun + WITHIN_S, at_first
            while done < count and time.monotonic() < give_up:
                time.sleep(0.1)
                done = reader.http.get("/applied/count").json()
            took_s = time.monotonic() - begun
            spent = (sayer.cpu_s - before, reader.cpu_s)
    figures = {
        "events": f"{done}",
        "events a second": f"{(done - at_first) / took_s:.0f}",
        "CPU of the source per event, ms": f"{1000 * spent[0] / count:.3f}",
        "CPU of the reader per event, ms (with start)": f"{1000 * spent[1] / count:.3f}",
    }
    for name, value in figures.items():
        print(f"{name:<48} {value:>12}")
    return 0 if done == count else 1


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
