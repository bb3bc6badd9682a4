"""Who may enter the OPC UA server for PLCs: certificates, sessions, heartbeats, alarms."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.ua.uaerrors import (
    BadCertificateInvalid,
    BadCertificateUntrusted,
    BadSecurityModeRejected,
    BadSessionIdInvalid,
    BadSessionNotActivated,
    BadSubscriptionIdInvalid,
    BadUserAccessDenied,
)
from cryptography import x509

from deploy.broker import Broker
from deploy.pki import PLC_CLIENT, renew
from deploy.postgres import PostgresServer
from services.plc.certificates import CertificateWatch
from services.plc.domain import Unit
from services.plc.hearing import Hearings
from shared.settings import read_plant
from shared.trust import TrustList, fingerprint_of
from tests.station.plc_floor import Line, Plc, plc_line
from tests.station.speaker import until

_REFRESH_STARTS = ua.ObjectIds.RefreshStartEventType
_REFRESH_ENDS = ua.ObjectIds.RefreshEndEventType
PERSON = {"x-halite-person": "operator", "idempotency-key": "k"}


@pytest.fixture
def trust(line: Line) -> TrustList:
    return TrustList(line.data_dir / "pki" / "plc")


async def opened(line: Line, name: str) -> Client:
    """Return a client with a secure channel, but without a session."""
    client = await line.client(name=name)
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    return client


async def said_about(line: Line, field: str, value: str, count: int) -> list[dict[str, Any]]:
    """Return what the service said of one thing when it is this much."""
    said: list[dict[str, Any]] = []

    async def there() -> bool:
        reply = await line.http.get("/events", params={"limit": 1000})
        said[:] = [one["data"] for one in reply.json()["items"] if one["data"].get(field) == value]
        return len(said) >= count

    await until(there, within_s=60)
    return said


async def test_an_unknown_certificate_waits_in_quarantine_until_a_person_accepts_it(
    line: Line, trust: TrustList
) -> None:
    content = (line.data_dir / "pki" / "spray" / "cert.der").read_bytes()
    fingerprint = fingerprint_of(content)
    stranger = await line.client(name="spray")
    stranger.application_uri = "urn:halite:service:spray"
    with pytest.raises(BadCertificateUntrusted):
        await stranger.connect()
    items = (await line.http.get("/trust")).json()["items"]
    [waiting] = [one for one in items if one["fingerprint"] == fingerprint]
    assert (waiting["state"], waiting["application_uri"]) == (
        "quarantined",
        "urn:halite:service:spray",
    )
    url = f"/trust/{fingerprint}/accept"
    key = {"idempotency-key": f"accept {fingerprint}"}
    reply = await line.http.post(url, params={"user": "someone"}, headers=PERSON | key)
    repeated = await line.http.post(url, params={"user": "someone"}, headers=PERSON | key)
    assert repeated.json() == reply.json()
    assert reply.json()["state"] == "trusted"
    # It may open a session now, but not as the user of another PLC's certificate.
    again = await line.client(name="spray")
    again.application_uri = "urn:halite:service:spray"
    with pytest.raises(BadUserAccessDenied):
        await again.connect()
    key = {"idempotency-key": f"reject {fingerprint}"}
    await line.http.post(f"/trust/{fingerprint[:12]}/reject", headers=PERSON | key)
    last = await line.client(name="spray")
    last.application_uri = "urn:halite:service:spray"
    with pytest.raises(BadCertificateUntrusted):
        await last.connect()


async def test_another_certificate_than_the_channels_does_not_help(line: Line) -> None:
    client = await opened(line, "quality")
    plc = (line.data_dir / "pki" / PLC_CLIENT / "cert.der").read_bytes()
    for shown in (plc, None):
        with pytest.raises(BadCertificateInvalid):
            await client.uaclient.create_session(_session_of(shown))
    client.disconnect_socket()


async def test_a_stranger_cannot_take_over_the_session_of_a_plc(line: Line) -> None:
    plc = await line.plc()
    stranger = await opened(line, "quality")
    stranger.uaclient.protocol.authentication_token = (
        plc.client.uaclient.protocol.authentication_token
    )
    with pytest.raises(BadSessionIdInvalid):
        await stranger.uaclient.activate_session(ua.ActivateSessionParameters())
    with pytest.raises(BadSessionIdInvalid):
        await stranger.nodes.namespace_array.read_value()
    stranger.disconnect_socket()
    assert await plc.call("Beat", line.unit) >= 0


async def test_a_plc_reaches_its_own_subscriptions_alone_and_may_take_them_along(
    line: Line,
) -> None:
    first, second = await line.client(), await line.client()
    await first.connect()
    await second.connect()
    counts: asyncio.Queue[int] = asyncio.Queue()
    watching = await first.create_subscription(100, _Counts(counts))
    await watching.subscribe_data_change(await Plc(first).node("Halite", "Heartbeat"))
    await asyncio.wait_for(counts.get(), 60)
    id_, session = watching.subscription_id, second.uaclient.session
    assert id_ is not None
    with pytest.raises(BadSubscriptionIdInvalid):
        await session.republish(id_, 1)
    assert [code.name for code in await session.delete_subscriptions([id_])] == [
        "BadSubscriptionIdInvalid"
    ]
    taken = ua.TransferSubscriptionsParameters(SubscriptionIds=[ua.UInt32(id_)])
    [result] = await session.transfer_subscriptions(taken)
    assert result.StatusCode.is_good()
    brought: asyncio.Queue[Any] = asyncio.Queue()
    session._subscription_callbacks[id_] = brought.put_nowait
    session.ensure_publish_loop()
    while not (await asyncio.wait_for(brought.get(), 60)).NotificationMessage.NotificationData:
        continue
    await first.disconnect()
    assert [code.name for code in await session.delete_subscriptions([id_])] == ["Good"]
    await second.disconnect()


async def test_a_session_that_moved_to_a_new_connection_outlives_the_old_one(line: Line) -> None:
    first, second = await line.client(), await opened(line, PLC_CLIENT)
    await first.connect()
    second._server_nonce, second._policy_ids = first._server_nonce, first._policy_ids
    second.uaclient.protocol.authentication_token = first.uaclient.protocol.authentication_token
    await second.activate_session(username=PLC_CLIENT, password=line.password())
    with pytest.raises(BadSessionIdInvalid):
        await first.nodes.namespace_array.read_value()
    first.disconnect_socket()
    for _ in range(20):
        assert await second.nodes.namespace_array.read_value()
    await second.uaclient.close_session(True)
    second.disconnect_socket()


async def test_nothing_but_discovery_is_answered_without_security(line: Line) -> None:
    client = Client(line.endpoint, timeout=60)
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    assert len(await client.get_endpoints()) == 3
    with pytest.raises(BadSecurityModeRejected):
        await client.uaclient.create_session(_session_of(None))
    with pytest.raises(BadSecurityModeRejected):
        await client.nodes.namespace_array.read_value()
    client.disconnect_socket()


async def test_a_session_without_a_user_answers_nothing(line: Line) -> None:
    client = await opened(line, PLC_CLIENT)
    await client.create_session()
    with pytest.raises(BadSessionNotActivated):
        await client.nodes.namespace_array.read_value()
    client.disconnect_socket()


async def test_a_renewed_certificate_is_taken_up_while_a_plc_stays_connected(line: Line) -> None:
    plc = await line.plc()
    pki = line.data_dir / "pki"
    renew(pki, read_plant(line.data_dir / "plant.toml"), ["plc", PLC_CLIENT])
    renewed = (pki / "plc" / "cert.der").read_bytes()

    async def taken_up() -> bool:
        endpoints = await Client(line.endpoint, timeout=60).connect_and_get_server_endpoints()
        return {one.ServerCertificate for one in endpoints} == {renewed}

    await until(taken_up, within_s=60)
    assert await plc.call("Beat", line.unit) >= 0
    newcomer = await line.client()
    await newcomer.connect()
    assert await Plc(newcomer).call("Beat", line.unit) >= 0
    await newcomer.disconnect()


async def test_a_certificate_that_nears_its_end_is_said_once_and_its_renewal_too(
    line: Line, trust: TrustList
) -> None:
    pki = line.data_dir / "pki"
    end = x509.load_der_x509_certificate((pki / "trace" / "cert.der").read_bytes())
    late = end.not_valid_after_utc - timedelta(days=20)
    times = [late, late, late + timedelta(days=21), datetime.now(UTC)]
    for at in times:
        watch = CertificateWatch(line.service, pki, trust, 45, partial(_same, at))
        await watch.look()
    said = [
        (one["state"], one["days_left"] > 0) for one in await said_about(line, "name", "trace", 3)
    ]
    assert said == [("near", True), ("expired", False), ("valid", True)]
    assert watch.state()[0]["state"] == "valid"


async def test_a_silent_plc_is_said_and_so_is_its_return_also_across_a_restart(line: Line) -> None:
    unit = Unit(equipment_id=line.sealer, kind="sealer")
    now_s = 100.0
    first = Hearings(line.service, 5.0, lambda: now_s)
    first.hear(unit)
    await first.look()
    second = Hearings(line.service, 5.0, lambda: now_s)
    await second.recover()
    now_s = 106.0
    await second.look()
    await second.look()
    assert second.hear(unit) == 6
    await second.look()
    said = [one["state"] for one in await said_about(line, "equipment_id", line.sealer, 2)]
    assert said == ["silent", "heard"]


class _Heard:
    """Takes the events of a subscription."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def event_notification(self, event: Any) -> None:
        self.events.append(event)

    def bounds_of_refresh(self) -> tuple[int, int]:
        """Say where the begin and the end of the only refresh stand; ValueError before both do."""
        kinds = [one.EventType.Identifier for one in self.events]
        (start,) = (at for at, kind in enumerate(kinds) if kind == _REFRESH_STARTS)
        (end,) = (at for at, kind in enumerate(kinds) if kind == _REFRESH_ENDS)
        return start, end

    async def refreshed(self) -> bool:
        with contextlib.suppress(ValueError):
            return bool(self.bounds_of_refresh())
        return False


