"""The OPC UA server for line PLCs, met by a real client: who enters, what it is told and says."""

import asyncio

import pytest
from asyncua import Client, ua
from asyncua.ua.uaerrors import (
    BadArgumentsMissing,
    BadInvalidArgument,
    BadMessageNotAvailable,
    BadNotWritable,
    BadSubscriptionIdInvalid,
    BadTooManyArguments,
    BadUserAccessDenied,
    UaStatusCodeError,
)
from sqlalchemy import text

from deploy.pki import PLC_CLIENT
from services.plc.domain import DONE, INVALID_STATE, UNABLE, UNKNOWN_JOB, Unit
from services.plc.workflow import Desk
from shared.events import DispositionDecided, JobOrderHeld, LotHeld, LotHoldReleased
from tests.station.plc_floor import AT, Line, at_station, ended, released, started
from tests.station.speaker import until

# --- who may enter ---


async def test_only_sign_and_encrypt_with_three_policies_and_a_user_name_is_offered(
    line: Line,
) -> None:
    endpoints = await Client(line.endpoint, timeout=60).connect_and_get_server_endpoints()
    assert {one.SecurityMode for one in endpoints} == {ua.MessageSecurityMode.SignAndEncrypt}
    policies = {one.SecurityPolicyUri.rsplit("#")[-1] for one in endpoints}
    assert policies == {"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}
    tokens = {token.TokenType for one in endpoints for token in one.UserIdentityTokens}
    assert tokens == {ua.UserTokenType.UserName}


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), (PLC_CLIENT, "guess"), ("admin", None), ("admin", "admin"), ("", None)],
)
async def test_no_one_enters_without_the_right_name_and_password(
    line: Line, user: str | None, password: str | None
) -> None:
    client = await line.client(user, password)
    with pytest.raises(UaStatusCodeError):
        await client.connect()


async def test_no_one_enters_without_security(line: Line) -> None:
    client = Client(line.endpoint, timeout=60)
    client.set_user(PLC_CLIENT)
    client.set_password(line.password())
    with pytest.raises((UaStatusCodeError, ua.UaError, ConnectionError)):
        await client.connect()


async def test_no_one_enters_with_a_certificate_that_is_not_trusted(line: Line) -> None:
    client = await line.client(name="gateway")
    with pytest.raises(UaStatusCodeError):
        await client.connect()


# --- the interlock ---


async def test_lot_may_start_when_released_and_not_while_held(line: Line) -> None:
    assert "not known" in await line.allowed("CELL-a", False)
    await line.release("a")
    assert await line.allowed("CELL-a", True) == "job order J-a is released"
    hold = {"lot_id": "PELLET-a", "work_request_id": None, "gate": "thickness"}
    await line.say("execution", LotHeld(**hold, reason="180 µm is above 160 µm"))
    reason = await line.allowed("CELL-a", False)
    assert reason == (
        "job order J-a waits: lot PELLET-a is held: thickness: 180 µm is above 160 µm"
    )
    await line.say("execution", LotHoldReleased(**hold, reason="measured again"))
    await line.allowed("CELL-a", True)
    reply = await line.http.get(
        "/interlock", params={"equipment_id": line.sealer, "lot_id": "PELLET-a"}
    )
    assert reply.json()["allowed"] is False
    assert reply.json()["reason"] == "no job order for lot PELLET-a is released for a sealer"
    answers = (await line.http.get("/interlock-answers")).json()["items"]
    assert {answer["user_name"] for answer in answers} == {PLC_CLIENT}


async def test_ordered_rework_may_start_though_its_lot_is_held_and_no_other_job_order_may(
    line: Line,
) -> None:
    await line.release("r")
    for gate in ("nonconformance", "leak"):
        hold = {"lot_id": "PELLET-r", "work_request_id": None, "gate": gate, "reason": "rework"}
        await line.say("execution", LotHeld(**hold))
    await line.allowed("PELLET-r", False, "rework")
    again = released("r").model_copy(
        update={
            "job_order_id": "J-r-R1",
            "through_gates": ("nonconformance", "leak"),
            "through_lot_ids": ("PELLET-r",),
        }
    )
    await line.say("execution", again)
    assert await line.allowed("PELLET-r", True) == "job order J-r-R1 is released"
    await line.say("execution", LotHeld(**(hold | {"gate": "recall-1"})))
    await line.allowed("PELLET-r", False, "recall-1")


