"""Lets broker, two readers of all events, and the database hang for long while the plant works on.

`python -m tests.fault.outages --away-s 180`: memory, warnings and how long it takes to drain; exit
code 1 on a violation. The database is frozen with all its sessions, for 60 s whatever the option.
"""

import sys
import time
from collections.abc import Sequence

from deploy.data_folder import DataFolder
from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Check
from tests.fault.watch import Seen, grown, memory_mb, overview, watch
from tests.plant import Plant

MOST_GROWTH_MB = 60.0
QUIET_FOR_S = 20.0
ALARM = "events_wait"
LOG_LINE = "events wait"
READERS = ("trace", "quality")
DATABASE_AWAY_S = 60.0  # longer than a service waits for an answer


def broker_away(campaign: Campaign, away_s: float) -> list[Check]:
    """Let the broker hang."""
    seen, grew = _hang(campaign, ["mosquitto"], away_s)
    logs = DataFolder(campaign.plant.data_dir).logs
    told = [path.stem for path in logs.glob("*.log") if LOG_LINE in path.read_text()]
    wrong = []
    if ALARM not in seen.alarms:
        wrong.append(f"no alarm {ALARM}")
    if not told:
        wrong.append(f"no service logged that {LOG_LINE}")
    if seen.oldest_s < away_s / 2:
        wrong.append(f"the oldest waiting event was told to be {seen.oldest_s:.0f} s old")
    return [Check(name="broker away told", count=len(told), violations=(*wrong,)), grew]


def readers_away(campaign: Campaign, away_s: float) -> list[Check]:
    """Let the readers of all events hang."""
    seen, grew = _hang(campaign, READERS, away_s)
    wrong = [f"{name} was told to be ready" for name in READERS if name not in seen.unready]
    if not seen.behind_count:
        wrong.append("nothing told that events wait for the readers")
    return [Check(name="readers away told", count=len(READERS), violations=(*wrong,)), grew]


def database_away(campaign: Campaign) -> list[Check]:
    """Freeze the database, its locks held and its connections open."""
    seen, grew = _hang(campaign, ["postgres"], DATABASE_AWAY_S)
    wrong = [f"{name} was told to be ready" for name in campaign.urls if name not in seen.unready]
    return [Check(name="database away told", count=len(campaign.urls), violations=(*wrong,)), grew]


def _hang(campaign: Campaign, names: Sequence[str], away_s: float) -> tuple[Seen, Check]:
    """Stop processes, let them go on, and wait until every event is read; print what was seen."""
    what = " and ".join(names)
    campaign.keep_busy()
    watch(campaign, QUIET_FOR_S)
    before_mb = memory_mb(campaign.pid)
    found = victims.running(campaign.pid)
    campaign.keep_busy()
    frozen = [process for name in names for process in victims.freeze(found[name])]
    try:
        seen = watch(campaign, away_s)
    finally:
        victims.thaw(frozen)
    began_s = time.monotonic()
    campaign.plant.wait_for(lambda: campaign.is_ready() and _is_read(campaign), RECOVERED_WITHIN_S)
    print(f"{what} hung for {away_s:.0f} s: {seen}")
    print(f"drained {time.monotonic() - began_s:.1f} s after; memory before, most growth:")
    grew = grown(f"{what} away", before_mb, seen.memory_mb, MOST_GROWTH_MB)
    print("after: " + _told(memory_mb(campaign.pid)), flush=True)
    return seen, grew


def _is_read(campaign: Campaign) -> bool:
    services = overview(campaign).get("services", ())
    return bool(services) and not any(item["behind_count"] or item["late"] for item in services)


def _told(used_mb: dict[str, float]) -> str:
    return ", ".join(f"{name} {mb:.0f} MB" for name, mb in sorted(used_mb.items()))


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    parser = arguments("tests.fault.outages", __doc__)
    parser.add_argument("--away-s", type=float, default=180.0)
    options = parser.parse_args(words)
    plant = Plant(new_folder() / "data", port=options.port, speed=options.speed)

    def all_of_them(campaign: Campaign) -> list[Check]:
        return [
            *broker_away(campaign, options.away_s),
            *readers_away(campaign, options.away_s),
            *database_away(campaign),
        ]

    return carry_out(plant, options.seed, all_of_them)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
