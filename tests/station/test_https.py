"""The gateway's door over TLS, on a real port."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from fastapi import FastAPI, Request

from deploy.authority import Authority, Part
from deploy.data_folder import DataFolder
from deploy.plant import PlantFiles, service_specs
from deploy.ports import Ports
from services.gateway.https import HttpsDoor
from shared.errors import InvalidInputError
from shared.identity import Identity
from shared.settings import SERVICES
from tests.conftest import free_port

GATEWAY = Part(name="gateway", hosts=("localhost", "127.0.0.1"))


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    Authority(tmp_path / "tls").ensure([GATEWAY])
    return tmp_path / "tls"


@asynccontextmanager
async def served(identity: Identity) -> AsyncIterator[tuple[HttpsDoor, str]]:
    """An app behind the door, and its address."""
    app, port = FastAPI(), free_port()

    @app.get("/scheme")
    def scheme(request: Request) -> str:
        return request.url.scheme

    door = HttpsDoor(app, identity, "127.0.0.1", port)
    serving = asyncio.create_task(door.run())
    async with asyncio.timeout(20.0):
        while not door.started:
            await asyncio.sleep(0.02)
    yield door, f"127.0.0.1:{port}"
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def knowing(tls: Path) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=tls / "gateway/ca.pem")
    return httpx.AsyncClient(verify=context, trust_env=False)


async def test_who_knows_the_authority_is_served_over_tls_and_told_to_stay_there(
    tls: Path,
) -> None:
    async with served(Identity(tls / "gateway")) as (_, address), knowing(tls) as http:
        answer = await http.get(f"https://{address}/scheme")

    assert answer.json() == "https"  # by which cookies are for TLS alone
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_who_speaks_plain_http_gets_no_answer(tls: Path) -> None:
    async with served(Identity(tls / "gateway")) as (_, address), knowing(tls) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(f"http://{address}/scheme")


async def test_a_gateway_with_another_certificate_is_not_believed(
    tls: Path, tmp_path: Path
) -> None:
    Authority(tmp_path / "other").ensure([GATEWAY])
    posing = Identity(tmp_path / "other/gateway")

    async with served(posing) as (_, address), knowing(tls) as http:
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await http.get(f"https://{address}/scheme")


async def test_a_renewed_certificate_is_shown_without_a_restart(tls: Path) -> None:
    identity = Identity(tls / "gateway")
    async with served(identity) as (_, address):
        before = await _shown(tls, address)
        Authority(tls).renew([GATEWAY], ["gateway"])
        identity.take_renewed()

        assert await _shown(tls, address) != before


def test_a_door_without_a_certificate_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"ca\.pem, cert\.pem, key\.pem"):
        HttpsDoor(FastAPI(), Identity(tmp_path), "127.0.0.1", 1)


@pytest.mark.parametrize("port", ["8443", ""])
def test_the_port_for_tls_is_the_gateways_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("HALITE_HTTPS_PORT", port)
    files = PlantFiles(
        data=DataFolder(tmp_path), plant_file=tmp_path, clock_file=tmp_path, nodesets=tmp_path
    )
    specs = service_specs(files, Ports(), dict.fromkeys(SERVICES, ""), "mqtt://127.0.0.1:1")

    given = {s.name for s in specs if s.environment.get("HALITE_HTTPS_PORT") == "8443"}
    assert given == ({"gateway"} if port else set())


async def _shown(tls: Path, address: str) -> int:
    host, port = address.split(":")
    context = ssl.create_default_context(cafile=tls / "gateway/ca.pem")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ssl.SSLError, OSError):
        await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).serial_number