async def test_an_alarm_is_a_condition_that_is_raised_refreshed_acknowledged_and_ended(
    line: Line,
) -> None:
    plc, heard = await line.plc(), _Heard()
    alarms = await plc.node("Halite", "Alarms")
    subscription = await plc.client.create_subscription(100, heard)
    await subscription.subscribe_alarms_and_conditions(alarms)

    def told() -> list[Any]:
        name = f"PlcSilent.{line.unit}"
        return [one for one in heard.events if getattr(one, "ConditionName", None) == name]

    async def retained(wanted: bool) -> None:
        async def shown() -> bool:
            return bool(told()) and told()[-1].Retain is wanted

        await until(shown, within_s=60)

    await plc.call("Beat", line.unit)
    await retained(True)  # it sends no further beat
    silent = told()[-1]
    heard.events.clear()
    refresh = ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType_ConditionRefresh))
    condition_type = plc.client.get_node(ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType)))
    subscription_id = ua.Variant(subscription.subscription_id, ua.VariantType.UInt32)
    await condition_type.call_method(refresh, subscription_id)
    await until(heard.refreshed, within_s=60)
    start, end = heard.bounds_of_refresh()
    assert [one.Retain for one in heard.events[start:end] if one in told()] == [True]
    acknowledge = ua.NodeId(ua.Int32(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge))
    index = alarms.nodeid.NamespaceIndex
    condition = plc.client.get_node(
        ua.NodeId(ua.String(f"Halite.Alarms.PlcSilent.{line.unit}"), index)
    )
    event_id = ua.Variant(silent.EventId, ua.VariantType.ByteString)
    await condition.call_method(acknowledge, event_id, ua.LocalizedText("seen"))
    await plc.call("Beat", line.unit)
    await retained(False)
    await subscription.delete()


