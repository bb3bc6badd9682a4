"""Fills the disk of a whole running plant to the last byte, makes room again, checks its books.

`python -m tests.fault.disk`: database, files of the historian, broker and logs stand on a small
disk in memory of their own, and the broker is killed while it is full; exit code 1 on a violation,
0 with the reason without root.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Check
from tests.fault.watch import Seen, grown, memory_mb, watch
from tests.plant import Plant

DISK_MB = 3000
NEARLY_FULL_MB = 400.0
NEARLY_FULL_FOR_S, FULL_FOR_S, REFILLED_EVERY_S = 20.0, 60.0, 2.0
MOST_GROWTH_MB = 100.0
PIECE = bytes(1_000_000)
ALARM = "disk_low"


def mount(folder: Path) -> None:
    """Mount a small disk in memory at a new folder."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "tmpfs", str(folder)]
    subprocess.run(words, check=True, timeout=20)


def fill(ballast: Path, left_mb: float) -> None:
    """Write zeros until so little is left, or until nothing more can be written."""
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while shutil.disk_usage(ballast).free / 1e6 > left_mb:
            file.write(PIECE)


def fill_up(campaign: Campaign) -> list[Check]:
    """Fill the disk in two steps, keep it full for a while, and make room again."""
    ballast = campaign.plant.data_dir.parent / "ballast"
    campaign.keep_busy()
    watch(campaign, NEARLY_FULL_FOR_S)
    before_mb = memory_mb(campaign.pid)
    fill(ballast, NEARLY_FULL_MB)
    nearly = watch(campaign, NEARLY_FULL_FOR_S)
    print(f"{NEARLY_FULL_MB:.0f} MB free: {nearly}", flush=True)
    full = _kept_full(campaign, ballast)
    print(f"full: {full}", flush=True)
    ballast.unlink()
    began_s = time.monotonic()
    campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
    print(f"ready {time.monotonic() - began_s:.1f} s after there was room", flush=True)
    wrong = [] if ALARM in nearly.alarms else [f"no alarm {ALARM} before the disk was full"]
    if not full.unready and not full.oldest_s:
        wrong.append("nothing told that the disk is full")
    return [
        Check(name="full disk told", count=2, violations=(*wrong,)),
        grown("full disk", before_mb, full.memory_mb, MOST_GROWTH_MB),
    ]


def _kept_full(campaign: Campaign, ballast: Path) -> Seen:
    """Fill what the plant frees again and again; the broker is killed meanwhile and starts anew."""
    full = Seen()
    rounds = int(FULL_FOR_S / REFILLED_EVERY_S)
    for number in range(rounds):
        fill(ballast, 0.0)
        if number == rounds // 3:
            victims.kill(victims.running(campaign.pid)["mosquitto"])
        watch(campaign, REFILLED_EVERY_S, full)
    return full


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    options = arguments("tests.fault.disk", __doc__).parse_args(words)
    if os.geteuid() != 0:
        print("skipped: only root can mount a small disk")
        return 0
    folder, violated = new_folder() / "disk", False
    mount(folder)
    try:
        plant = Plant(folder / "data", port=options.port, speed=options.speed)
        violated = carry_out(plant, options.seed, fill_up) == 1
    finally:
        if violated:
            print(f"The disk stays for a look; afterwards: umount {folder}")
        else:
            subprocess.run(["umount", str(folder)], check=True, timeout=60)
    return int(violated)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
