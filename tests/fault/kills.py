"""Kills the parts of a running plant at random and proves that nothing was lost or done twice.

`python -m tests.fault.kills --kills 200 --seed 1`: prints a table; exit code 1 on a violation.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from deploy.ports import Ports
from tests.fault import victims
from tests.fault.ledger import SHOWN, STATION_SERVICES, Books, Check, checks
from tests.fault.orders import Orders, goes_on
from tests.plant import Plant

ORDERS_AT_ONCE = 2
NEXT_ORDER_AFTER_S = 90.0
RECOVERED_WITHIN_S = 120.0
DRAINED_WITHIN_S = 900.0
QUIET_S = 10.0
WAITS_FOR_RECOVERY_RATIO = 0.25
LONGEST_PAUSE_S = 3.0
IN_MOTION = """
    SELECT count(*) FROM job_order j
    WHERE j.state IN ('allowed_to_start', 'running')
       OR j.state = 'not_allowed_to_start' AND j.reason IS NULL AND NOT EXISTS (
           SELECT 1 FROM lot_hold h
           WHERE j.body -> 'materials' @> jsonb_build_array(
               jsonb_build_object('lot_id', h.lot_id)))"""
SAID = "SELECT count(*) FROM outbox"


class Campaign:
    """One plant, one seed, many kills."""

    def __init__(self, plant: Plant, seed: int) -> None:
        self._plant, self._random = plant, random.Random(seed)
        self._orders = Orders(plant)
        self._urls = Ports(first=plant.port).service_urls()
        self._last_order_s = 0.0
        self.killed: Counter[str] = Counter()
        self.drained_after_s = 0.0

    def run(self, kill_count: int) -> list[Check]:
        """Kill so often, let the plant drain, and return what the books say."""
        self.prepare()
        while self.killed.total() < kill_count:
            self.keep_busy()
            self._kill_one()
            self._pause()
        return self.checked()

    def prepare(self) -> None:
        """Give the plant its master data."""
        self._orders.post_master_data()

    def checked(self) -> list[Check]:
        """Let the plant drain and return what the books say."""
        began_s = time.monotonic()
        books = Books(self._plant.data_dir)
        self._plant.wait_for(self.is_ready, RECOVERED_WITHIN_S)
        quiet = _Quiet(QUIET_S)
        finished = _within(lambda: quiet.since(self._picture(books)), DRAINED_WITHIN_S)
        self.drained_after_s = time.monotonic() - began_s
        found = asyncio.run(checks(books, self._orders.cells(), self._ordered_count()))
        return [*found, self._chain(), self._drain(finished, books)]

    def is_ready(self) -> bool:
        """Say whether every service says that it is ready."""
        try:
            answers = [self._plant.http.get(f"{url}/readyz") for url in self._urls.values()]
        except httpx.HTTPError:
            return False
        return all(answer.is_success for answer in answers)

    def told(self) -> str:
        """Return how many orders there are and what became of their cells."""
        cells = self._orders.cells()
        ends = Counter(
            cell["disposition"] or ("goes on" if goes_on(cell) else "finished") for cell in cells
        )
        words = ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))
        graded = sum(cell["grade"] is not None for cell in cells)
        return f"{len(self._orders.posted)} orders: {words}; {graded} graded"

    def keep_busy(self) -> None:
        """Post one more order when too few go on."""
        waited_s = time.monotonic() - self._last_order_s
        if waited_s > NEXT_ORDER_AFTER_S or self._orders.open_count() < ORDERS_AT_ONCE:
            self._orders.post_next()
            self._last_order_s = time.monotonic()

    def _kill_one(self) -> None:
        if self._plant.process is None or self._plant.process.poll() is not None:
            raise AssertionError(f"the plant ended: {self._plant.last_words()}")
        found = victims.running(self._plant.process.pid)
        name = self._random.choice(sorted(found))
        if victims.kill(found[name]):
            self.killed[name] += 1
            print(f"kill {self.killed.total()}: {name}", flush=True)

    def _pause(self) -> None:
        if self._random.random() < WAITS_FOR_RECOVERY_RATIO:
            self._plant.wait_for(self.is_ready, RECOVERED_WITHIN_S)
        time.sleep(self._random.uniform(0.0, LONGEST_PAUSE_S))

    def _picture(self, books: Books) -> tuple[bool, Any]:
        """Return whether nothing moves, and what must stay the same for that to be believed."""
        moving = sum(books.rows(service, IN_MOTION)[0][0] for service in STATION_SERVICES)
        said = {service: books.rows(service, SAID)[0][0] for service in self._urls}
        kept = books.rows("trace", "SELECT count(*) FROM record")[0][0]
        complete = kept == sum(said.values()) - said["trace"]
        cells = self._orders.cells()
        standing = [(cell["cell_id"], cell["state"], cell["reason"]) for cell in cells]
        return moving == 0 and complete and bool(cells), standing

    def _ordered_count(self) -> int:
        return sum(order.part_count for order in self._orders.posted)

    def _chain(self) -> Check:
        answer = self._plant.get("/api/trace/record/verify")
        wrong = () if answer["ok"] else (f"wrong from position {answer['first_wrong_position']}",)
        return Check(
            name="records under valid seals", count=answer["sealed_count"], violations=wrong
        )

    def _drain(self, finished: bool, books: Books) -> Check:
        wrong = [] if finished else [f"not quiet in {DRAINED_WITHIN_S:.0f} s", *self._moving(books)]
        wrong += [told for told in self.waiting() if "has not decided" in told]
        return Check(name="orders drained", count=len(self._orders.posted), violations=(*wrong,))

    def waiting(self) -> list[str]:
        """Return the cells that are neither released, held nor finished, each with its reason."""
        return [
            f"{cell['cell_id']} stands before {cell['operation']}: {cell['reason']}"
            for cell in self._orders.cells()
            if goes_on(cell)
        ]

    def _moving(self, books: Books) -> list[str]:
        statement = IN_MOTION.replace("count(*)", "j.job_order_id, j.state")
        rows = [row for service in STATION_SERVICES for row in books.rows(service, statement)]
        return [f"{job_order_id} {state}" for job_order_id, state in rows[:SHOWN]]


class _Quiet:
    """Believes that nothing moves when the picture stays the same for a while."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._picture: Any = None
        self._since_s = time.monotonic()

    def since(self, seen: tuple[bool, Any]) -> bool:
        still, picture = seen
        if not still or picture != self._picture:
            self._picture, self._since_s = picture, time.monotonic()
        return still and time.monotonic() - self._since_s >= self._for_s