async def test_scrap_stays_scrap_whatever_execution_frees(line: Line) -> None:
    await line.release("b")
    decided = {
        "lot_id": "PELLET-b",
        "work_request_id": "W",
        "product_id": "P",
        "gate": "ccd",
        "characteristic": "ccd",
        "value": 1.0,
        "unit": "mA/cm²",
        "low": 4.0,
        "high": None,
        "specification_version": 1,
        "evaluated_at": AT,
    }
    await line.allowed("CELL-b", True)
    await line.say("quality", DispositionDecided(**decided, disposition="scrap", reason="short"))
    assert "scrap, short" in await line.allowed("CELL-b", False)
    await line.say(
        "execution",
        LotHoldReleased(lot_id="PELLET-b", work_request_id=None, gate="ccd", reason="x"),
    )
    await line.say("quality", DispositionDecided(**decided, disposition="released", reason="typo"))
    await line.allowed("CELL-b", True)


async def test_progress_known_before_the_release_counts(line: Line) -> None:
    await line.say("lamination", ended("c", line.unit))
    await line.release("c")

    async def kept() -> bool:
        async with line.service.database.quiet() as tx:
            sql = "SELECT released IS NOT NULL AND state = 'ended' FROM job_order"
            found = await tx.scalar(text(f"{sql} WHERE job_order_id = 'J-c'"))
        return bool(found)

    await until(kept)
    await line.allowed("CELL-c", False, "J-c has ended")


# --- job orders ---


async def test_job_order_is_listed_fetched_reported_and_ended(line: Line) -> None:
    await line.release("d", priority=90)
    await line.allowed("CELL-d", True)
    plc = await line.plc()

    async def listed() -> bool:
        return "J-d" in await plc.job_orders()

    await until(listed)
    entry = (await plc.job_orders())["J-d"]
    assert [part.MaterialLotID for part in entry.MaterialRequirements] == [
        "PELLET-d",
        "CELL-d",
    ]
    assert [one.ID for one in entry.EquipmentRequirements] == [line.unit]
    assert entry.JobOrderParameters[0].Value.Value == 50.0
    for _ in range(2):
        fetched = await plc.call("NextJobOrder", line.unit)
        assert fetched == ["J-d", "stack", "CELL-d", "allowed_to_start"]
    report = ("r-1", line.unit, "J-d", "running", "recipe loaded")
    assert await plc.call("ReportJobOrder", *report) == [DONE, "accepted"]

    async def kept() -> bool:
        status, message = await plc.call("ReportJobOrder", *report)
        assert status == DONE
        return bool(message == "kept")

    await until(kept)
    other = ("r-1", line.unit, "J-d", "ended", "")
    assert (await plc.call("ReportJobOrder", *other))[0] == UNABLE
    unknown = ("r-2", line.unit, "J-none", "running", "")
    assert (await plc.call("ReportJobOrder", *unknown))[0] == UNKNOWN_JOB
    await plc.call("ReportJobOrder", "r-3", line.unit, "J-d", "interrupted", "door open")
    backwards = ("r-4", line.unit, "J-d", "ended", "")
    assert (await plc.call("ReportJobOrder", *backwards))[0] == INVALID_STATE
    await plc.call("ReportJobOrder", "r-5", line.unit, "J-d", "running", "")
    assert (await plc.call("ReportJobOrder", "r-4", *backwards[1:]))[0] == DONE
    assert await line.reported("J-d", 5) == [
        "job_fetched: ",
        "job_started: recipe loaded",
        "alarm: interrupted; door open",
        "job_started: ",
        "job_ended: ",
    ]
    await line.say("lamination", started("d", line.unit), ended("d", line.unit))
    await line.allowed("CELL-d", False, "J-d has ended")
    url = f"/work-units/{line.unit}/job-orders"
    items = (await line.http.get(url)).json()["items"]
    assert "J-d" not in [item["job_order_id"] for item in items]


async def test_start_against_the_interlock_is_kept_with_the_reason(line: Line) -> None:
    await line.release("e")
    await line.allowed("CELL-e", True)
    held = JobOrderHeld(
        **at_station("e", line.unit), reason="recipe read back differs", lot_ids=("CELL-e",)
    )
    await line.say("lamination", held, started("f", line.sealer))
    await line.allowed("CELL-e", False)
    await line.release("g")
    await line.allowed("CELL-g", True)
    await line.say(
        "execution",
        LotHeld(lot_id="CELL-g", work_request_id=None, gate="exposure", reason="dew point"),
    )
    await line.allowed("CELL-g", False)
    plc = await line.plc()
    answer = await plc.call("ReportJobOrder", "g-1", line.unit, "J-g", "running", "")
    assert answer[0] == DONE
    assert "against the interlock: lot CELL-g is held" in answer[1]
    [said] = await line.reported("J-g", 1)
    assert "against the interlock" in said


