"""Kills one or the other of two replicas of each service in a running plant, and closes its books.

`python -m tests.fault.twins --kills 100 --seed 1`: prints a table; exit code 1 on a violation.
The second replicas stand beside the plant, with its database server, broker, folder and clock; the
other services know the first ones alone, as they know the one address of a service.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from deploy.data_folder import DataFolder
from deploy.processes import Child, ChildSpec
from shared.settings import SERVICES
from tests.conftest import free_port
from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Books, Check
from tests.plant import Plant
from tests.station.replicas_ground import HOLDER

SCALABLE = tuple(name for name in SERVICES if name not in ("plc", "gateway"))
TWIN = "second"
WAITS_FOR_RECOVERY_RATIO = 0.25
LONGEST_PAUSE_S = 3.0
TAKEN_OVER_WITHIN_S = 15.0
LOOK_S = 0.2


@dataclass
class Takeovers:
    """How often who drove the stations of a service was killed, and what the next one took."""

    count: int = 0
    longest_s: float = 0.0
    late: tuple[str, ...] = ()


class Twins:
    """The second replicas of a plant's services."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._children: dict[str, Child] = {}
        self._twin_urls: dict[str, str] = {}
        self.killed: Counter[str] = Counter()
        self.takeovers = Takeovers()

    def start(self) -> None:
        """Start a second replica of each service, in the surroundings of its first one."""
        logs = DataFolder(self._campaign.plant.data_dir).logs
        firsts = victims.running(self._campaign.pid)
        for service in SCALABLE:
            port = free_port()
            self._twin_urls[service] = f"https://127.0.0.1:{port}"
            own = {
                "HALITE_REPLICA": TWIN,
                "HALITE_PORT": str(port),
                "PGAPPNAME": TWIN,
            }
            spec = ChildSpec(
                name=f"{service}-{TWIN}",
                command=(sys.executable, "-m", f"services.{service}.main"),
                environment={**firsts[service].environ(), **own},
            )
            self._children[service] = Child(spec, logs)
            self._children[service].start()

    def stop(self) -> None:
        """End them in order."""
        for child in self._children.values():
            child.ask_to_stop()
        for child in self._children.values():
            child.stop()

    def is_ready(self) -> bool:
        """Say whether both replicas of each service say that they are ready."""
        return all(map(self._answers, self._twin_urls.values())) and self._campaign.is_ready()

    def _answers(self, url: str) -> bool:
        """Say whether the replica at an address says that it is ready."""
        try:
            with self._campaign.client() as client:
                return client.get(f"{url}/readyz").is_success
        except httpx.HTTPError:
            return False

    def kill_one(self, draw: random.Random, books: Books) -> None:
        """Kill a replica at random; a twin comes back at once, a first one by its plant."""
        service, twin = draw.choice(SCALABLE), draw.random() < 0.5
        drives = _holder(books, service) == (TWIN if twin else "")
        heir = (self._campaign.urls if twin else self._twin_urls)[service]
        heir_ready = drives and self._answers(heir)
        if twin:
            self._children[service].kill()
        else:
            first = victims.running(self._campaign.pid).get(service)
            if first is None or not victims.kill(first):
                return
        name = f"{service}-{TWIN}" if twin else service
        self.killed[name] += 1
        print(f"kill {self.killed.total()}: {name}{', which drove' if drives else ''}", flush=True)
        if heir_ready:  # one that starts itself takes as long as its start
            self._take_over(service, books)
        if twin:
            self._children[service].start()

    def _take_over(self, service: str, books: Books) -> None:
        began_s = time.monotonic()
        while _holder(books, service) is None and time.monotonic() - began_s < 60.0:
            time.sleep(LOOK_S)
        took_s = time.monotonic() - began_s
        self.takeovers.count += 1
        self.takeovers.longest_s = max(self.takeovers.longest_s, took_s)
        if took_s > TAKEN_OVER_WITHIN_S:
            self.takeovers.late += (f"{service}: {took_s:.1f} s",)

    def checks(self) -> list[Check]:
        """Return what was killed, how the others took over, and what failed on the way."""
        logs = DataFolder(self._campaign.plant.data_dir).logs
        failed = [
            f"{path.stem}: {line}"
            for path in sorted(logs.glob("*.log"))
            for line in path.read_text().splitlines()
            if "loop failed" in line
        ]
        longest = f"takeovers, the longest {self.takeovers.longest_s:.1f} s"
        return [
            *(
                Check(name=f"kills of {name}", count=count, violations=())
                for name, count in sorted(self.killed.items())
            ),
            Check(name=longest, count=self.takeovers.count, violations=self.takeovers.late),
            Check(name="loops that failed", count=len(failed), violations=tuple(failed)),
        ]


def _holder(books: Books, service: str) -> str | None:
    """Return who does what one replica does alone: the twin's name, "" the first, None nobody."""
    found = books.rows(service, HOLDER.replace(":name", f"'{service}'"))
    return None if not found else str(found[0][0])


def kill_replicas(twins: Twins, campaign: Campaign, kill_count: int, draw: random.Random) -> None:
    """Kill replicas so often while orders are worked on."""
    books = Books(campaign.plant.data_dir)
    twins.start()
    campaign.plant.wait_for(twins.is_ready, RECOVERED_WITHIN_S)
    while twins.killed.total() < kill_count:
        campaign.keep_busy()
        twins.kill_one(draw, books)
        if draw.random() < WAITS_FOR_RECOVERY_RATIO:
            campaign.plant.wait_for(twins.is_ready, RECOVERED_WITHIN_S)
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    parser = arguments("tests.fault.twins", __doc__)
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args(words)
    draw = random.Random(options.seed)
    plant = Plant(
        new_folder() / "data",
        port=options.port,
        speed=options.speed,
        command=("tests.fault.pairs",),
    )
    made: list[Twins] = []

    def faults(campaign: Campaign) -> list[Check]:
        made.append(Twins(campaign))
        kill_replicas(made[0], campaign, options.kills, draw)
        return []

    def after(_: Campaign) -> list[Check]:
        made[0].stop()
        return made[0].checks()

    try:
        return carry_out(plant, options.seed, faults, after)
    finally:
        for twins in made:
            twins.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
