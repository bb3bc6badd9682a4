"""The interlock says yes only for a known lot with a released job order that nothing holds."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plc.domain import (
    DONE,
    INVALID_REQUEST,
    INVALID_STATE,
    UNKNOWN_JOB,
    Floor,
    Hold,
    KnownJobOrder,
    Reported,
    State,
    Unit,
    judge_report,
    may_start,
    next_job_order,
    startable,
)
from shared.events import JobOrderReleased
from shared.facts import Material, MaterialUse

HERE = Unit(equipment_id="pilot/dryroom/assembly/laminator-1", kind="laminator")
THERE = "pilot/dryroom/assembly/laminator-2"
AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


def job_order(
    name: str = "J1",
    kind: str = "laminator",
    materials: Iterable[tuple[str, MaterialUse]] = (("PELLET", "consumed"), ("CELL", "produced")),
    priority: int = 5,
) -> KnownJobOrder:
    released = JobOrderReleased(
        job_order_id=name,
        lot_id="CELL",
        work_request_id="W",
        product_id="P",
        operation="stack",
        service="lamination",
        station_kind=kind,
        recipe_id="stack",
        materials=tuple(
            Material(lot_id=lot_id, material_definition_id="m", quantity=1, unit="1", use=use)
            for lot_id, use in materials
        ),
        priority=priority,
        due_at=AT,
        released_at=AT,
    )
    return KnownJobOrder(released=released, state="allowed_to_start")


def floor(*job_orders: KnownJobOrder, held: dict[str, str] | None = None) -> Floor:
    holds = {lot_id: (hold(*said.split(": ")),) for lot_id, said in (held or {}).items()}
    return Floor(job_orders=job_orders, held=holds, registered=frozenset({"PELLET"}))


def hold(gate: str, reason: str = "why", **more: bool) -> Hold:
    return Hold(gate=gate, reason=reason, **more)


def test_released_job_order_lets_each_of_its_lots_start() -> None:
    for lot_id in ("CELL", "PELLET"):
        verdict = may_start(floor(job_order()), HERE, lot_id)
        assert verdict.allowed
        assert verdict.reason == "job order J1 is released"


@pytest.mark.parametrize(
    ("known", "lot_id", "words"),
    [
        (floor(), "CELL", "lot CELL is not known, or no job order"),
        (floor(), "PELLET", "no job order for lot PELLET is released for a laminator"),
        (floor(job_order(kind="sealer")), "PELLET", "no job order for lot PELLET"),
        (floor(job_order(), held={"CELL": "leak: 3"}), "CELL", "lot CELL is held: leak: 3"),
        (floor(job_order(), held={"CELL": "leak: 3"}), "PELLET", "J1 waits: lot CELL is held"),
        (
            floor(job_order(materials=[("NEW", "consumed"), ("CELL", "produced")])),
            "CELL",
            "J1 waits: its lot NEW is not known",
        ),
        (
            floor(replace(job_order(), state="running", equipment_id=THERE)),
            "CELL",
            f"job order J1 is running at {THERE}",
        ),
        (
            floor(replace(job_order(), state="interrupted", reason="read back differs")),
            "CELL",
            "job order J1 is held: read back differs",
        ),
        (floor(replace(job_order(), state="ended")), "CELL", "job order J1 has ended"),
    ],
)
def test_no_comes_with_the_reason(known: Floor, lot_id: str, words: str) -> None:
    verdict = may_start(known, HERE, lot_id)
    assert not verdict.allowed
    assert words in verdict.reason


def test_job_order_running_here_may_go_on_unless_its_lot_is_held() -> None:
    running = replace(job_order(), state="running", equipment_id=HERE.equipment_id)
    assert may_start(floor(running), HERE, "CELL").allowed
    assert not may_start(floor(running, held={"CELL": "x"}), HERE, "CELL").allowed


def reworked(*holds: Hold, pellet: tuple[Hold, ...] = ()) -> Floor:
    """A cell under rework with its ordered job order, and one of the route for the same cell."""
    usual = job_order("USUAL", materials=[("CELL", "processed"), ("PELLET", "consumed")])
    through = {"through_gates": ("nonconformance", "leak"), "through_lot_ids": ("CELL",)}
    again = replace(
        usual, released=usual.released.model_copy(update={"job_order_id": "AGAIN", **through})
    )
    held = {"CELL": holds} | ({"PELLET": pellet} if pellet else {})
    known = frozenset({"CELL", "PELLET"})
    return Floor(job_orders=(usual, again), held=held, registered=known)


def test_through_the_holds_that_ordered_a_rework_goes_that_rework_alone() -> None:
    known = reworked(hold("nonconformance"), hold("leak"))
    assert [one.job_order_id for one in startable(known, HERE)] == ["AGAIN"]
    assert may_start(known, HERE, "CELL").reason == "job order AGAIN is released"
    elsewhere = Unit(equipment_id="pilot/dryroom/assembly/sealer-1", kind="sealer")
    assert not may_start(known, elsewhere, "CELL").allowed


@pytest.mark.parametrize(
    "known",
    [
        reworked(hold("nonconformance"), hold("recall-1")),
        reworked(hold("nonconformance"), pellet=(hold("nonconformance"),)),
        reworked(hold("leak", is_scrap=True)),
    ],
    ids=["another hold", "another lot", "scrap"],
)
def test_a_rework_goes_through_no_other_hold(known: Floor) -> None:
    assert startable(known, HERE) == []
    assert not may_start(known, HERE, "CELL").allowed


lots = st.sampled_from(["A", "B", "C", "D"])
uses = st.sampled_from(get_args(MaterialUse))
job_orders = st.builds(
    lambda number, kind, materials, state, where: replace(
        job_order(f"J{number}", kind, materials), state=state, equipment_id=where
    ),
    st.integers(0, 99),
    st.sampled_from(["laminator", "sealer"]),
    st.lists(st.tuples(lots, uses), max_size=4),
    st.sampled_from(get_args(State)),
    st.sampled_from([None, HERE.equipment_id, THERE]),
)
floors = st.builds(
    lambda orders, held, registered: Floor(
        job_orders=tuple(orders),
        held=dict.fromkeys(held, (hold("x"),)),
        registered=frozenset(registered),
    ),
    st.lists(job_orders, max_size=5),
    st.sets(lots),
    st.sets(lots),
)


@given(floors, lots)
def test_yes_only_when_released_for_the_kind_not_held_and_known(known: Floor, lot_id: str) -> None:
    reasons_to_start = [
        one
        for one in known.job_orders
        if one.released.station_kind == "laminator"
        and lot_id in one.lot_ids
        and (
            (one.state == "running" and one.equipment_id == HERE.equipment_id)
            or (
                one.state == "allowed_to_start"
                and not one.lot_ids & known.held.keys()
                and all(
                    item.lot_id in known.registered | one.made_lot_ids
                    for item in one.released.materials
                )
            )
        )
    ]
    expected = bool(reasons_to_start) and lot_id not in known.held
    verdict = may_start(known, HERE, lot_id)
    assert verdict.allowed == expected
    assert verdict.reason


def test_next_is_what_runs_here_then_the_most_urgent_that_may_start() -> None:
    low, high = job_order("LOW", priority=1), job_order("HIGH", priority=9)
    stuck = replace(job_order("STUCK", priority=10), state="interrupted")
    known = floor(low, high, stuck)
    assert [one.job_order_id for one in startable(known, HERE)] == ["HIGH", "LOW"]
    assert next_job_order(known, HERE) == high
    running = replace(low, state="running", equipment_id=HERE.equipment_id)
    assert next_job_order(floor(running, high), HERE) == running
    assert next_job_order(floor(stuck), HERE) is None


@pytest.mark.parametrize(
    ("state", "reported", "now", "status"),
    [
        ("allowed_to_start", None, "running", DONE),
        ("allowed_to_start", None, "ended", INVALID_STATE),
        ("allowed_to_start", "running", "running", DONE),
        ("allowed_to_start", "running", "ended", DONE),
        ("running", None, "ended", DONE),
        ("ended", None, "ended", DONE),
        ("ended", "running", "aborted", DONE),
        ("running", "interrupted", "running", DONE),
        ("running", "interrupted", "ended", INVALID_STATE),
        ("running", "ended", "running", INVALID_STATE),
        ("running", "running", "paused", INVALID_REQUEST),
    ],
)
def test_reports_follow_the_table_of_moves(
    state: State, reported: Reported | None, now: str, status: int
) -> None:
    one = replace(job_order(), state=state, reported=reported)
    assert judge_report(floor(one), HERE, "J1", now).status == status


def test_report_on_an_unknown_or_foreign_job_order_is_refused() -> None:
    assert judge_report(floor(), HERE, "J1", "running").status == UNKNOWN_JOB
    sealer = floor(job_order(kind="sealer"))
    assert judge_report(sealer, HERE, "J1", "running").status == UNKNOWN_JOB
    elsewhere = floor(replace(job_order(), state="running", equipment_id=THERE))
    assert judge_report(elsewhere, HERE, "J1", "running").status == INVALID_STATE