async def test_open_job_orders_over_http_say_whether_they_may_start(line: Line) -> None:
    await line.release("h")
    await line.allowed("CELL-h", True)
    items = (await line.http.get(f"/work-units/{line.unit}/job-orders")).json()["items"]
    [own] = [item for item in items if item["job_order_id"] == "J-h"]
    assert (own["may_start"], own["state"], own["lot_id"]) == (True, "allowed_to_start", "CELL-h")
    assert (await line.http.get("/work-units/no/such/unit/job-orders")).status_code == 404


# --- the wire ---


async def test_wrong_arguments_are_refused_with_their_status(line: Line) -> None:
    plc = await line.plc()
    with pytest.raises(BadArgumentsMissing):
        await plc.call("MayStart", "r", line.unit)
    with pytest.raises(BadTooManyArguments):
        await plc.call("NextJobOrder", line.unit, "more")
    for wrong in (1.0, ua.Variant(["a"], ua.VariantType.String), ua.Variant()):
        with pytest.raises(BadInvalidArgument):
            await plc.call("MayStart", "r", line.unit, wrong)


async def test_a_user_speaks_for_its_own_unit_alone(line: Line) -> None:
    plc = await line.plc()
    for arguments in (
        ("NextJobOrder", line.sealer),
        ("MayStart", "r", line.sealer, "CELL-a"),
        ("ReportJobOrder", "r", line.sealer, "J-a", "running", ""),
    ):
        with pytest.raises(BadUserAccessDenied):
            await plc.call(*arguments)


async def test_nothing_can_be_written_or_added(line: Line) -> None:
    plc = await line.plc()
    with pytest.raises((BadNotWritable, BadUserAccessDenied)):
        await (await plc.node("Halite", "JobOrders")).write_value(
            ua.Variant([], ua.VariantType.ExtensionObject, is_array=True)
        )
    with pytest.raises(BadUserAccessDenied):
        await (await plc.node("Halite")).add_variable(1, "mine", 1.0)


async def test_republish_of_what_is_gone_ends_the_clients_loop(line: Line) -> None:
    plc = await line.plc()
    subscription = await plc.client.create_subscription(500, None)
    with pytest.raises(BadMessageNotAvailable):
        await plc.client.uaclient.session.republish(subscription.subscription_id, 999)
    with pytest.raises(BadSubscriptionIdInvalid):
        await plc.client.uaclient.session.republish(4_000_000, 1)


async def test_answers_come_from_memory_and_turn_to_no_when_that_grows_old(line: Line) -> None:
    await line.release("i")
    await line.allowed("CELL-i", True)
    clock = asyncio.get_running_loop()
    plc = await line.plc()
    async with line.service.database.quiet() as tx:
        await tx.execute(text("LOCK TABLE job_order IN ACCESS EXCLUSIVE MODE"))
        taken_s = []
        for _ in range(10):
            begun_s = clock.time()
            allowed, _ = await plc.call("MayStart", "ask", line.unit, "CELL-i")
            taken_s.append(clock.time() - begun_s)
            assert allowed
        assert min(taken_s) < 0.1

        async def doubtful() -> bool:
            allowed, reason = await plc.call("MayStart", "ask", line.unit, "CELL-i")
            return not allowed and "without its record" in reason

        await until(doubtful)
    await line.allowed("CELL-i", True)


async def test_another_process_goes_on_where_this_one_stopped(line: Line) -> None:
    await line.release("k")
    await line.allowed("CELL-k", True)
    plc = await line.plc()
    await plc.call("ReportJobOrder", "k-1", line.unit, "J-k", "running", "x")
    await line.reported("J-k", 1)
    unit = Unit(equipment_id=line.unit, kind="laminator")
    desk = Desk(line.service, {PLC_CLIENT: unit})
    await desk.recover()
    known = desk.floor.find("J-k")
    assert known is not None
    assert known.reported == "running"
    again = desk.report(unit, PLC_CLIENT, "k-1", "J-k", "running", "x")
    assert (again.status, again.message) == (DONE, "kept")
    assert desk.may_start(unit, PLC_CLIENT, "ask", "CELL-k").allowed
