"""Spoils every link of a running plant at random over proxies, then checks its books.

`python -m tests.fault.links --minutes 5 --seed 1`: between each service and its database, the
broker, the sources it reads, the stations and the tester; exit code 1 on a violation. Bits flip
only where something guards them: TLS at the broker, a checksum at the sources, OPC UA's signatures
at stations. The tester's line protocol and the database's have nothing.
"""

import asyncio
import contextlib
import json
import multiprocessing
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from deploy.data_folder import DataFolder
from deploy.ports import HOST, Ports, port_of, shifted_plant_file
from deploy.postgres import PostgresServer
from shared.settings import SERVICES, read_plant
from tests.fault import altered
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import Check
from tests.fault.proxy import Proxy, Streams, proxy_to, to_port, to_socket
from tests.plant import ROOT, Plant

STATION_SHIFT, DATABASES, BROKERS, SOURCES = 500, 300, 320, 340  # ports beside the real ones
GUARDED = ("broker", "source", "station")
LONGEST_FAULT_S, LONGEST_PAUSE_S, MOST_AT_ONCE = 25.0, 5.0, 3
LATENCY_S, FLIPS = 0.15, 4
OPEN_WITHIN_S = 20.0
Target = tuple[int, Callable[[], Awaitable[Streams]]]


class Links:
    """All proxies of a plant by the name of their link, in a process of their own.

    In a thread the closing checks would starve them.
    """

    def __init__(self, targets: Mapping[str, Target], draw: random.Random) -> None:
        self._draw = draw
        self._orders, theirs = multiprocessing.Pipe()
        fork = multiprocessing.get_context("fork")  # how to reach a target cannot be pickled
        self._process = fork.Process(target=_serve, args=(targets, theirs), daemon=True)
        self.names = sorted(targets)
        self.made: Counter[str] = Counter()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold all proxies open for as long as the block lasts."""
        self._process.start()
        try:
            if not self._orders.poll(OPEN_WITHIN_S):
                raise AssertionError(f"the proxies did not open within {OPEN_WITHIN_S} s")
            yield
        finally:
            self._process.kill()
            self._process.join(OPEN_WITHIN_S)

    def spoil(self, name: str) -> str:
        """Make a fault on a link; return what was done."""
        kinds = ["latency", "reset", "black hole", "cut"]
        if name.startswith(GUARDED):
            kinds.append("flipped bits")
        kind = self._draw.choice(kinds)
        self._orders.send((name, kind))
        self.made[f"{name.split()[0]}: {kind}"] += 1
        return f"{name}: {kind}"

    def heal(self, name: str) -> None:
        """End every fault of a link."""
        self._orders.send((name, "heal"))


def _serve(targets: Mapping[str, Target], orders: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_pass_on(targets, orders))


async def _pass_on(targets: Mapping[str, Target], orders: Connection) -> None:
    """Hold the proxies open for ever and do what comes over the pipe."""
    async with contextlib.AsyncExitStack() as stack:
        proxies = {
            name: await stack.enter_async_context(proxy_to(connect, port))
            for name, (port, connect) in targets.items()
        }

        def obey() -> None:
            name, kind = orders.recv()
            KINDS[kind](proxies[name])

        asyncio.get_running_loop().add_reader(orders.fileno(), obey)
        orders.send("open")
        await asyncio.Event().wait()


def _slow(proxy: Proxy) -> None:
    proxy.latency_s = LATENCY_S


def _flip(proxy: Proxy) -> None:
    proxy.flip_at = lambda chunk: random.randrange(len(chunk))
    proxy.flips["there"] = proxy.flips["back"] = FLIPS


def _heal(proxy: Proxy) -> None:
    proxy.latency_s = 0.0
    proxy.flips.clear()
    proxy.heal()


KINDS: dict[str, Callable[[Proxy], None]] = {
    "latency": _slow,
    "reset": Proxy.reset,
    "black hole": Proxy.hole,
    "cut": Proxy.cut,
    "flipped bits": _flip,
    "heal": _heal,
}


def targets_of(data: DataFolder, ports: Ports, plant_file: Path) -> dict[str, Target]:
    """Return for each link the port of its proxy and how to reach what is behind it."""
    server = PostgresServer(data.postgres, data.logs)
    found: dict[str, Target] = {}
    for number, name in enumerate(SERVICES):
        database = to_socket(str(server.socket_dir / ".s.PGSQL.5432"))
        found[f"database of {name}"] = (ports.first + DATABASES + number, database)
        found[f"broker of {name}"] = (ports.first + BROKERS + number, to_port(ports.mqtt))
        source = to_port(ports.inside(name))
        found[f"source {name}"] = (ports.first + SOURCES + number, source)
    plant = read_plant(plant_file)
    machines = [(f"station {item.equipment_id}", item.endpoint) for item in plant.station]
    machines += [(f"tester {item.equipment_id}", item.endpoint) for item in plant.tester]
    for name, endpoint in machines:
        port = port_of(endpoint)
        found[name] = (port, to_port(port - STATION_SHIFT))
    return found


def additions(targets: Mapping[str, Target], plant_file: Path) -> dict[str, dict[str, str]]:
    """Return what each service is told of the plant around it: all of it over proxies."""
    urls = {name: f"https://{HOST}:{targets[f'source {name}'][0]}" for name in SERVICES}
    return {
        name: {
            "HALITE_DATABASE_URL": f"postgresql+psycopg://halite@{HOST}:"
            f"{targets[f'database of {name}'][0]}/halite_{name}",
            "HALITE_MQTT_URL": f"mqtts://{HOST}:{targets[f'broker of {name}'][0]}",
            "HALITE_SERVICE_URLS": json.dumps(urls),
            "HALITE_PLANT_FILE": str(plant_file),
        }
        for name in SERVICES
    }


def spoil_at_random(
    campaign: Campaign, links: Links, draw: random.Random, for_s: float
) -> list[Check]:
    """Spoil some links at a time and heal them, for so long; return how often which fault."""
    give_up_s = time.monotonic() + for_s
    while time.monotonic() < give_up_s:
        campaign.keep_busy()
        names = draw.sample(links.names, draw.randint(1, MOST_AT_ONCE))
        print("; ".join(links.spoil(name) for name in names), flush=True)
        time.sleep(draw.uniform(0.0, LONGEST_FAULT_S))
        for name in names:
            links.heal(name)
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))
    campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
    return [
        Check(name=name, count=count, violations=()) for name, count in sorted(links.made.items())
    ]


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something was lost, doubled or stuck."""
    parser = arguments("tests.fault.links", __doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args(words)
    draw, folder, ports = random.Random(options.seed), new_folder(), Ports(first=options.port)
    plant_file = folder / "links.toml"
    source = (ROOT / "deploy/plant.toml").read_text()
    plant_file.write_text(shifted_plant_file(source, ports.shift + STATION_SHIFT))
    targets = targets_of(DataFolder(folder / "data"), ports, plant_file)
    plant = Plant(
        folder / "data",
        port=options.port,
        speed=options.speed,
        command=altered.command(folder, additions(targets, plant_file)),
    )
    links = Links(targets, draw)

    def spoil(campaign: Campaign) -> list[Check]:
        return spoil_at_random(campaign, links, draw, 60.0 * options.minutes)

    with links.open():
        return carry_out(plant, options.seed, spoil)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