async def test_the_server_object_hears_every_alarm_and_one_item_can_be_refreshed_alone(
    line: Line,
) -> None:
    plc, other, at_server, at_alarms = await line.plc(), await line.client(), _Heard(), _Heard()
    await other.connect()
    subscription = await plc.client.create_subscription(100, at_server)
    server_item = await subscription.subscribe_alarms_and_conditions()
    beside = await plc.client.create_subscription(100, at_alarms)
    await beside.subscribe_alarms_and_conditions(await plc.node("Halite", "Alarms"))
    name = f"PlcSilent.{line.unit}"

    def names(heard: _Heard) -> list[str]:
        return [getattr(one, "ConditionName", None) or one.SourceName for one in heard.events]

    await plc.call("Beat", line.unit)

    async def told() -> bool:
        return name in names(at_server) and name in names(at_alarms)

    await until(told, within_s=60)  # it sends no further beat
    at_server.events.clear()
    at_alarms.events.clear()
    condition_type = plc.client.get_node(ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType)))
    refresh = ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType_ConditionRefresh2))
    ids = [ua.Variant(one, ua.VariantType.UInt32) for one in (subscription.subscription_id, 1)]
    with pytest.raises(ua.UaStatusCodeError) as refused:
        await condition_type.call_method(refresh, *ids)
    assert refused.value.code == ua.StatusCodes.BadMonitoredItemIdInvalid
    ids[1] = ua.Variant(server_item, ua.VariantType.UInt32)
    with pytest.raises(ua.UaStatusCodeError) as refused:
        await other.get_node(condition_type.nodeid).call_method(refresh, *ids)
    assert refused.value.code == ua.StatusCodes.BadSubscriptionIdInvalid
    await other.disconnect()
    await condition_type.call_method(refresh, *ids)
    await until(at_server.refreshed, within_s=60)
    start, end = at_server.bounds_of_refresh()
    assert name in names(at_server)[start:end]
    assert name not in names(at_alarms) and "Server" not in names(at_alarms)
    await plc.call("Beat", line.unit)
    await subscription.delete()
    await beside.delete()


