"""Which job orders lamination can understand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.lamination.domain import cell_of, parts_of, plan_named
from shared.errors import InvalidInputError
from shared.events import JobOrderReleased
from shared.facts import Material, MaterialUse

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def material(lot_id: str, use: MaterialUse) -> Material:
    return Material(lot_id=lot_id, material_definition_id="any", quantity=1, unit="count", use=use)


def job_order(kind: str, *materials: Material, **parameters: Any) -> JobOrderReleased:
    return JobOrderReleased(
        job_order_id="WR-C01-stack",
        lot_id="WR-C01",
        work_request_id="WR",
        product_id="nfm-pouch-1ah",
        operation="stack",
        service="lamination",
        station_kind=kind,
        recipe_id="laminate",
        materials=materials,
        parameters=parameters,
        priority=50,
        due_at=NOW,
        released_at=NOW,
    )


CELL, FOIL = material("C01", "produced"), material("F1", "consumed")


def test_stack_has_one_produced_cell_and_its_parts_from_the_bottom() -> None:
    stack = job_order("laminator", FOIL, material("P1", "consumed"), CELL)
    assert cell_of(stack) == CELL
    assert [part.lot_id for part in parts_of(stack)] == ["F1", "P1"]


def test_seal_has_one_processed_cell() -> None:
    cell = material("C01", "processed")
    assert cell_of(job_order("sealer", cell)) == cell


@pytest.mark.parametrize(
    ("kind", "materials", "message"),
    [
        ("mill", (CELL,), "lamination drives laminators and sealers, given mill"),
        ("laminator", (FOIL,), r"needs exactly one cell that is produced, given \[\]"),
        ("laminator", (CELL,), "no parts to stack"),
        ("laminator", (FOIL, CELL, material("C02", "produced")), "exactly one cell"),
        ("sealer", (CELL,), r"that is processed, given \['produced C01'\]"),
    ],
)
def test_job_order_that_makes_no_cell_is_refused(
    kind: str, materials: tuple[Material, ...], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        cell_of(job_order(kind, *materials))


def test_stack_plan_is_named_by_text() -> None:
    assert plan_named(job_order("laminator", FOIL, CELL)) is None
    assert plan_named(job_order("laminator", FOIL, CELL, stack_plan_id="coin")) == "coin"
    with pytest.raises(InvalidInputError, match=r"stack_plan_id is 7\.0, expected the id"):
        plan_named(job_order("laminator", FOIL, CELL, stack_plan_id=7.0))
