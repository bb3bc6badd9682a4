"""Fixtures of the station tests."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import yaml

from deploy.broker import Broker
from deploy.contracts import service_named
from deploy.postgres import PostgresServer
from services.execution.domain import WorkMaster
from shared.app import Service
from shared.db import migrate
from tests.station.bench import Ground, ground
from tests.station.plc_floor import Line, plc_line

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def work_masters() -> list[WorkMaster]:
    """The pilot plant's products."""
    document = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
    return [WorkMaster.model_validate(item) for item in document["execution"]["work_masters"]]


@pytest.fixture(scope="session")
async def bench_ground(
    postgres_server: PostgresServer, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Ground:
    """What the benches of this session share."""
    return await ground(postgres_server, broker, tmp_path_factory.mktemp("ground"))


@pytest.fixture(scope="session")
async def line(
    postgres_server: PostgresServer, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Line]:
    """The plc service with its OPC UA server; its lots have names of their own in each test."""
    async with plc_line(postgres_server, broker, tmp_path_factory.mktemp("plc")) as running:
        yield running


@pytest.fixture
async def formation(new_database: Callable[[], str]) -> AsyncIterator[Service]:
    """The formation service over a database of its own, wired but not running."""
    url = new_database()
    migrate(url, ROOT / "services/formation/migrations")
    service = service_named("formation", url)
    yield service
    await service.http.aclose()
    await service.database.close()


@pytest.fixture
async def http(formation: Service) -> AsyncIterator[httpx.AsyncClient]:
    """What asks that formation service over HTTP."""
    transport = httpx.ASGITransport(app=formation.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://f") as client:
        yield client
