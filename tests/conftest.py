"""Fixtures that several test folders share."""

import contextlib
import itertools
import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.broker import Broker, find_program
from deploy.postgres import PostgresServer
from tests.plant import ROOT, Plant

PLANT_PORT = 18080
FURNACES_SPEED, CELLS_SPEED = 10_000.0, 2500.0  # plant seconds per wall second

# A machine that tests starve for seconds at a time is not a room whose sensors have died.
SLOW_MACHINE = {"HALITE_LONGEST_GAP_WALL_S": "40", "HALITE_SENSOR_WAIT_WALL_S": "40"}

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("halite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("halite")

_next_ports = itertools.cycle(range(20_000, 32_000))  # below those that clients are given
for _ in range(1_013 * os.getpid() % 12_000):  # test runs side by side begin at other places
    next(_next_ports)


def free_port() -> int:
    """Return a loopback port that is free now and that nobody takes soon."""
    for port in _next_ports:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable: the ports go round for ever")


@pytest.fixture(scope="session")
def floor_dir() -> Iterator[Path]:
    """A folder of this session for servers; pytest's own is closed to their account."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(floor_dir: Path) -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole session, fast because it forgets on power loss."""
    server = PostgresServer(floor_dir / "postgres", floor_dir / "log", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def new_database(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """A function that makes an empty database and returns its SQLAlchemy URL."""
    names: list[str] = []

    def make() -> str:
        names.append(f"test_{uuid.uuid4().hex[:12]}")
        postgres_server.ensure_database(names[-1])
        return postgres_server.url(names[-1])

    yield make
    for name in names:
        postgres_server.drop_database(name)


@pytest.fixture
def fresh_database(new_database: Callable[[], str]) -> str:
    """The SQLAlchemy URL of an empty database of this test's own."""
    return new_database()


@pytest.fixture(scope="session")
def broker(floor_dir: Path) -> Iterator[Broker]:
    """A real mosquitto for the whole session; tests keep apart by topic, site or client id."""
    server = Broker(floor_dir / "broker", free_port(), floor_dir / "log", find_program())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """A mosquitto of this test's own, to be killed (`child.kill()`) and started (`start()`)."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as folder:
        server = Broker(Path(folder) / "broker", free_port(), Path(folder), find_program())
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def plant(floor_dir: Path) -> Iterator[Plant]:
    """The whole plant with its master data; without work yet."""
    (floor_dir / "whole").mkdir()
    data_dir = floor_dir / "whole" / "data"
    whole = Plant(data_dir, port=PLANT_PORT, speed=FURNACES_SPEED, settings=SLOW_MACHINE)
    whole.start()
    master_data = (ROOT / "examples/master-data.yaml").read_bytes()
    reply = whole.post("/api/master-data", master_data, "master-data-1")
    assert reply.status_code in (200, 201), reply.text
    yield whole
    whole.stop()
    whole.http.close()


@pytest.fixture(scope="session")
def begun_order(plant: Plant) -> None:
    """The small order, given twice, with a stop and a second start while its pellets sinter.

    The second start is that of the command line, in the background.

    Powder and pellets may wait, so that time runs fast until then; coated faces may not.
    """
    content = (ROOT / "examples/small-order.yaml").read_bytes()
    reply = plant.post("/api/work-schedules", content, "small-order-1")
    assert reply.status_code == 201, reply.text
    again = plant.post("/api/work-schedules", content, "small-order-1")
    assert (again.status_code, again.json()) == (201, reply.json())
    plant.traceresponse = reply.headers["traceresponse"]
    plant.wait_for(lambda: _runs(plant, "sinter"), 240)
    assert plant.stop() == 0
    plant.speed = CELLS_SPEED
    plant.start_in_background()


def _runs(plant: Plant, operation: str) -> bool:
    orders = plant.get("/api/job-orders", limit=500)["items"]
    return any(j["operation"] == operation and j["state"] == "running" for j in orders)
