"""Stations for `benchmarks.opcua_client`: many values that change at a rate, jobs that only lie."""

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.settings import StationSettings, read_plant
from simulators import job_structures as structures
from simulators.job_control import DONE, UNKNOWN_JOB, methods_of
from simulators.job_structures import NOT_ALLOWED
from simulators.opcua_server import Identity, StationServer, node_sets_dir, read_type_nodes

TICK_S = 0.1
TOGETHER = 50


class Shelf:
    """Keeps job orders and never starts one."""

    def __init__(self, server: StationServer) -> None:
        self._server = server
        self._orders: dict[str, Any] = {}

    async def store(self, order: Any) -> int:
        """Take an order."""
        self._orders[order.JobOrderID] = order
        await self._show()
        return DONE

    async def allow(self, job_order_id: str) -> int:
        """Answer as a station does, and do nothing."""
        return DONE if job_order_id in self._orders else UNKNOWN_JOB

    end = abort = revoke = pause = resume = allow
    update = store

    async def cancel(self, job_order_id: str) -> int:
        """Remove an order."""
        if self._orders.pop(job_order_id, None) is None:
            return UNKNOWN_JOB
        await self._show()
        return DONE

    clear = cancel

    def answer(self, _job_order_id: str) -> tuple[Any, int]:
        """Return no response: nothing here ever ends."""
        return structures.no_response(), UNKNOWN_JOB

    def fault(self, _name: str) -> None:
        """Nothing is ever wrong here."""

    async def _show(self) -> None:
        listed = [structures.listed(order, NOT_ALLOWED) for order in self._orders.values()]
        await self._server.write_jobs(listed, [], datetime.now(UTC))


def signals(count: int) -> tuple[str, ...]:
    """Return the names of the values."""
    return tuple(f"value_{place}_v" for place in range(count))


async def serve(options: argparse.Namespace) -> None:
    """Serve all stations of a plant file; after a line comes in, change the values of some.

    Those change that only measure, for so many seconds; then the count of changes goes out.
    """
    types = await read_type_nodes(node_sets_dir())
    plant = read_plant(options.data_dir / "plant.toml")
    started = [(station, await _started(station, types, options)) for station in plant.station]
    servers = [server for station, server in started if not station.takes_jobs]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    changed = await _change(servers, signals(options.values), options.rate, options.seconds)
    print(changed, flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def _started(station: StationSettings, types: Any, options: argparse.Namespace) -> Any:
    identity = Identity(name=station.name, data_dir=options.data_dir)
    server = StationServer(types, identity, station.endpoint, "Benchmark")
    methods = methods_of(Shelf(server)) if station.takes_jobs else {}
    await server.prepare(signals(options.values), methods)
    await server.start()
    return server


async def _change(servers: list[Any], names: tuple[str, ...], rate: float, for_s: float) -> int:
    """Write each next value in turn, so that a value never comes twice; return how many."""
    began_s, written = time.monotonic(), 0
    places = [(server, name) for name in names for server in servers]
    while (passed_s := time.monotonic() - began_s) < for_s:
        while written < passed_s * rate:
            server, name = places[written % len(places)]
            await server.write_signal(name, float(written + 1), datetime.now(UTC))
            written += 1
            if written % TOGETHER == 0:
                await asyncio.sleep(0)  # a station that is behind still answers
        await asyncio.sleep(TICK_S)
    return written


def main() -> None:
    """Read the command line and serve until a second line comes in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--values", type=int, required=True, help="of each station")
    parser.add_argument("--rate", type=float, required=True, help="changes a second of all")
    parser.add_argument("--seconds", type=float, required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