def _within(condition: Callable[[], bool], timeout_s: float) -> bool:
    give_up_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= give_up_s:
            return False
        time.sleep(1.0)
    return True


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=23080)
    parser.add_argument("--speed", type=float, default=1500.0)
    options = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="halite-kills-"))
    plant = Plant(folder / "data", port=options.port, speed=options.speed)
    began_s = time.monotonic()
    try:
        plant.start()
        campaign = Campaign(plant, options.seed)
        found = campaign.run(options.kills)
        print(table(campaign, found, options.seed, time.monotonic() - began_s))
    finally:
        plant.stop()
        plant.http.close()
    if any(check.violations for check in found):
        print(f"Violated with seed {options.seed}; the plant's folder is kept: {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def table(campaign: Campaign, found: Sequence[Check], seed: int, took_s: float) -> str:
    """Return the outcome for people."""
    lines = [f"seed {seed}: {campaign.killed.total()} kills in {took_s:.0f} s; {campaign.told()}"]
    lines += [f"  {name:42} {count:6}" for name, count in sorted(campaign.killed.items())]
    lines += [f"  {told}" for told in campaign.waiting()]
    lines.append(f"drained {campaign.drained_after_s:.0f} s after the last kill")
    for check in found:
        lines.append(f"  {check.name:42} {check.count:6}  {len(check.violations)} violations")
        lines += [f"      {violation}" for violation in check.violations[:SHOWN]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
