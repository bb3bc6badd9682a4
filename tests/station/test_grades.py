"""Grades in the database: both stay after a regrade, recipes never mix, packs and statistics."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.formation import store
from services.formation.domain import GradeBin, Grading
from services.formation.grades import Grades
from services.formation.gradestore import Graded
from services.formation.origins import handlers
from shared.app import Service
from shared.envelope import Envelope
from shared.errors import NotFoundError
from shared.events import JobOrderEnded
from shared.facts import TestResult
from tests.station.bench import lot

RECIPE = "product_id=P&protocol_id=f&protocol_version=1"


def grading(version: int, ratio: float, **more: Any) -> Grading:
    bins = (GradeBin(grade="A", capacity_min_ratio=ratio, efficiency_min_ratio=0.99),)
    return Grading(
        product_id="P", version=version, nominal_capacity_mah=1000.0, reference_cycle=2,
        bins=bins, otherwise="C", source="test", **more,
    )  # fmt: skip


def graded(number: int, capacity_mah: float | None = 1000.0, **more: Any) -> Graded:
    values: dict[str, Any] = {
        "lot_id": f"C{number}", "job_order_id": f"J{number}", "product_id": "P",
        "work_request_id": "W", "protocol_id": "f", "protocol_version": 1, "equipment_id": "t",
        "channel": f"1-1-{number % 4}", "chamber_position": None, "grading_version": 1,
        "grade": "A", "reasons": (), "capacity_mah": capacity_mah, "efficiency_ratio": 0.995,
        "resistance_ohm": None,
    }  # fmt: skip
    return Graded(**(values | more))


async def give(formation: Service, *grades: Graded) -> None:
    async with formation.database.begin() as tx:
        for item in grades:
            await Grades(formation).give(tx, item)


async def test_regrade_keeps_both_grades_and_says_the_new_one(
    formation: Service, http: httpx.AsyncClient
) -> None:
    async with formation.database.begin() as tx:
        await store.add_grading(tx, grading(1, 0.9))
        await store.add_grading(tx, grading(2, 1.01))
    await give(formation, graded(1))
    asked = {"json": {"why": "limits were wrong"}}
    headers = {"idempotency-key": "regrade-1", "x-halite-person": "Ada"}
    told = [await http.post("/lots/C1/grades", headers=headers, **asked) for _ in range(2)]
    assert told[0].json() == told[1].json()
    assert (told[0].json()["before"], told[0].json()["after"]) == ("A", "C")
    kept = (await http.get("/lots/C1/grades")).json()["items"]
    assert [(item["grade"], item["grading_version"]) for item in kept] == [("A", 1), ("C", 2)]
    assert (kept[1]["person"], kept[1]["why"]) == ("Ada", "limits were wrong")
    assert "limit 1010 mAh" in kept[1]["reasons"][0]
    async with formation.database.quiet() as tx:
        said = await tx.scalar(text("SELECT count(*) FROM outbox"))
    assert said == 2
    nobody = await http.post(
        "/lots/C9/grades", headers=headers | {"idempotency-key": "regrade-2"}, **asked
    )
    assert nobody.status_code == 404


async def test_grading_of_the_protocol_itself_counts_before_one_of_the_product(
    formation: Service,
) -> None:
    async with formation.database.begin() as tx:
        await store.add_grading(tx, grading(1, 0.9, protocol_id="f", protocol_version=1))
        await store.add_grading(tx, grading(2, 0.8, protocol_id="f"))
        await store.add_grading(tx, grading(3, 0.7))
        found = [
            (await store.newest_grading(tx, "P", *recipe)).version
            for recipe in (("f", 1), ("f", 2), ("g", 1))
        ]
        with pytest.raises(NotFoundError):
            await store.newest_grading(tx, "Q", "f", 1)
    assert found == [1, 2, 3]


async def test_cells_of_two_recipe_versions_are_never_pooled(
    formation: Service, http: httpx.AsyncClient
) -> None:
    cells = [graded(n, 1000.0 + n % 7) for n in range(20)]
    other = [graded(n, 500.0, protocol_version=2) for n in range(20, 40)]
    await give(formation, *cells, *other, graded(40, 700.0), graded(41, None))
    found = (await http.get(f"/lot-statistics?{RECIPE}")).json()
    capacity = found["characteristics"]["capacity_mah"]
    assert found["cell_count"] == 22
    assert (capacity["count"], capacity["median"]) == (21, 1003.0)
    assert list(capacity["outliers"]) == ["C40"]
    assert {item["level"] for item in capacity["factors"]["channel"]} == {
        f"1-1-{n}" for n in range(4)
    }
    packs = (await http.get(f"/packs?{RECIPE}&grade=A&size=5")).json()
    used = {lot_id for pack in packs["packs"] for lot_id in pack["lot_ids"]}
    assert len(packs["packs"]) == 4
    assert used == {f"C{n}" for n in range(20)}
    assert packs["left_over"] == ["C40"]
    assert (await http.get(f"/packs?{RECIPE}&grade=Z&size=5")).status_code == 404


async def test_spray_head_whose_cells_are_low_stands_out(
    formation: Service, http: httpx.AsyncClient
) -> None:
    heads = ["2" if n % 3 == 0 else "1" for n in range(30)]
    await give(
        formation,
        *(graded(n, 1000.0 + n % 7 - (40 if head == "2" else 0)) for n, head in enumerate(heads)),
    )
    for number, head in enumerate(heads):
        told = await http.post(
            "/cell-factors",
            json={"lot_id": f"C{number}", "factor": "spray_head", "level": head},
            headers={"idempotency-key": f"key-of-head-{number}"},
        )
        assert told.status_code == 201
    found = (await http.get(f"/lot-statistics?{RECIPE}&factor=spray_head")).json()
    levels = found["characteristics"]["capacity_mah"]["factors"]["spray_head"]
    assert (levels[0]["level"], levels[0]["stands_out"]) == ("2", True)


# Factors that other services tell


def ended(source: str, equipment: str, lot_id: str, parts: list[str], **more: Any) -> JobOrderEnded:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return JobOrderEnded(
        job_order_id=f"{source}-{lot_id}", lot_id=lot_id, work_request_id="W", product_id="P",
        operation=source, state="ended", equipment_id=f"pilot/a/b/{equipment}", recipe_id="r",
        recipe_version=1, started_at=at, ended_at=at,
        materials=tuple(lot(part, "ose_pellet", "processed") for part in parts), **more,
    )  # fmt: skip


async def test_spray_head_and_furnace_position_of_cells_come_from_the_services_that_know(
    formation: Service, http: httpx.AsyncClient
) -> None:
    pellets = {f"C{n}": [f"P{n}-{k}" for k in range(3)] for n in range(24)}
    hot = {f"C{n}" for n in range(0, 24, 4)}
    await give(formation, *(graded(n, 1000.0 + n % 7 - 40 * (f"C{n}" in hot)) for n in range(24)))
    zones = tuple(
        TestResult(
            lot_id=pellet, characteristic="position_zone", unit="",
            value=f"L1 zone {1 if cell in hot and number < 2 else 3} of 3",
        )
        for cell, parts in pellets.items()
        for number, pellet in enumerate(parts)
    )  # fmt: skip
    told = [ended("sintering", "furnace-1", "LOT", [], results=zones)]
    told += [
        ended("spray", "eap-2" if cell in hot else "eap-1", cell, parts)
        for cell, parts in pellets.items()
    ]
    hear = handlers()[JobOrderEnded]
    async with formation.database.begin() as tx:
        for event in told:
            source = f"/halite/{event.operation}"
            envelope = Envelope(source=source, type="t", subject="s", time=event.ended_at, data={})
            await hear(tx, envelope, event)
    found = (await http.get(f"/lot-statistics?{RECIPE}")).json()
    factors = found["characteristics"]["capacity_mah"]["factors"]
    for factor, level in {
        "spray_head": "eap-2",
        "furnace_position": "furnace-1 zone 1 of 3",
    }.items():
        first = factors[factor][0]
        assert (first["level"], first["count"], first["stands_out"]) == (level, 6, True)
