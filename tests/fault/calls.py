"""Lets the database's system calls fail or drag while the plant runs, then checks its books.

`python -m tests.fault.calls`: a broken disk and a slow one, by strace; exit code 1 on a violation,
0 with the reason where strace is missing.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Check
from tests.fault.watch import grown, memory_mb, watch
from tests.plant import Plant

MOST_GROWTH_MB = 100.0


class CallFault(NamedTuple):
    """What is injected into the system calls of the database's processes, for how long."""

    name: str
    calls: str
    how: str
    for_s: float


FAULTS = (
    CallFault("no space for every second write", "pwrite64", "error=ENOSPC:when=2+2", 10.0),
    CallFault("the disk is broken", "fdatasync", "error=EIO:when=2+2", 10.0),
    CallFault("each sync takes 8 ms more", "fsync,fdatasync", "delay_exit=8000", 30.0),
)


def inject_all(campaign: Campaign) -> list[Check]:
    """Inject each fault once and wait until the plant is ready again."""
    found = []
    for fault in FAULTS:
        campaign.keep_busy()
        before_mb = memory_mb(campaign.pid)
        with subprocess.Popen(_strace(campaign.pid, fault), stderr=subprocess.DEVNULL) as strace:
            seen = watch(campaign, fault.for_s)
            strace.send_signal(signal.SIGINT)
            strace.wait(timeout=10)
        began_s = time.monotonic()
        campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
        print(f"{fault.name}: {seen}; ready {time.monotonic() - began_s:.1f} s after", flush=True)
        found.append(grown(fault.name, before_mb, seen.memory_mb, MOST_GROWTH_MB))
    return found


def _strace(plant_pid: int, fault: CallFault) -> list[str]:
    postmaster = victims.running(plant_pid)["postgres"]
    words = ["strace", "-f", "-q", "-o", "/dev/null"]
    words += ["-e", f"trace={fault.calls}", "-e", f"inject={fault.calls}:{fault.how}"]
    for process in (postmaster, *postmaster.children(recursive=True)):
        words += ["-p", str(process.pid)]
    return words


def main(words: Sequence[str]) -> int:
    """Run every fault once over one plant; return 1 when something was lost or stuck."""
    options = arguments("tests.fault.calls", __doc__).parse_args(words)
    if shutil.which("strace") is None:
        print("skipped: strace is missing; apt-get install strace")
        return 0
    plant = Plant(new_folder() / "data", port=options.port, speed=options.speed)
    return carry_out(plant, options.seed, inject_all)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
