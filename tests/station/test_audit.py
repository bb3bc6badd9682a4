"""The audit over a real database: acts of persons, what they changed, and how they are found."""

import asyncio
import csv
import io
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.trace import workflow
from services.trace.audit import COLUMNS, Asked, acts, as_csv, changes
from services.trace.domain import ACTS, PERSONS
from shared.db import Database, migrate, sql
from shared.envelope import BY_TYPE, envelope
from shared.events import CellGraded, LotHeld, NonconformanceChanged, OperatorActed
from shared.facts import Event
from tests.plant import ROOT

AT = datetime(2026, 1, 5, 6, tzinfo=UTC)
MIGRATIONS: Path = ROOT / "services/trace/migrations"
# Machines say these; they name who stood there, not what somebody did.
OF_MACHINES = {"genealogy_recorded", "job_order_ended"}


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    await asyncio.to_thread(migrate, fresh_database, MIGRATIONS)
    database = Database(fresh_database)
    yield database
    await database.close()


def moved(state: str, person: str, *lot_ids: str) -> NonconformanceChanged:
    return NonconformanceChanged.model_validate(
        {
            "lot_id": lot_ids[0],
            "work_request_id": None,
            "nonconformance_id": "NC-1",
            "state": state,
            "lot_ids": lot_ids,
            "reason": f"now {state}",
            "person": person,
        }
    )


async def keep(database: Database, *events: Event) -> None:
    numbers = itertools.count(1)
    async with database.begin() as tx:
        for number, event in zip(numbers, events, strict=False):
            wrapped = envelope(event, service="quality", time=AT + timedelta(hours=number))
            await workflow.keep(tx, [(wrapped.model_copy(update={"sequence": number}), event)])


async def test_an_act_says_who_did_what_to_which_object_and_what_was_there_before(
    database: Database,
) -> None:
    await keep(
        database,
        LotHeld(lot_id="L1", work_request_id=None, gate="spray", reason="film"),
        moved("open", "Ada (ada)", "L1"),
        moved("contained", "Bob (bob)", "L1", "L2"),
        OperatorActed(
            action="shelve_alarm", target="A-1", person="Ada (ada)", reason="until noon; door"
        ),
    )
    async with database.quiet() as tx:
        found = await acts(tx, Asked())
        by_bob = await acts(tx, Asked(person="bob"))
        about = await acts(tx, Asked(object="L2"))
        early = await acts(tx, Asked(until=AT + timedelta(hours=3)))
        older = await acts(tx, Asked(before=found[0]["position"], limit=1))
        wild = await acts(tx, Asked(person="%"))
    assert [item["act"] for item in found] == [
        "shelve_alarm",
        "nonconformance_changed",
        "nonconformance_changed",
    ]
    shelved, contained, opened = found
    assert (shelved["persons"], shelved["object"]) == (["Ada (ada)"], "A-1")
    assert shelved["reason"] == "until noon; door" and shelved["is_sealed"] is False
    assert contained["changes"] == {
        "state": {"before": "open", "after": "contained"},
        "lot_ids": {"before": ["L1"], "after": ["L1", "L2"]},
    }
    assert opened["changes"]["state"] == {"after": "open"}
    assert by_bob == about == older == [contained]
    assert early == [opened] and wild == []


async def test_what_no_person_stands_behind_is_not_looked_through_for_acts(
    database: Database, fresh_database: str
) -> None:
    by_itself = CellGraded(
        lot_id="C1",
        work_request_id="WR-1",
        product_id="coin",
        grade="A",
        discharge_capacity_mah=3.0,
        coulombic_efficiency_ratio=0.999,
        reasons=(),
    )
    by_hand = by_itself.model_copy(update={"lot_id": "C2", "person": "Ada (ada)"})
    await keep(database, *[by_itself] * 50, by_hand)
    as_kept = await positions(database)
    async with database.begin() as tx:
        await tx.execute(sql("DROP TABLE act"))
        await tx.execute(sql("CREATE INDEX record_act_newest ON record (position)"))
        await tx.execute(sql("UPDATE service_version SET version_num = '0008'"))
    await asyncio.to_thread(migrate, fresh_database, MIGRATIONS)
    async with database.quiet() as tx:
        found = await acts(tx, Asked())
    assert as_kept == await positions(database) == [found[0]["position"]]
    assert [(item["object"], item["persons"]) for item in found] == [("C2", ["Ada (ada)"])]


async def positions(database: Database) -> list[int]:
    async with database.quiet() as tx:
        return list(await tx.scalars(sql("SELECT position FROM act")))


async def test_the_csv_has_a_line_for_each_act_and_no_formula(database: Database) -> None:
    act = OperatorActed(action="add_person", target="eve", person="Ada (ada)", reason="=1+1")
    await keep(database, act)
    async with database.quiet() as tx:
        text = as_csv(await acts(tx, Asked()))
    header, line = csv.reader(io.StringIO(text))
    row = dict(zip(header, line, strict=True))
    assert tuple(header) == COLUMNS
    assert (row["persons"], row["act"], row["reason"]) == ("Ada (ada)", "add_person", "'=1+1")


def test_what_stays_the_same_is_no_change() -> None:
    assert changes({"state": "open", "lot_ids": ["a"], "person": "x"}, {"state": "open"}) == {
        "lot_ids": {"before": None, "after": ["a"]}
    }


def test_every_event_that_names_a_person_is_an_act_or_said_by_a_machine() -> None:
    """A new one needs a line in `ACTS`, and a migration that fills `act` and makes `record_act`."""
    named = {
        kind.kind
        for kind in BY_TYPE.values()
        if {*PERSONS, "persons"}.intersection(kind.model_fields)
    }
    assert named == {*ACTS, *OF_MACHINES}
