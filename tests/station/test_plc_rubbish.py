"""Bad input at the port of the OPC UA server for PLCs: refused with its code, nobody disturbed."""

import random
from collections import Counter

import pytest
from asyncua import ua
from asyncua.ua.uaerrors import BadInvalidArgument, UaStatusCodeError
from structlog.testing import capture_logs

from deploy.pki import PLC_CLIENT
from services.plc.entrance import QUIET_S, Refusals
from services.plc.wire import MOST_MISSES
from tests.fault.rubbish import Tally, change_requests, flood, kinds, look, throw
from tests.station.plc_floor import Line

Codes = ua.StatusCodes
EXPECTED = {
    "random bytes": Codes.BadTcpMessageTypeInvalid,
    "another protocol": Codes.BadTcpMessageTypeInvalid,
    "no hello": Codes.BadTcpMessageTypeInvalid,
    "a chunk of four gigabytes": Codes.BadTcpMessageTooLarge,
    "an empty chunk": Codes.BadTcpMessageTooLarge,
    "chunks too small to answer in": Codes.BadConnectionRejected,
    "an unknown kind of chunk": Codes.BadTcpMessageTypeInvalid,
}


@pytest.mark.parametrize("kind", EXPECTED)
async def test_rubbish_is_answered_with_its_status_code(line: Line, kind: str) -> None:
    tally = Tally()
    await throw(line.settings.opcua_port, kind, kinds(random.Random(1))[kind], tally)
    assert tally.codes[kind] == {EXPECTED[kind]}


async def test_thousands_of_half_open_connections_disturb_neither_a_plc_nor_a_newcomer(
    line: Line,
) -> None:
    plc = await line.plc()

    async def asks() -> object:
        return await plc.call("NextJobOrder", line.unit)

    await flood(line, 200, asks)  # what is built once counts for nobody
    before = look()
    waited_s = await flood(line, 3000, asks)
    after = look()
    assert len(waited_s) >= 20
    assert after.resident_mb - before.resident_mb < 40
    assert after.file_count - before.file_count < 200


async def test_changed_requests_of_one_plc_do_not_disturb_another(line: Line) -> None:
    plc = await line.plc()
    await change_requests(await line.client(), random.Random(3), 50)
    assert (await plc.call("NextJobOrder", line.unit))[3]


async def test_strange_arguments_and_too_many_items_are_refused(line: Line) -> None:
    plc = await line.plc()
    for wrong in ("x" * 5000, ua.Variant(["a"] * 5000, ua.VariantType.String), 10**6):
        with pytest.raises(BadInvalidArgument):
            await plc.call("MayStart", "r", line.unit, wrong)
    node = await plc.node("Halite", "Heartbeat")
    with pytest.raises(UaStatusCodeError) as refused:
        await plc.client.read_values([node] * 1001)
    assert refused.value.code == Codes.BadTooManyOperations
    subscription = await plc.client.create_subscription(1000, None)
    with pytest.raises(UaStatusCodeError) as refused:
        await subscription.subscribe_data_change([node] * 1001)
    assert refused.value.code == Codes.BadTooManyMonitoredItems
    await subscription.delete()


async def test_a_client_that_never_stops_asking_for_what_is_gone_is_put_out(line: Line) -> None:
    plc = await line.plc()
    client = await line.client()
    await client.connect()
    subscription = await client.create_subscription(1000, None)
    request = ua.RepublishRequest()
    request.Parameters.SubscriptionId = ua.UInt32(subscription.subscription_id)
    request.Parameters.RetransmitSequenceNumber = ua.UInt32(7)
    answers: Counter[str] = Counter()
    while answers.total() < 5 * MOST_MISSES and not answers["ConnectionError"]:
        try:
            await client.uaclient.protocol.send_request(request)
        except (ConnectionError, UaStatusCodeError) as error:
            answers[type(error).__name__] += 1
    assert answers == {"BadMessageNotAvailable": MOST_MISSES, "ConnectionError": 1}
    client.disconnect_socket()
    assert (await plc.call("NextJobOrder", line.unit))[3]


async def test_a_wrong_user_leaves_no_session_behind(line: Line) -> None:
    for _ in range(3):
        client = await line.client(PLC_CLIENT, "guess")
        with pytest.raises(UaStatusCodeError):
            await client.connect()
    assert await (await line.plc()).call("Beat", line.unit) >= 0


def test_a_refusal_is_said_once_until_it_was_quiet_for_a_while() -> None:
    at_s = iter([0.0, 1.0, 2.0, QUIET_S + 1.0])
    refusals = Refusals(lambda: next(at_s))
    with capture_logs() as lines:
        for _ in range(4):
            refusals.say("192.0.2.7", Codes.BadDecodingError, "why")
    assert [(one["code"], one["more"]) for one in lines] == [
        ("BadDecodingError", 0),
        ("BadDecodingError", 2),
    ]
    assert refusals.count["BadDecodingError"] == 4
