"""HTTP between services over TLS with the plant's authority, on real ports."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from cryptography import x509
from fastapi import FastAPI, Request

from deploy.authority import Authority, Part, parts_of
from deploy.data_folder import DataFolder
from deploy.local import ready_check
from deploy.plant import PlantFiles, service_specs
from deploy.ports import Ports
from deploy.processes import PROJECT_DIR
from services.gateway.peers import Peers
from services.gateway.settings import GatewaySettings
from shared.door import Door
from shared.errors import InvalidInputError, PersonNeededError, ServiceUnreachableError
from shared.identity import Identity
from shared.serving import CONNECTIONS, calling, served
from shared.settings import SERVICES, ServiceSettings, read_plant
from shared.tokens import Signer, Verifier
from tests.conftest import free_port

QUALITY = Part(name="quality", hosts=("localhost", "127.0.0.1", "quality"))
GATEWAY = Part(name="gateway", hosts=("localhost", "127.0.0.1", "gateway"))
PARTS = (QUALITY, GATEWAY)
PLANT = read_plant(PROJECT_DIR / "deploy/plant.toml")


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    Authority(tmp_path / "tls").ensure(PARTS)
    return tmp_path / "tls"


@asynccontextmanager
async def quality(
    identity: Identity | None, rush: asyncio.Barrier | None = None
) -> AsyncIterator[int]:
    """A service that answers from where it was asked, served as every service is; its port.

    rush: who has to be there before questions of a rush are answered; None: all that one caller
        can ask at once.
    """
    app, port, rush = FastAPI(), free_port(), rush or asyncio.Barrier(CONNECTIONS)

    @app.get("/caller")
    def caller(request: Request) -> dict[str, object]:
        assert request.client is not None
        return {"scheme": request.url.scheme, "port": request.client.port}

    @app.get("/rush")
    async def in_a_rush(request: Request) -> int:
        assert request.client is not None
        await rush.wait()  # until all of it are there, each on a connection of its own
        return request.client.port

    told = served("127.0.0.1", port, identity)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **told))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20.0):
        while not server.started:
            await asyncio.sleep(0.02)
    yield port
    server.should_exit = True
    await serving


@asynccontextmanager
async def gateway(tls: Path, url: str, **others: str) -> AsyncIterator[Peers]:
    """The gateway's way to `quality`, which it takes to be at this address, and to others."""
    urls = {"quality": url, **others}
    async with calling(urls, Identity(tls / "gateway")) as http:
        yield Peers(http, urls, Signer(tls.parent / "tokens", "gateway"))


async def test_a_service_is_asked_over_tls_and_all_requests_take_one_connection(tls: Path) -> None:
    async with (
        quality(Identity(tls / "quality")) as port,
        gateway(tls, f"https://127.0.0.1:{port}") as peers,
    ):
        answers = [await peers.ask("quality", "caller") for _ in range(20)]

    assert {answer["scheme"] for answer in answers} == {"https"}
    assert len({answer["port"] for answer in answers}) == 1


async def test_a_second_rush_of_questions_finds_the_connections_of_the_first(tls: Path) -> None:
    async with (
        quality(Identity(tls / "quality")) as port,
        gateway(tls, f"https://127.0.0.1:{port}") as peers,
    ):
        first, second = [
            set(await asyncio.gather(*(peers.ask("quality", "rush") for _ in range(CONNECTIONS))))
            for _ in range(2)
        ]

    assert len(first) == CONNECTIONS
    assert second == first


async def test_a_service_that_is_slow_takes_the_connections_of_no_other(tls: Path) -> None:
    shown, rush = Identity(tls / "quality"), asyncio.Barrier(CONNECTIONS + 1)
    async with (
        quality(shown, rush) as slow_port,
        quality(shown) as port,
        gateway(tls, f"https://127.0.0.1:{slow_port}", trace=f"https://127.0.0.1:{port}") as peers,
    ):
        asked = [asyncio.create_task(peers.ask("quality", "rush")) for _ in range(CONNECTIONS)]
        async with asyncio.timeout(20.0):
            while rush.n_waiting < CONNECTIONS:
                await asyncio.sleep(0.02)
        with pytest.raises(ServiceUnreachableError, match=f"all {CONNECTIONS} connections to it"):
            await peers.ask("quality", "caller", timeout_s=0.5)
        assert await peers.ask("trace", "caller")
        await rush.wait()
        await asyncio.gather(*asked)
        assert await peers.ask("quality", "caller")


async def test_a_service_of_another_authority_is_not_believed(tls: Path, tmp_path: Path) -> None:
    Authority(tmp_path / "other").ensure(PARTS)

    await expect_refusal(
        tls, Identity(tmp_path / "other/quality"), "quality does not answer: .*verify failed"
    )


async def test_a_service_whose_certificate_has_ended_is_not_believed(tmp_path: Path) -> None:
    tls = tmp_path / "tls"
    Authority(tls).ensure(PARTS, now=datetime.now(UTC) - timedelta(days=731))

    await expect_refusal(tls, Identity(tls / "quality"), "certificate has expired")


