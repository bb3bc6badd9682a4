"""Runs the whole plant on virtual time under drawn faults, a seed after the other.

`python -m tests.fault.simulation --seeds 1000 [--first N]`: a seed replays its run to the last
event, in any process; exit code 1 when an invariant broke, with the seed, its faults and what was
violated.
"""

import argparse
import asyncio
import gc
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from deploy.postgres import PostgresServer
from shared.db import migrate
from simulators.opcua_server import node_sets_dir, read_type_nodes
from tests.fault import invariants
from tests.fault.chance import Chance, Fault
from tests.fault.database import Ledger
from tests.fault.faults import TESTER, draw_faults
from tests.fault.loop import StuckError, VirtualLoop
from tests.fault.plant import ORDER, ROOT, RUNNING, Ground, VirtualPlant, ground_on

FAULTS_UNTIL_S = 110.0
DRAINED_WITHIN_S = 300.0
LOOK_S = 1.0
QUIET_LOOKS = 3
STATIONS = (
    *("mill-1", "mill-2", "dryer-1", "press-1", "furnace-1", "furnace-2", "furnace-3", "gauge-1"),
    *("eap-1", "eap-2", "laminator-1", "sealer-1", "rack-1", "analyser-1", "dryroom-1"),
    TESTER,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one seed ended; `digest` is over everything said, run and done, in order."""

    seed: int
    faults: tuple[Fault, ...]
    violations: tuple[str, ...]
    digest: str
    graded_count: int
    event_count: int
    virtual_s: float
    took_s: float
    happened: Counter[str]

    def told(self) -> str:
        """Return the outcome in a line, and all of a failure below it."""
        line = (
            f"seed {self.seed}: {self.event_count} events, {self.graded_count} cells graded, "
            f"{self.virtual_s:.0f} virtual s in {self.took_s:.1f} s, {self.digest[:12]}"
        )
        if not self.violations:
            return line
        drawn = [f"    {fault}" for fault in self.faults]
        broken = [f"    {sentence}" for sentence in self.violations]
        return "\n".join([f"{line} FAILED", "  faults:", *drawn, "  violated:", *broken])


@contextmanager
def ground_of(server: PostgresServer, folder: Path) -> Iterator[Ground]:
    """Make the databases and read what all seeds share; takes some seconds."""
    asyncio.run(read_type_nodes(node_sets_dir()))
    ledgers = {}
    for name in RUNNING:
        server.ensure_database(f"virtual_{name}")
        url = server.url(f"virtual_{name}")
        migrate(url, ROOT / "services" / name / "migrations")
        ledgers[name] = Ledger(url)
        ledgers[name].prepare()
    yield ground_on(ledgers, folder)
    for name, ledger in ledgers.items():
        ledger.close()
        server.drop_database(f"virtual_{name}")


@contextmanager
def ground_at(url: str, folder: Path) -> Iterator[Ground]:
    """Use databases as another process has left them ready; `url` has {} for the service."""
    asyncio.run(read_type_nodes(node_sets_dir()))
    ledgers = {name: Ledger(url.format(name)) for name in RUNNING}
    for ledger in ledgers.values():
        ledger.prepare()
    yield ground_on(ledgers, folder)
    for ledger in ledgers.values():
        ledger.close()


@contextmanager
def ground_of_its_own() -> Iterator[Ground]:
    """Start a database server for this process alone."""
    with tempfile.TemporaryDirectory(prefix="halite-") as name:
        folder = Path(name)
        server = PostgresServer(folder / "postgres", folder / "log", durable=False)
        server.start()
        try:
            with ground_of(server, folder) as ground:
                yield ground
        finally:
            server.stop()


def run_seed(ground: Ground, seed: int, extra: Sequence[Fault] = ()) -> Outcome:
    """Run one seed to its end; `extra` faults come on top of the drawn ones."""
    began_s = time.perf_counter()
    for ledger in ground.ledgers.values():
        ledger.reset()
    loop = VirtualLoop()
    faults = (*draw_faults(seed, RUNNING, STATIONS, FAULTS_UNTIL_S), *extra)
    chance = Chance(seed=seed, now=loop.time, faults=faults)
    collecting = gc.isenabled()
    gc.disable()  # what a collection ends would run at a moment of its own
    try:
        asyncio.set_event_loop(loop)
        outcome = loop.run_until_complete(_run(ground, loop, chance))
    finally:
        end_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()
        if collecting:
            gc.enable()
        gc.collect()
    return replace(outcome, took_s=time.perf_counter() - began_s)


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """End what was cancelled with its service and has had no turn since."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


async def _run(ground: Ground, loop: VirtualLoop, chance: Chance) -> Outcome:
    plant = VirtualPlant(ground, loop, chance)
    books = invariants.Books(plant)
    await plant.start()
    await plant.post("http://execution/work-schedules", ORDER, "application/yaml")
    last_s = max((fault.at_s + fault.for_s for fault in chance.faults), default=0.0)
    quiet, give_up_s = 0, max(last_s, FAULTS_UNTIL_S) + DRAINED_WITHIN_S
    while loop.time() < give_up_s and quiet < QUIET_LOOKS:
        await asyncio.sleep(LOOK_S)
        still = loop.time() > last_s and invariants.at_rest(books)
        quiet = quiet + 1 if still else 0
    broken = invariants.violations(books) + await invariants.chain_violations(books)
    graded = "SELECT count(*) FROM lot WHERE grade IS NOT NULL"
    outcome = Outcome(
        seed=chance.seed,
        faults=chance.faults,
        violations=tuple(broken),
        digest=invariants.digest(books),
        graded_count=books.rows("execution", graded)[0][0],
        event_count=sum(len(books.said(name)) for name in RUNNING),
        virtual_s=loop.time(),
        took_s=0.0,
        happened=Counter(chance.counts),
    )
    await plant.stop()
    return outcome


def main(words: Sequence[str]) -> int:
    """Run seeds; return 1 when an invariant broke in one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--on", help="databases left ready by another process, {} the service")
    options = parser.parse_args(words)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    failed: list[int] = []
    happened: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="halite-") as name,
        ground_at(options.on, Path(name)) if options.on else ground_of_its_own() as ground,
    ):
        for seed in range(options.first, options.first + options.seeds):
            try:
                outcome = run_seed(ground, seed)
            except StuckError as error:
                print(f"seed {seed}: {error}", flush=True)
                failed.append(seed)
                continue
            print(outcome.told(), flush=True)
            happened.update(outcome.happened)
            failed += [seed] if outcome.violations else []
    print(", ".join(f"{count} {kind}" for kind, count in sorted(happened.items())))
    print(f"{options.seeds} seeds, {len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
