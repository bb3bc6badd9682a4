"""Owns what is told of a test that ended: its figures, its results, the grade of its cell."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from services.formation import domain
from services.formation.answers import ChannelPoint
from services.formation.channels import ChannelFacts
from services.formation.curves import Figure
from services.formation.gradestore import Graded
from services.formation.proof import Proof
from services.formation.protocol import TestProtocol
from services.formation.store import Run
from services.formation.testrecord import TestRecord
from shared import facts
from shared.events import CyclingEnded, JobOrderEnded
from shared.facts import TestResult
from shared.intake import ended_event, measured
from shared.joborders import StationOrder
from shared.stations import JobAnswer
from shared.units import display_unit

log = structlog.get_logger()
CCD_ROWS = 20_000
PROTOCOL_MATCH = "protocol_match_count"
CLOCK_SLACK_S = 60.0  # a tester's clock has whole seconds and is set by people
FINE_S = 12.0  # between rows, so that one lies within a fifth of 10 s


def cycling_ended(
    order: StationOrder,
    run: Run,
    record: TestRecord,
    figures: Sequence[facts.CycleFigures],
    proof: Proof,
) -> CyclingEnded:
    """Return the fact that a tester run ended; with its rows where it was a staircase."""
    [job_order] = order.job_orders
    area = job_order.parameters.get("area_cm2")
    is_staircase = isinstance(area, int | float)
    shown = record.table().head(CCD_ROWS if is_staircase else 0)
    return CyclingEnded(
        lot_id=run.lot_id,
        job_order_id=order.station_order_id,
        work_request_id=job_order.work_request_id,
        product_id=job_order.product_id,
        operation=job_order.operation,
        protocol_id=run.protocol_id,
        protocol_version=run.protocol_version,
        channel=run.channel,
        protocol_matches=proof.matches is True,
        protocol_findings=proof.findings,
        cycles=tuple(figures),
        row_count=len(record),
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
        job_order_id=order.station_order_id,
        state="ended",
        started_at=order.started_at or order.planned_at,
        ended_at=order.ended_at or order.planned_at,
        data={},
    )
    return ended_event(order, job_order, answer, order.materials, results)


def plausible_end(told: datetime, planned_at: datetime, now: datetime) -> datetime:
    """Return when a test ended: as the tester says, or now where its clock cannot be right.

    An end before the test was even planned, or later than now, is a clock that was set.
    """
    if planned_at <= told <= now + timedelta(seconds=CLOCK_SLACK_S):
        return told
    log.warning("clock of the tester is off", told=told.isoformat(), now=now.isoformat())
    return now


def protocol_match(lot_id: str, proof: Proof) -> TestResult:
    """Return whether what ran is what was ordered: 1 or 0, or nothing where no evidence tells."""
    value = None if proof.matches is None else float(proof.matches)
    return TestResult(
        lot_id=lot_id,
        characteristic=PROTOCOL_MATCH,
        value=value,
        unit=display_unit(PROTOCOL_MATCH),
        reason=None if proof.matches is True else "; ".join(proof.findings),
    )


def capacity_results(
    run: Run,
    grading: domain.Grading,
    figures: Sequence[facts.CycleFigures],
    point: ChannelPoint,
) -> list[TestResult]:
    """Return capacity and efficiency of the reference cycle; unknown where the test ended early."""
    cycle = next((item for item in figures if item.cycle == grading.reference_cycle), None)
    early = run.stop_reason or (
        f"the test ended as {point.state!r} before cycle {grading.reference_cycle}"
    )
    stopped = cycle is None or run.stop_reason is not None
    capacity = None if cycle is None or stopped else cycle.discharge_capacity_mah
    efficiency = None if cycle is None or stopped else cycle.coulombic_efficiency_ratio
    why = early if cycle is None or stopped else cycle.flag
    return [
        measured(run.lot_id, "discharge_capacity_mah", capacity, why),
        measured(run.lot_id, "coulombic_efficiency_ratio", efficiency, why),
    ]


def resistance_name(protocol: TestProtocol) -> str:
    """Return with which resistance a cell is graded: at 10 s, at 60 s where rows are far apart.

    One protocol version has one, so cells that are compared have the same.
    """
    return "dcir_10s_ohm" if protocol.record_interval_s <= FINE_S else "dcir_60s_ohm"


def graded(
    order: StationOrder,
    run: Run,
    protocol: TestProtocol,
    channel: ChannelFacts,
    grading: domain.Grading,
    results: Sequence[TestResult],
    features: Sequence[Figure],
) -> Graded:
    """Return the grade of a cell with all it rests on, from its results."""
    [job_order] = order.job_orders
    values = {item.characteristic: item.value for item in results}
    capacity = values["discharge_capacity_mah"]
    efficiency = values["coulombic_efficiency_ratio"]
    capacity_mah = capacity if isinstance(capacity, float) else None
    efficiency_ratio = efficiency if isinstance(efficiency, float) else None
    grade, reasons = domain.grade(grading, capacity_mah, efficiency_ratio)
    wanted = resistance_name(protocol)
    resistance = next((item.value for item in features if item.name == wanted), None)
    return Graded(
        lot_id=run.lot_id,
        job_order_id=run.job_order_id,
        product_id=job_order.product_id,
        work_request_id=job_order.work_request_id,
        protocol_id=run.protocol_id,
        protocol_version=run.protocol_version,
        equipment_id=channel.equipment_id,
        channel=run.channel,
        chamber_position=channel.chamber_position,
        grading_version=grading.version,
        grade=grade,
        reasons=reasons,
        capacity_mah=capacity_mah,
        efficiency_ratio=efficiency_ratio,
        resistance_ohm=resistance,
    )