@pytest.fixture
async def own_line(
    postgres_server: PostgresServer, broker: Broker, tmp_path: Path
) -> AsyncIterator[Line]:
    async with plc_line(postgres_server, broker, tmp_path) as running:
        yield running


async def test_our_own_client_resumes_its_session_after_a_restart_and_is_told_to_refresh(
    own_line: Line,
) -> None:
    client, heard = await own_line.client(), _Heard()
    counts: asyncio.Queue[int] = asyncio.Queue()
    await client.connect(auto_reconnect=True)
    subscription = await client.create_subscription(200, _Counts(counts))
    await subscription.subscribe_data_change(await Plc(client).node("Halite", "Heartbeat"))
    alarms = await client.create_subscription(200, heard)
    await alarms.subscribe_alarms_and_conditions(await Plc(client).node("Halite", "Alarms"))
    await asyncio.wait_for(counts.get(), 60)
    before = subscription.subscription_id, alarms.subscription_id
    token = client.uaclient.protocol.authentication_token
    await own_line.kept(before[1] or 0)
    await own_line.stop()
    await own_line.start()
    while not counts.empty():
        counts.get_nowait()
    await asyncio.wait_for(counts.get(), 60)

    async def told() -> bool:
        refresh = ua.NodeId(ua.Int32(ua.ObjectIds.RefreshRequiredEventType))
        return any(one.EventType == refresh for one in heard.events)

    await until(told, within_s=60)
    assert (subscription.subscription_id, alarms.subscription_id) == before
    assert client.uaclient.protocol.authentication_token == token
    assert await Plc(client).call("Beat", own_line.unit) >= 0
    await client.disconnect()


class _Counts:
    def __init__(self, counts: "asyncio.Queue[int]") -> None:
        self._counts = counts

    def datachange_notification(self, node: Any, value: int, data: Any) -> None:
        self._counts.put_nowait(value)


def _same(at: datetime) -> datetime:
    return at


def _session_of(certificate: bytes | None) -> ua.CreateSessionParameters:
    who = ua.ApplicationDescription(
        ApplicationUri=f"urn:halite:client:{PLC_CLIENT}", ApplicationType=ua.ApplicationType.Client
    )
    return ua.CreateSessionParameters(
        ClientDescription=who,
        ClientNonce=bytes(32),
        ClientCertificate=certificate,
        RequestedSessionTimeout=60_000.0,
    )
