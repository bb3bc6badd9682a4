"""A plant under faults: kept busy, then drained, and its books closed.

What ends a campaign, SIGTERM included, ends its plant in order.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import httpx

from deploy.data_folder import DataFolder
from deploy.ports import Ports
from deploy.servicecalls import knowing
from shared.errors import InvalidInputError
from tests.fault.ledger import SHOWN, STATION_SERVICES, Books, Check, checks
from tests.fault.orders import Orders, goes_on
from tests.plant import Plant

ORDERS_AT_ONCE = 2
NEXT_ORDER_AFTER_S = 90.0
RECOVERED_WITHIN_S = 120.0
DRAINED_WITHIN_S = 900.0
QUIET_S = 10.0
IN_MOTION = """
    SELECT count(*) FROM job_order j
    WHERE j.state IN ('allowed_to_start', 'running')
       OR j.state = 'not_allowed_to_start' AND j.reason IS NULL AND NOT EXISTS (
           SELECT 1 FROM lot_hold h
           WHERE j.body -> 'materials' @> jsonb_build_array(
               jsonb_build_object('lot_id', h.lot_id)))"""
SAID = "SELECT count(*) FROM outbox"


class Campaign:
    """One plant with orders under way, and what its books say in the end."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.urls = Ports(first=plant.port).service_urls()
        self.orders = Orders(plant)
        self._last_order_s = 0.0
        self.drained_after_s = 0.0

    @property
    def pid(self) -> int:
        """The process of the plant.

        Raises:
            AssertionError: it has ended.
        """
        if self.plant.process is None or self.plant.process.poll() is not None:
            raise AssertionError(f"the plant ended: {self.plant.last_words()}")
        return self.plant.process.pid

    def prepare(self) -> None:
        """Give the plant its master data."""
        self.orders.post_master_data()

    def checked(self) -> list[Check]:
        """Let the plant drain and return what the books say."""
        began_s = time.monotonic()
        books = Books(self.plant.data_dir)
        self.plant.wait_for(self.is_ready, RECOVERED_WITHIN_S)
        quiet = _Quiet(QUIET_S)
        finished = _within(lambda: quiet.since(self._picture(books)), DRAINED_WITHIN_S)
        self.drained_after_s = time.monotonic() - began_s
        found = asyncio.run(checks(books, self.orders.cells(), self._ordered_count()))
        return [*found, self._chain(), self._drain(finished, books)]

    def is_ready(self) -> bool:
        """Say whether every service says that it is ready."""
        try:
            with self.client() as client:
                answers = [client.get(f"{url}/readyz") for url in self.urls.values()]
        except (httpx.HTTPError, InvalidInputError):
            return False
        return all(answer.is_success for answer in answers)

    def client(self, timeout: float = 30.0, headers: dict[str, str] | None = None) -> httpx.Client:
        """Return what knows the services of the plant by its authority. timeout: seconds.

        Raises:
            InvalidInputError: the plant has no certificates yet.
        """
        known = knowing(DataFolder(self.plant.data_dir))
        return httpx.Client(verify=known, trust_env=False, timeout=timeout, headers=headers)

    def told(self) -> str:
        """Return how many orders there are and what became of their cells."""
        cells = self.orders.cells()
        ends = Counter(
            cell["disposition"] or ("goes on" if goes_on(cell) else "finished") for cell in cells
        )
        words = ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))
        graded = sum(cell["grade"] is not None for cell in cells)
        return f"{len(self.orders.posted)} orders: {words}; {graded} graded"

    def keep_busy(self) -> None:
        """Post one more order when too few go on."""
        waited_s = time.monotonic() - self._last_order_s
        if waited_s > NEXT_ORDER_AFTER_S or self.orders.open_count() < ORDERS_AT_ONCE:
            self.orders.post_next()
            self._last_order_s = time.monotonic()

    def _picture(self, books: Books) -> tuple[bool, Any]:
        """Return whether nothing moves, and what must stay the same for that to be believed."""
        moving = sum(books.rows(service, IN_MOTION)[0][0] for service in STATION_SERVICES)
        said = {service: books.rows(service, SAID)[0][0] for service in self.urls}
        kept = books.rows("trace", "SELECT count(*) FROM record")[0][0]
        complete = kept == sum(said.values()) - said["trace"]
        cells = self.orders.cells()
        standing = [(cell["cell_id"], cell["state"], cell["reason"]) for cell in cells]
        return moving == 0 and complete and bool(cells), standing

    def _ordered_count(self) -> int:
        return sum(order.part_count for order in self.orders.posted)

    def _chain(self) -> Check:
        answer = self.plant.get("/api/trace/record/verify")
        wrong = () if answer["ok"] else (f"wrong from position {answer['first_wrong_position']}",)
        return Check(
            name="records under valid seals", count=answer["sealed_count"], violations=wrong
        )

    def _drain(self, finished: bool, books: Books) -> Check:
        wrong = [] if finished else [f"not quiet in {DRAINED_WITHIN_S:.0f} s", *self._moving(books)]
        wrong += [told for told in self.waiting() if "has not decided" in told]
        return Check(name="orders drained", count=len(self.orders.posted), violations=(*wrong,))

    def waiting(self) -> list[str]:
        """Return the cells that are neither released, held nor finished, each with its reason."""
        return [
            f"{cell['cell_id']} stands before {cell['operation']}: {cell['reason']}"
            for cell in self.orders.cells()
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


def arguments(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return a command line with what every campaign takes."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=23080)
    parser.add_argument("--speed", type=float, default=1500.0)
    return parser


def new_folder() -> Path:
    """Return an empty folder for a campaign."""
    return Path(tempfile.mkdtemp(prefix="halite-fault-"))


Part = Callable[[Campaign], Sequence[Check]]


def nothing_more(_: Campaign) -> Sequence[Check]:
    """Check nothing beyond the books that every campaign closes."""
    return ()


def carry_out(plant: Plant, seed: int, faults: Part, after: Part = nothing_more) -> int:
    """Start a plant, make the faults, close its books; 1 when something was lost or stuck.

    `faults`, and `after` once the plant has drained, return what they found themselves. The folder
    that the plant's data folder stands in is removed when all is well.
    """
    signal.signal(signal.SIGTERM, _leave)
    began_s = time.monotonic()
    try:
        plant.start()
        campaign = Campaign(plant)
        campaign.prepare()
        found = [*faults(campaign), *campaign.checked(), *after(campaign)]
        print(f"seed {seed}: {time.monotonic() - began_s:.0f} s\n{table(campaign, found)}")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        plant.stop()
        plant.http.close()
    folder = plant.data_dir.parent
    if any(check.violations for check in found):
        print(f"Violated with seed {seed}; the plant's folder is kept: {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def table(campaign: Campaign, found: Sequence[Check]) -> str:
    """Return the outcome for people."""
    lines = [campaign.told(), *(f"  {told}" for told in campaign.waiting())]
    lines.append(f"drained {campaign.drained_after_s:.0f} s after the last fault")
    for check in found:
        lines.append(f"  {check.name:42} {check.count:6}  {len(check.violations)} violations")
        lines += [f"      {violation}" for violation in check.violations[:SHOWN]]
    return "\n".join(lines)


def _leave(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)
