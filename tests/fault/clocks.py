"""Sets the wall clock of a whole running plant forward and back by an hour, then checks its books.

`python -m tests.fault.clocks`: every process of the plant, database and broker included, asks a
preloaded library for the wall's time; exit code 1 on a violation, 0 with the reason where there is
no C compiler. (libfaketime 0.9.10 will not do: with it each `time.sleep` fails.)
"""

import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.clock import read_clock
from tests.fault import altered, victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Books, Check
from tests.fault.watch import watch
from tests.plant import Plant

SOURCE = Path(__file__).with_name("wallclock.c")
JUMPS_S = (3600, -3600)  # beside the true time
JUMPED_FOR_S, TRUE_FOR_S = 45.0, 25.0
ALARM = "clock_set"
RESTARTED = "execution"  # it keeps the time limits
LIMITS_THAT_ACTED = """
    SELECT at, limit_at, name, lot_id, at < limit_at AS early FROM (
        SELECT (envelope ->> 'time')::timestamptz AS at,
               (envelope -> 'data' ->> 'limit_at')::timestamptz AS limit_at,
               envelope -> 'data' ->> 'name' AS name, envelope -> 'data' ->> 'lot_id' AS lot_id,
               envelope -> 'data' ->> 'limit_kind' || ' ' || (envelope -> 'data' ->> 'state') AS act
        FROM (SELECT body::jsonb AS envelope FROM outbox
              WHERE type LIKE '%time_limit_changed.v%') AS said) AS limits
    WHERE act IN ('min met', 'max broken')"""


class WallClock:
    """The wall clock of the processes that run with `variables`, set through a file."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self._file, library = folder / "wall-clock", folder / "wallclock.so"
        self._file.write_bytes(struct.pack("q", 0))
        words = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)]
        subprocess.run(words, check=True, timeout=60)
        self.variables = {"LD_PRELOAD": str(library), "HALITE_WALL_CLOCK": str(self._file)}

    def set(self, beside_s: int) -> None:
        """Set it to so many seconds beside the true time, at once and for all of them."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", beside_s))


def jump(campaign: Campaign, clock: WallClock) -> list[Check]:
    """Set the clock forward, right, back and right again while orders go on."""
    wrong = []
    for beside_s in JUMPS_S:
        campaign.keep_busy()
        clock.set(beside_s)
        victims.kill(victims.running(campaign.pid)[RESTARTED])
        seen = watch(campaign, JUMPED_FOR_S)
        print(f"wall clock {beside_s:+} s: {seen}", flush=True)
        if ALARM not in seen.alarms:
            wrong.append(f"no alarm {ALARM} at {beside_s:+} s")
        clock.set(0)
        watch(campaign, TRUE_FOR_S)
        campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
        if ALARM in watch(campaign, 2.0).alarms:
            wrong.append(f"the alarm {ALARM} stands though the clock is right again")
    return [
        Check(
            name="jumps of the wall clock told and ended", count=len(JUMPS_S), violations=(*wrong,)
        )
    ]


def checked_times(campaign: Campaign) -> list[Check]:
    """Check that no event says a time outside the run and no time limit acted too early."""
    data_dir = campaign.plant.data_dir
    books, clock = Books(data_dir), read_clock(data_dir / "clock.json")
    told = books.rows("trace", "SELECT time, source, sequence FROM record")
    outside = [row for row in told if not clock.plant_start <= row[0] <= clock.now()]
    limits = books.rows("execution", LIMITS_THAT_ACTED)
    early = [f"{row[2]} of {row[3]} acted {row[1] - row[0]} early" for row in limits if row[4]]
    return [
        Check(
            name="events with a time within the run",
            count=len(told),
            violations=tuple(f"{source} {number} at {at}" for at, source, number in outside),
        ),
        Check(name="time limits that acted, none early", count=len(limits), violations=(*early,)),
    ]


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled, early or stuck."""
    options = arguments("tests.fault.clocks", __doc__).parse_args(words)
    compiler = shutil.which("cc")
    if compiler is None:
        print("skipped: there is no C compiler; apt-get install gcc libc6-dev")
        return 0
    folder = new_folder()
    folder.chmod(0o755)  # the database's account reads the clock in it
    clock = WallClock(folder, compiler)
    plant = Plant(
        folder / "data",
        port=options.port,
        speed=options.speed,
        command=altered.command(folder, {altered.EVERY: clock.variables}),
    )
    return carry_out(plant, options.seed, lambda campaign: jump(campaign, clock), checked_times)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
