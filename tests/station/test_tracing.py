"""Traces and figures of a service: a request names its trace, events and answers carry it on."""

import json
from collections.abc import Mapping

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from deploy.contracts import service_named
from shared.app import Service
from shared.db import migrate, sql
from shared.effects import Effects
from shared.envelope import Envelope, envelope
from shared.events import LotHeld
from shared.outbox import Relay
from shared.tracing import add_trace, carry_on, following, span, traceparent
from shared.transaction import Transaction
from tests.plant import ROOT

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HELD = LotHeld(lot_id="LOT-1", work_request_id=None, gate="operator", reason="looked at")


async def answered(http: httpx.AsyncClient, headers: Mapping[str, str]) -> str:
    reply = await http.get("/livez", headers=headers)
    return reply.headers["traceresponse"]


async def test_a_request_goes_on_with_the_trace_of_its_caller(http: httpx.AsyncClient) -> None:
    assert await answered(http, {"traceparent": CALLER}) == CALLER


@pytest.mark.parametrize(
    "wrong",
    ["", "rubbish", CALLER + "-more", CALLER.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32)],
)
async def test_a_request_without_a_valid_trace_begins_one_of_its_own(
    http: httpx.AsyncClient, wrong: str
) -> None:
    first, second = [await answered(http, {"traceparent": wrong}) for _ in range(2)]
    assert first != second
    for one in (first, second):
        with following(one):
            assert traceparent() == one


async def test_an_event_carries_the_trace_to_its_handler_and_on(formation: Service) -> None:
    seen: list[str | None] = []

    async def handler(tx: Transaction, _: Envelope, event: LotHeld) -> None:
        seen.append(traceparent())
        await formation.outbox.record(tx, event)

    told = envelope(HELD, service="quality", time=formation.clock.now(), traceparent=CALLER)
    async with formation.database.begin() as tx:
        await Effects({LotHeld: handler}).handle(tx, told)
    async with formation.database.begin() as tx:
        body = await tx.scalar(sql("SELECT body FROM outbox"))
    assert seen == [CALLER]
    assert json.loads(body)["traceparent"] == CALLER
    assert traceparent() is None


async def test_an_event_outside_of_any_trace_has_none(formation: Service) -> None:
    async with formation.database.begin() as tx:
        await formation.outbox.record(tx, HELD)
        body = await tx.scalar(sql("SELECT body FROM outbox"))
    assert json.loads(body)["traceparent"] is None


async def test_a_request_to_another_service_carries_the_trace() -> None:
    request = httpx.Request("GET", "http://execution/cells")
    await carry_on(request)
    assert "traceparent" not in request.headers
    with following(CALLER), span("ask"):
        await carry_on(request)
    assert request.headers["traceparent"] == CALLER


def test_a_log_line_names_its_trace() -> None:
    line: structlog.types.EventDict = {"event": "station lost"}
    assert add_trace(None, "info", dict(line)) == line
    with following(CALLER):
        assert add_trace(None, "info", dict(line))["trace_id"] == CALLER.split("-")[1]


async def figures(http: httpx.AsyncClient) -> dict[str, float]:
    text = (await http.get("/metrics")).text
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


async def test_figures_follow_what_the_service_does(
    formation: Service, http: httpx.AsyncClient
) -> None:
    before = await figures(http)
    async with formation.database.begin() as tx:
        await formation.outbox.record(tx, HELD, HELD)
    after = await figures(http)
    assert (before["halite_outbox_waiting_events"], after["halite_outbox_waiting_events"]) == (0, 2)
    assert after["halite_outbox_oldest_seconds"] > 0
    assert after["halite_event_sequence"] == before["halite_event_sequence"]  # not numbered yet
    await Relay(formation.database, formation.bus).number()
    assert (await figures(http))["halite_event_sequence"] == before["halite_event_sequence"] + 2
    assert after["halite_database_bytes"] > 1e6
    assert after["halite_database_wal_bytes"] >= 16 * 2**20  # one file at least
    assert after["halite_commit_seconds_count"] > before["halite_commit_seconds_count"]
    assert after["halite_clock_drift_seconds"] == pytest.approx(0, abs=1)


UNSEALED_RECORD = """
    INSERT INTO record (event_id, source, sequence, type, subject, time, body)
    VALUES (gen_random_uuid(), 'quality', 1, 'x', 'LOT-1', now() - interval '100 s', '{}')"""
UNSEALED_ROWS = """
    INSERT INTO fresh_batch (row_count, from_at, to_at, body, committed_at)
    VALUES (1, now(), now(), '', now() - interval '100 s')"""


@pytest.mark.parametrize(
    ("name", "figure", "left"),
    [
        ("trace", "halite_record_unsealed_seconds", UNSEALED_RECORD),
        ("historian", "halite_rows_unsealed_seconds", UNSEALED_ROWS),
    ],
)
async def test_what_is_not_sealed_for_long_is_told(
    name: str, figure: str, left: str, fresh_database: str
) -> None:
    migrate(fresh_database, ROOT / "services" / name / "migrations")
    service = service_named(name, fresh_database)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as http:
        assert (await figures(http))[figure] == 0
        async with service.database.begin() as tx:
            await tx.execute(sql(left))
        assert (await figures(http))[figure] == pytest.approx(100, abs=60)
    await service.http.aclose()
    await service.database.close()
