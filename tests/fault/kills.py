"""Kills the parts of a running plant at random and proves that nothing was lost or done twice.

`python -m tests.fault.kills --kills 200 --seed 1`: prints a table; exit code 1 on a violation.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Check
from tests.plant import Plant

WAITS_FOR_RECOVERY_RATIO = 0.25
LONGEST_PAUSE_S = 3.0


def kill_at_random(campaign: Campaign, kill_count: int, draw: random.Random) -> list[Check]:
    """Kill so often, each time another part or the same; return how often which was killed."""
    killed: Counter[str] = Counter()
    while killed.total() < kill_count:
        campaign.keep_busy()
        found = victims.running(campaign.pid)
        name = draw.choice(sorted(found))
        if victims.kill(found[name]):
            killed[name] += 1
            print(f"kill {killed.total()}: {name}", flush=True)
        if draw.random() < WAITS_FOR_RECOVERY_RATIO:
            campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))
    return [
        Check(name=f"kills of {name}", count=count, violations=())
        for name, count in sorted(killed.items())
    ]


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    parser = arguments("tests.fault.kills", __doc__)
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args(words)
    draw = random.Random(options.seed)
    plant = Plant(new_folder() / "data", port=options.port, speed=options.speed)
    return carry_out(
        plant, options.seed, lambda campaign: kill_at_random(campaign, options.kills, draw)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
