"""Draws the faults of a seed: what fails, when, for how long and how hard."""

import random
from collections.abc import Sequence

from tests.fault.bus import BROKER
from tests.fault.chance import WALL_CLOCK, Fault
from tests.fault.loop import SPEED

EVERYBODY = "*"
A_DAY_S = 86_400.0 / SPEED  # of plant time
# Kind of fault: who it can hit, shortest and longest time, weakest and strongest (a chance each
# time, or seconds), and how often it is drawn beside the others.
KINDS: dict[str, tuple[str, tuple[float, float], tuple[float, float], int]] = {
    "crash": ("service", (0.2, 8.0), (0.0, 0.0), 6),
    "crash_before_commit": ("service", (1.0, 8.0), (0.02, 0.2), 2),
    "crash_after_commit": ("service", (1.0, 8.0), (0.02, 0.2), 3),
    "crash_in_call": ("service", (1.0, 8.0), (0.05, 0.5), 3),
    "commit_refused": ("service", (0.5, 8.0), (0.05, 0.5), 2),
    "commit_unknown": ("service", (0.5, 8.0), (0.05, 0.5), 3),
    "database_away": ("service", (0.2, 8.0), (0.0, 0.0), 2),
    "slow_disk": ("service", (1.0, 15.0), (0.008, 1.0), 2),
    "slow_statements": ("service", (1.0, 15.0), (0.001, 0.05), 3),
    "source_down": ("service", (1.0, 15.0), (0.0, 0.0), 2),
    "answer_lost": ("service", (1.0, 15.0), (0.1, 0.9), 1),
    "broker_killed": ("broker", (0.2, 20.0), (0.0, 0.0), 3),
    "puback_lost": ("service", (1.0, 15.0), (0.1, 0.9), 2),
    "drop": ("service", (1.0, 20.0), (0.05, 0.9), 3),
    "duplicate": ("service", (1.0, 20.0), (0.05, 0.9), 3),
    "slow_bus": ("service", (1.0, 20.0), (0.01, 3.0), 2),
    "station_away": ("station", (0.5, 10.0), (0.0, 0.0), 3),
    "call_lost": ("station", (0.5, 15.0), (0.1, 0.7), 3),
    "answer_lost_at_station": ("station", (0.5, 15.0), (0.1, 0.7), 3),
    "jobs_forgotten": ("machine", (0.0, 0.0), (0.0, 0.0), 1),
    "clock_jump": ("clock", (0.5, 30.0), (-3600.0, 3600.0), 2),
    "twin": ("replicated", (5.0, 60.0), (0.0, 0.0), 3),
    "crash_for_a_day": ("service", (A_DAY_S, 1.2 * A_DAY_S), (0.0, 0.0), 1),
    "broker_killed_for_a_day": ("broker", (A_DAY_S, 1.2 * A_DAY_S), (0.0, 0.0), 1),
}
TESTER = "tester-1"
FEWEST, MOST = 8, 60
ALL_RATIO = 0.3  # of the faults hit everybody of their sort at once, where that can be


def draw_faults(
    seed: int, services: Sequence[str], stations: Sequence[str], until_s: float
) -> tuple[Fault, ...]:
    """Return the faults of a seed in the order they begin; all have ended at `until_s`."""
    chance = random.Random(f"{seed} faults")
    names = list(KINDS)
    weights = [KINDS[name][3] for name in names]
    targets = {
        "service": list(services),
        "replicated": list(services),
        "station": list(stations),
        "machine": [station for station in stations if station != TESTER],
        "broker": [BROKER],
        "clock": [WALL_CLOCK],
    }
    found = []
    for name in chance.choices(names, weights, k=chance.randint(FEWEST, MOST)):
        sort, lengths_s, strengths, _ = KINDS[name]
        kind = name.removesuffix("_at_station").removesuffix("_for_a_day")
        many = kind != "crash" and sort in ("service", "station")
        everybody = many and chance.random() < ALL_RATIO
        at_s = chance.uniform(0.0, until_s)
        found.append(
            Fault(
                at_s=at_s,
                kind=kind,
                target=EVERYBODY if everybody else chance.choice(targets[sort]),
                for_s=min(chance.uniform(*lengths_s), until_s - at_s),
                strength=chance.uniform(*strengths),
            )
        )
    return tuple(sorted(found, key=lambda fault: (fault.at_s, fault.kind, fault.target)))
