"""A station in a process of its own, to be killed: its orders and starts survive in a file.

`python -m tests.fault.station_process --help`; says `ready NAME` when its port is open.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.stationoffer import METHODS
from simulators.opcua_server import Identity
from tests.station.makers_plc import Makers, MakersPlc

BEAT = "beat_count"
SHOW_S = 0.2
JOB_TICKS = 5


async def serve(options: argparse.Namespace) -> None:
    """Serve one machine until killed: a value that changes all the time, jobs of about a second."""
    signals = (BEAT, *options.more)
    machine = Makers(options.name, frozenset(METHODS), ends_at_once=False, signals=signals)
    identity = Identity(name=options.name, data_dir=options.data_dir)
    plc = MakersPlc(identity, options.endpoint, [machine], options.libraries, saved=options.saved)
    await plc.start()
    print(f"ready {options.name}", flush=True)
    await work(plc, machine)


async def work(plc: MakersPlc, machine: Makers) -> None:
    """Change the values all the time and let jobs end, for ever."""
    beat = 0
    while True:
        beat += 1
        for value in machine.values:
            await value.write_value(float(beat))
        if beat % JOB_TICKS == 0:
            await plc.end_running(machine)
        await asyncio.sleep(SHOW_S)


def main(words: Sequence[str]) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.station_process")
    parser.add_argument("--name", required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--saved", type=Path, required=True)
    parser.add_argument("--libraries", type=int, default=5)
    parser.add_argument("--more", nargs="*", default=[], help="further signals")
    asyncio.run(serve(parser.parse_args(words)))


if __name__ == "__main__":
    main(sys.argv[1:])
