"""Sets the wall clock of a whole running plant forward and back by an hour, then checks its books.

`python -m tests.fault.clocks`: every process of the plant, database and broker included, runs under
libfaketime; exit code 1 on a violation, 0 with the reason where libfaketime is missing.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from shared.clock import read_clock
from tests.fault import altered, victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Books, Check
from tests.fault.watch import watch
from tests.plant import Plant

DEBIAN_LIBRARIES = Path("/usr/lib")
JUMPS = ("+3600", "-3600")  # seconds beside the true time
TRUE = "+0"
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

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self.set(TRUE)
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """Set it to so many seconds beside the true time."""
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(f"{offset}\n")
        unfinished.chmod(0o644)
        unfinished.replace(self._file)


def jump(campaign: Campaign, clock: WallClock) -> list[Check]:
    """Set the clock forward, right, back and right again while orders go on."""
    wrong = []
    for offset in JUMPS:
        campaign.keep_busy()
        clock.set(offset)
        victims.kill(victims.running(campaign.pid)[RESTARTED])
        seen = watch(campaign, JUMPED_FOR_S)
        print(f"wall clock {offset} s: {seen}", flush=True)
        if ALARM not in seen.alarms:
            wrong.append(f"no alarm {ALARM} at {offset} s")
        clock.set(TRUE)
        watch(campaign, TRUE_FOR_S)
        campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
        if ALARM in watch(campaign, 2.0).alarms:
            wrong.append(f"the alarm {ALARM} stands though the clock is right again")
    return [
        Check(name="jumps of the wall clock told and ended", count=len(JUMPS), violations=(*wrong,))
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
    library = next(DEBIAN_LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        print("skipped: libfaketime is missing; apt-get install faketime")
        return 0
    folder = new_folder()
    folder.chmod(0o755)  # the database's account reads the clock in it
    clock = WallClock(folder / "wall-clock", library)
    plant = Plant(
        folder / "data",
        port=options.port,
        speed=options.speed,
        command=altered.command(folder, {altered.EVERY: clock.variables}),
    )
    return carry_out(plant, options.seed, lambda campaign: jump(campaign, clock), checked_times)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