async def test_a_service_that_shows_the_certificate_of_another_host_is_not_believed(
    tmp_path: Path,
) -> None:
    tls = tmp_path / "tls"
    Authority(tls).ensure([Part(name="quality", hosts=("trace",)), GATEWAY])

    await expect_refusal(tls, Identity(tls / "quality"), "certificate is not valid for '127.0.0.1'")


async def test_a_service_that_speaks_plain_http_is_not_believed(tls: Path) -> None:
    await expect_refusal(tls, None, "it speaks plain HTTP where this plant speaks TLS")


async def expect_refusal(tls: Path, shown: Identity | None, reason: str) -> None:
    async with quality(shown) as port, gateway(tls, f"https://127.0.0.1:{port}") as peers:
        with pytest.raises(ServiceUnreachableError, match=reason):
            await peers.ask("quality", "caller")


async def test_who_speaks_plain_http_to_a_service_gets_no_answer_and_is_told_why(
    tls: Path,
) -> None:
    async with (
        quality(Identity(tls / "quality")) as port,
        gateway(tls, f"http://127.0.0.1:{port}") as peers,
    ):
        with pytest.raises(ServiceUnreachableError, match="It may speak TLS alone"):
            await peers.ask("quality", "caller")


async def test_a_renewed_certificate_is_shown_while_kept_connections_go_on(tls: Path) -> None:
    identity = Identity(tls / "quality")
    async with quality(identity) as port, gateway(tls, f"https://127.0.0.1:{port}") as peers:
        before = await peers.ask("quality", "caller")
        shown = await serial_at(tls, port)
        renewing = asyncio.create_task(identity.keep_renewed(look_s=0.02))
        Authority(tls).renew(PARTS, ["quality"])

        async with asyncio.timeout(20.0):
            while await serial_at(tls, port) == shown:
                await asyncio.sleep(0.02)
        assert await peers.ask("quality", "caller") == before
        renewing.cancel()


async def test_a_start_of_the_plant_ends_at_a_certificate_that_is_not_its_own(
    tls: Path, tmp_path: Path
) -> None:
    Authority(tmp_path / "other").ensure(PARTS)
    known = Identity(tls / "gateway").as_client()

    async with quality(Identity(tmp_path / "other/quality")) as port:
        with (
            httpx.Client(verify=known, trust_env=False) as client,
            pytest.raises(PersonNeededError, match="is not to be believed"),
        ):
            await asyncio.to_thread(ready_check(client, f"https://127.0.0.1:{port}"))


async def serial_at(tls: Path, port: int) -> int:
    context = ssl.create_default_context(cafile=tls / "gateway/ca.pem")
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ssl.SSLError, OSError):
        await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).serial_number


def test_addresses_by_tls_need_the_authority_of_the_plant() -> None:
    with pytest.raises(InvalidInputError, match=r"https://quality:8086 .*halite certs make"):
        calling({"quality": "https://quality:8086"}, None)


def test_a_plant_speaks_tls_as_a_whole_or_not_at_all() -> None:
    urls = {"quality": "http://quality:8086", "trace": "https://trace:8087"}

    with pytest.raises(ValueError, match="all http:// or all https://: quality http://quality"):
        ServiceSettings(service="quality", port=8086, database_url="", service_urls=urls)


@pytest.mark.parametrize("ports", [Ports(), Ports(named_hosts=True)])
def test_each_service_is_called_by_a_name_that_stands_in_its_certificate(ports: Ports) -> None:
    hosts = {part.name: part.hosts for part in parts_of(PLANT)}

    for name, url in ports.service_urls().items():
        assert url.startswith("https://") and urlsplit(url).hostname in hosts[name], name


def test_the_gateway_is_called_at_a_port_that_persons_do_not_come_to(tmp_path: Path) -> None:
    files = PlantFiles(
        data=DataFolder(tmp_path), plant_file=tmp_path, clock_file=tmp_path, nodesets=tmp_path
    )
    specs = service_specs(files, Ports(), dict.fromkeys(SERVICES, ""), "mqtt://127.0.0.1:1")
    environment = {spec.name: spec.environment for spec in specs}["gateway"]

    urls = Ports().service_urls()
    settings = GatewaySettings(
        service="gateway",
        port=int(environment["HALITE_PORT"]),
        services_port=int(environment["HALITE_SERVICES_PORT"]),
        database_url="",
        service_urls=urls,
    )
    assert settings.speaks_tls and settings.is_for_persons
    assert urlsplit(urls["gateway"]).port == settings.services_port != settings.port


async def test_at_the_port_for_persons_events_are_not_to_be_had_even_with_a_token(
    tmp_path: Path,
) -> None:
    url = "https://gateway:8092"
    door = Door(FastAPI(), "gateway", Verifier(tmp_path, "gateway"), elsewhere=url)
    transport = httpx.ASGITransport(app=door)

    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answer = await http.get("/events", headers={"authorization": "Bearer x"})
        page = await http.get("/")

    assert (answer.status_code, url in answer.json()["detail"]) == (403, True)
    assert page.status_code == 404  # which the app says, not the door
