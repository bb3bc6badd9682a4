"""Owns what is told of a test that ended: its figures, its results, the grade of its cell."""

from collections.abc import Sequence

import polars as pl

from services.formation import domain
from services.formation.curves import Figure
from services.formation.gradestore import Graded
from services.formation.protocol import TestProtocol
from services.formation.ran import Ran
from shared import facts
from shared.events import CyclingEnded, JobOrderEnded, JobOrderReleased
from shared.facts import TestResult
from shared.intake import ended_event, measured
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.units import display_unit

CCD_ROWS = 20_000
PROTOCOL_MATCH = "protocol_match_count"
FINE_S = 12.0  # between rows, so that one lies within a fifth of 10 s


def cycling_ended(
    order: StationOrder, run: Ran, rows: pl.DataFrame, figures: Sequence[facts.CycleFigures]
) -> CyclingEnded:
    """Return the fact that a tester run ended; with its rows where it was a staircase."""
    [job_order], proof = order.job_orders, run.proof
    area = job_order.parameters.get("area_cm2")
    is_staircase = isinstance(area, int | float)
    shown = rows.head(CCD_ROWS if is_staircase else 0)
    return CyclingEnded(
        lot_id=run.lot_id,
        job_order_id=job_order.job_order_id,
        work_request_id=job_order.work_request_id,
        product_id=job_order.product_id,
        operation=job_order.operation,
        protocol_id=run.protocol_id,
        protocol_version=run.protocol_version,
        channel=run.channel,
        protocol_matches=proof.matches is True,
        protocol_is_known=proof.matches is not None,
        protocol_findings=proof.findings,
        cycles=tuple(figures),
        row_count=rows.height,
        stop_latency=run.stop_latency,
        area_cm2=float(area) if isinstance(area, int | float) else None,
        step_index=tuple(shown["step_index"]),
        time_s=tuple(shown["time_s"]),
        voltage_v=tuple(shown["voltage_v"]),
        current_ma=tuple(shown["current_ma"]),
        ended_at=order.ended_at or order.planned_at,
    )


def job_ended(order: StationOrder, results: Sequence[TestResult]) -> JobOrderEnded:
    """Return the end of the job order behind a test."""
    [job_order] = order.job_orders
    answer = JobAnswer(
        job_order_id=job_order.job_order_id,
        state="ended",
        started_at=order.started_at or order.planned_at,
        ended_at=order.ended_at or order.planned_at,
        data={},
    )
    return ended_event(order, job_order, answer, order.materials, results)


def protocol_match(ran: Ran) -> TestResult:
    """Return whether what ran is what was ordered: 1 or 0, or nothing where no evidence tells."""
    proof = ran.proof
    value = None if proof.matches is None else float(proof.matches)
    return TestResult(
        lot_id=ran.lot_id,
        characteristic=PROTOCOL_MATCH,
        value=value,
        unit=display_unit(PROTOCOL_MATCH),
        reason=None if proof.matches is True else "; ".join(proof.findings),
    )


def capacity_results(
    ran: Ran, grading: domain.Grading, figures: Sequence[facts.CycleFigures]
) -> list[TestResult]:
    """Return capacity and efficiency of the reference cycle; unknown where the test ended early."""
    cycle = next((item for item in figures if item.cycle == grading.reference_cycle), None)
    early = ran.stop_reason or (
        f"the test ended as {ran.state!r} before cycle {grading.reference_cycle}"
    )
    stopped = cycle is None or ran.stop_reason is not None
    capacity = None if cycle is None or stopped else cycle.discharge_capacity_mah
    efficiency = None if cycle is None or stopped else cycle.coulombic_efficiency_ratio
    why = early if cycle is None or stopped else cycle.flag
    return [
        measured(ran.lot_id, "discharge_capacity_mah", capacity, why),
        measured(ran.lot_id, "coulombic_efficiency_ratio", efficiency, why),
    ]


def resistance_name(protocol: TestProtocol) -> str:
    """Return with which resistance a cell is graded: at 10 s, at 60 s where rows are far apart.

    One protocol version has one, so cells that are compared have the same.
    """
    return "dcir_10s_ohm" if protocol.record_interval_s <= FINE_S else "dcir_60s_ohm"


def graded(
    job_order: JobOrderReleased,
    ran: Ran,
    protocol: TestProtocol,
    grading: domain.Grading,
    results: Sequence[TestResult],
    features: Sequence[Figure],
) -> Graded:
    """Return the grade of a cell with all it rests on, from its results."""
    values = {item.characteristic: item.value for item in results}
    capacity = values["discharge_capacity_mah"]
    efficiency = values["coulombic_efficiency_ratio"]
    capacity_mah = capacity if isinstance(capacity, float) else None
    efficiency_ratio = efficiency if isinstance(efficiency, float) else None
    grade, reasons = domain.grade(grading, capacity_mah, efficiency_ratio)
    wanted = resistance_name(protocol)
    resistance = next((item.value for item in features if item.name == wanted), None)
    return Graded(
        lot_id=ran.lot_id,
        job_order_id=job_order.job_order_id,
        product_id=job_order.product_id,
        work_request_id=job_order.work_request_id,
        protocol_id=ran.protocol_id,
        protocol_version=ran.protocol_version,
        equipment_id=ran.equipment_id,
        channel=ran.channel,
        chamber_position=ran.chamber_position,
        grading_version=grading.version,
        grade=grade,
        reasons=reasons,
        capacity_mah=capacity_mah,
        efficiency_ratio=efficiency_ratio,
        resistance_ohm=resistance,
    )
