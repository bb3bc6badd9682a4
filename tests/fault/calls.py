"""Lets the database's system calls fail or drag while the plant runs, then checks its books.

`python -m tests.fault.calls`: a full disk, a broken one and a slow one, by strace; exit code 1 on a
violation, 0 with the reason where strace is missing.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

from deploy.ports import Ports
from tests.fault import victims
from tests.fault.kills import RECOVERED_WITHIN_S, Campaign, table
from tests.plant import Plant


class CallFault(NamedTuple):
    """What is injected into the system calls of the database's processes, for how long."""

    name: str
    calls: str
    how: str
    for_s: float


FAULTS = (
    CallFault("the disk is full", "pwrite64", "error=ENOSPC:when=2+2", 10.0),
    CallFault("the disk is broken", "fdatasync", "error=EIO:when=2+2", 10.0),
    CallFault("each sync takes 8 ms more", "fsync,fdatasync", "delay_exit=8000", 30.0),
)
LOOK_S = 0.5


def inject(plant_pid: int, fault: CallFault, urls: Sequence[str]) -> float:
    """Inject a fault while it lasts; return the greatest age that a service told, in wall s."""
    postmaster = victims.running(plant_pid)["postgres"]
    traced = [postmaster, *postmaster.children(recursive=True)]
    words = ["strace", "-f", "-q", "-o", "/dev/null"]
    words += ["-e", f"trace={fault.calls}", "-e", f"inject={fault.calls}:{fault.how}"]
    words += [word for process in traced for word in ("-p", str(process.pid))]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as strace:
        give_up_s = time.monotonic() + fault.for_s
        oldest_s = 0.0
        while time.monotonic() < give_up_s:
            oldest_s = max(oldest_s, *(_oldest_s(url) for url in urls))
            time.sleep(LOOK_S)
        strace.send_signal(signal.SIGINT)
        strace.wait(timeout=10)
    return oldest_s


def _oldest_s(url: str) -> float:
    try:
        answer = httpx.get(f"{url}/readyz", timeout=3.0, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return 0.0
    return answer.get("oldest_event_age_s") or 0.0


def memory_mb(plant_pid: int) -> float:
    """Return the resident memory of all processes of the plant."""
    processes = psutil.Process(plant_pid).children()
    return sum(process.memory_info().rss for process in processes) / 1e6


def main(words: Sequence[str]) -> int:
    """Run every fault once over one plant."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.calls", description=__doc__)
    parser.add_argument("--port", type=int, default=23080)
    parser.add_argument("--speed", type=float, default=1500.0)
    options = parser.parse_args(words)
    if shutil.which("strace") is None:
        print("skipped: strace is missing; apt-get install strace")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="halite-calls-"))
    plant = Plant(folder / "data", port=options.port, speed=options.speed)
    began_s = time.monotonic()
    try:
        plant.start()
        campaign = Campaign(plant, seed=0)
        campaign.prepare()
        for fault in FAULTS:
            campaign.keep_busy()
            oldest_s = _one(plant, campaign, fault)
            print(f"{fault.name}: oldest waiting event {oldest_s:.1f} s", flush=True)
        found = campaign.checked()
        print(table(campaign, found, 0, time.monotonic() - began_s))
    finally:
        plant.stop()
        plant.http.close()
    if any(check.violations for check in found):
        print(f"Violated; the plant's folder is kept: {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _one(plant: Plant, campaign: Campaign, fault: CallFault) -> float:
    if plant.process is None:
        raise AssertionError("the plant does not run")
    before_mb = memory_mb(plant.process.pid)
    urls = list(Ports(first=plant.port).service_urls().values())
    oldest_s = inject(plant.process.pid, fault, urls)
    began_s = time.monotonic()
    plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
    print(
        f"{fault.name}: ready {time.monotonic() - began_s:.1f} s after its end; memory "
        f"{before_mb:.0f} -> {memory_mb(plant.process.pid):.0f} MB",
        flush=True,
    )
    return oldest_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
