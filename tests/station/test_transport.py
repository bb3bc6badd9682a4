"""Attacks on the wires between the parts of a plant: each must be refused, and the parts work."""

import asyncio
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.authority import BROKER, PROBE, Authority, parts_of
from deploy.broker import Broker, answers, find_program, guard_of
from deploy.contracts import service_named
from deploy.processes import PROJECT_DIR, wait_until
from deploy.topicrights import may_hear, may_say
from shared.bus import Bus
from shared.events import CellGraded, LotHeld
from shared.identity import Identity
from shared.settings import SERVICES, read_plant
from shared.topics import all_telemetry, event_topic, events_of, telemetry_topic
from tests.conftest import free_port
from tests.station.network import client, expired, shake_hands, shown_serial, stranger

PLANT = read_plant(PROJECT_DIR / "deploy/plant.toml")
SITE = PLANT.site
WITHIN_S = 20.0
REFUSED = (OSError, ssl.SSLError)


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Broker, Path]]:
    """A broker as a plant runs it, and the folder of the plant's certificates."""
    with tempfile.TemporaryDirectory(prefix="halite-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        Authority(folder / "tls").ensure(parts_of(PLANT))
        server = Broker(
            folder / "broker",
            free_port(),
            folder / "log",
            find_program(),
            guard=guard_of(folder / "tls", PLANT),
        )
        server.start()
        yield server, folder / "tls"
        server.stop()


def own_topic(service: str, lot: str = "L1") -> str:
    return event_topic(SITE, service, LotHeld, lot)


# Who may enter ----------------------------------------------------------------------------------


def test_who_speaks_no_tls_gets_no_answer(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    assert answers(broker.port, tls / PROBE)
    assert not answers(broker.port, None)


def test_who_shows_no_certificate_is_refused(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded
    context = ssl.create_default_context(cafile=tls / PROBE / "ca.pem")

    with pytest.raises(ssl.SSLError, match="certificate required"):
        plain = socket.create_connection(("127.0.0.1", broker.port), timeout=5.0)
        with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.recv(1)  # TLS 1.3 tells it with the first answer


def test_a_certificate_of_another_authority_is_refused(
    guarded: tuple[Broker, Path], tmp_path: Path
) -> None:
    broker, tls = guarded
    foreign = stranger(tmp_path, "quality")
    (foreign / "ca.pem").write_bytes((tls / PROBE / "ca.pem").read_bytes())

    with pytest.raises(REFUSED), client(broker.port, foreign):
        pass


def test_a_certificate_that_has_ended_is_refused(
    guarded: tuple[Broker, Path], tmp_path: Path
) -> None:
    broker, tls = guarded

    with pytest.raises(REFUSED), client(broker.port, expired(tls, tmp_path, "quality")):
        pass


def test_a_broker_that_is_not_the_plants_is_not_told_anything(
    guarded: tuple[Broker, Path], tmp_path: Path
) -> None:
    broker, _ = guarded

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        shown_serial(broker.port, stranger(tmp_path, "quality"))


@pytest.mark.parametrize("host", [BROKER, "trace"])
def test_a_service_cannot_pose_as_the_broker_or_another_on_the_network(
    guarded: tuple[Broker, Path], host: str
) -> None:
    _, tls = guarded
    posing = Identity(tls / "spray").as_server()

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(Identity(tls / "quality").as_client(), posing, host)


def test_what_only_looks_whether_others_answer_cannot_pose_as_one(
    guarded: tuple[Broker, Path],
) -> None:
    _, tls = guarded
    posing = Identity(tls / PROBE).as_server()

    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        shake_hands(Identity(tls / "quality").as_client(), posing, "127.0.0.1")


# Who may say and hear what ----------------------------------------------------------------------


def test_a_service_is_heard_by_those_who_may(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with (
        client(broker.port, tls / "execution") as hears,
        client(broker.port, tls / "spray") as says,
    ):
        hears.subscribe(events_of(SITE, "spray"))

        assert says.publish(own_topic("spray"))
        assert hears.next_topic() == own_topic("spray")


def test_a_service_cannot_speak_as_another(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with client(broker.port, tls / "gateway") as hears, client(broker.port, tls / "spray") as says:
        hears.subscribe(events_of(SITE, "quality"))
        hears.subscribe(events_of(SITE, "spray"))

        assert not says.publish(own_topic("quality"))
        assert says.publish(own_topic("spray", "L2"))
        assert hears.next_topic() == own_topic("spray", "L2")


def test_a_service_cannot_say_an_event_that_another_owns(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with client(broker.port, tls / "spray") as says:
        assert not says.publish(event_topic(SITE, "spray", CellGraded, "C1"))


def test_a_service_tells_live_values_of_its_own_stations_alone(
    guarded: tuple[Broker, Path],
) -> None:
    broker, tls = guarded
    furnace = PLANT.stations_of("sintering")[0].equipment_id
    eap = PLANT.stations_of("spray")[0].equipment_id

    with client(broker.port, tls / "spray") as says:
        assert says.publish(telemetry_topic(eap, "values"))
        assert not says.publish(telemetry_topic(furnace, "values"))


def test_nobody_hears_what_is_not_meant_for_it(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with (
        client(broker.port, tls / "spray") as hears,
        client(broker.port, tls / "quality") as quality,
        client(broker.port, tls / "execution") as execution,
    ):
        hears.subscribe("#")

        assert quality.publish(own_topic("quality"))
        assert execution.publish(own_topic("execution"))
        assert hears.next_topic() == own_topic("execution")
        assert hears.received.empty()


def test_a_name_without_rights_says_and_hears_nothing(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with client(broker.port, tls / PROBE) as hears, client(broker.port, tls / "spray") as says:
        hears.subscribe("#")
        hears.subscribe("$SYS/#")

        assert says.publish(own_topic("spray"))
        assert not hears.publish(own_topic("spray"))
        assert hears.received.empty()


def test_nobody_takes_the_session_of_another_over(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded

    with client(broker.port, tls / "execution", "halite-execution") as hears:
        hears.subscribe(events_of(SITE, "spray"))
        with client(broker.port, tls / "spray", "halite-execution") as says:
            assert says.publish(own_topic("spray", "L3"))
        assert hears.next_topic() == own_topic("spray", "L3")


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_may_hear_what_it_subscribes_to_and_no_more(name: str) -> None:
    wanted = set(service_named(name).bus._subscriptions)

    assert set(may_hear(PLANT, name)) == wanted


def test_no_two_services_may_say_the_same() -> None:
    said = [topic for name in SERVICES for topic in may_say(PLANT, name)]

    assert len(said) == len(set(said))
    assert all_telemetry(SITE) not in said


# The parts of the plant work, and renew ---------------------------------------------------------


async def test_a_bus_connects_and_goes_on_with_a_renewed_certificate(
    guarded: tuple[Broker, Path],
) -> None:
    broker, tls = guarded
    identity = Identity(tls / "trace")
    bus = Bus(broker.url, "trace", identity)
    bus.start()
    async with asyncio.timeout(WITHIN_S):
        await bus._up.wait()
        Authority(tls).renew(parts_of(PLANT), ["trace"])
        identity.take_renewed()
        broker.child.kill()
        await asyncio.to_thread(broker.start)
        while bus._generation < 2:
            await asyncio.sleep(0.02)
        assert bus.connected
    await bus.stop()


def test_a_running_broker_takes_its_renewed_certificate_up(guarded: tuple[Broker, Path]) -> None:
    broker, tls = guarded
    before = shown_serial(broker.port, tls / PROBE)

    with client(broker.port, tls / "spray") as says:
        Authority(tls).renew(parts_of(PLANT), [BROKER])
        broker.take_renewed(broker.child)

        assert wait_until(lambda: shown_serial(broker.port, tls / PROBE) != before, 10.0)
        assert says.publish(own_topic("spray"))
