"""Owns what ran of a test on a channel, and how the parts of a plan are joined to one test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl
import structlog

from services.formation import tables
from services.formation.answers import ChannelPoint, StepEnd
from services.formation.channels import ChannelFacts
from services.formation.curves import Figure, early_features
from services.formation.cycles import StepFigures, cycle_figures
from services.formation.domain import cell_order, need_of, steps_of
from services.formation.figures import Accuracy, told
from services.formation.proof import Proof
from services.formation.protocol import TestProtocol
from services.formation.store import Run
from shared import facts
from shared.errors import InvalidInputError
from shared.stationorder import StationOrder

log = structlog.get_logger()
CLOCK_SLACK_S = 60.0  # a tester's clock has whole seconds and is set by people


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A test that ended, or a part of one: cell, protocol, channel, steps and the proof.

    steps_before: how many ordered steps of the plan come before this part. state: the tester's
    word for the end. highest_ma: the largest current ordered. chamber_position, range_ma and
    uncertainty_ratio (of full scale): of the channel as it was at the end. stop_latency: of its
    stop, on the clock of its own part.
    """

    lot_id: str
    protocol_id: str
    protocol_version: int
    equipment_id: str
    channel: str
    chamber_position: str | None
    range_ma: float
    uncertainty_ratio: float
    highest_ma: float
    state: str
    stop_reason: str | None
    steps: tuple[StepFigures, ...]
    steps_before: int
    proof: Proof
    started_at: datetime
    ended_at: datetime
    stop_latency: facts.StopLatency | None = None

    @property
    def early(self) -> str | None:
        """Why it ended before its last step; None where it ran to its end."""
        if self.stop_reason is not None:
            return self.stop_reason
        return None if self.state == "finish" else f"the tester ended it as {self.state!r}"


def ran_on(
    order: StationOrder,
    run: Run,
    protocol: TestProtocol,
    channel: ChannelFacts,
    point: ChannelPoint,
    layer: Sequence[StepEnd],
    now: datetime,
) -> Ran:
    """Return what a tester says of a test that ended; nothing of it is proven yet.

    Raises:
        StationFaultError: the tester ran a kind of step that we never order.
        InvalidInputError: the order lacks a capacity or an area.
    """
    steps = steps_of(layer)
    ended_at = plausible_end(layer[-1].ended_at, order.planned_at, now) if layer else now
    return Ran(
        lot_id=run.lot_id,
        protocol_id=run.protocol_id,
        protocol_version=run.protocol_version,
        equipment_id=channel.equipment_id,
        channel=channel.channel,
        chamber_position=channel.chamber_position,
        range_ma=channel.current_range_ma,
        uncertainty_ratio=channel.current_uncertainty_ratio,
        highest_ma=need_of(protocol, cell_order(order.job_orders[0])).current_ma,
        state=point.state,
        stop_reason=run.stop_reason,
        steps=steps,
        steps_before=0,
        proof=Proof(matches=None, findings=("nothing was compared yet",)),
        started_at=ended_at - timedelta(seconds=steps[-1].end_s) if steps else ended_at,
        ended_at=ended_at,
    )


def plausible_end(told: datetime, planned_at: datetime, now: datetime) -> datetime:
    """Return when a test ended: as the tester says, or now where its clock cannot be right.

    An end before the test was even planned, or later than now, is a clock that was set.
    """
    if planned_at <= told <= now + timedelta(seconds=CLOCK_SLACK_S):
        return told
    log.warning("clock of the tester is off", told=told.isoformat(), now=now.isoformat())
    return now


def figures_of(
    ran: Ran, rows: pl.DataFrame
) -> tuple[tuple[facts.CycleFigures, ...], tuple[Figure, ...]]:
    """Return the figures of each cycle with the channel's uncertainty, and the early features."""
    cycles = cycle_figures(ran.steps) if ran.steps else ()
    accuracy = Accuracy(ran.uncertainty_ratio, ran.range_ma, ran.highest_ma)
    return told(cycles, accuracy), early_features(rows, cycles) if rows.height else ()


def joined(parts: Sequence[tuple[Ran, pl.DataFrame]]) -> tuple[Ran, pl.DataFrame]:
    """Return the parts of one test that testers ran, in their order, as one test with its rows.

    Time is that since the first part began, the pauses at the other instrument included. Steps
    have their number in the plan; a cycle begins with each charge after a discharge, because each
    part counted for itself. The least accurate channel counts.

    Raises:
        InvalidInputError: no parts.
    """
    if not parts:
        raise InvalidInputError("nothing to join; a plan has at least one part for a tester")
    begun = parts[0][0].started_at
    moved_rows, steps = [], list[StepFigures]()
    for ran, rows in parts:
        shift_s = (ran.started_at - begun).total_seconds()
        if rows.height:
            index = pl.col("step_index") + ran.steps_before
            moved_rows.append(rows.with_columns(pl.col("time_s") + shift_s, index))
        last_step = steps[-1].step if steps else 0
        steps += [
            replace(
                step,
                step=last_step + number,
                start_s=step.start_s + shift_s,
                end_s=step.end_s + shift_s,
            )
            for number, step in enumerate(ran.steps, start=1)
        ]
    return _one([ran for ran, _ in parts], _counted(steps)), (
        tables.joined(moved_rows) if moved_rows else parts[0][1]
    )


def _one(parts: Sequence[Ran], steps: tuple[StepFigures, ...]) -> Ran:
    worst = max(parts, key=lambda one: one.uncertainty_ratio * one.range_ma)
    last = parts[-1]
    return replace(
        last,
        channel=", ".join(dict.fromkeys(one.channel for one in parts)),
        range_ma=worst.range_ma,
        uncertainty_ratio=worst.uncertainty_ratio,
        highest_ma=max(one.highest_ma for one in parts),
        steps=steps,
        steps_before=0,
        proof=_proof([one.proof for one in parts]),
        started_at=parts[0].started_at,
    )


def _proof(proofs: Sequence[Proof]) -> Proof:
    """Return what all parts prove together: one that differs decides, then one that is unknown."""
    words = [proof.matches for proof in proofs]
    matches = False if False in words else None if None in words else True
    return Proof(matches=matches, findings=tuple(f for proof in proofs for f in proof.findings))


def _counted(steps: Sequence[StepFigures]) -> tuple[StepFigures, ...]:
    """Return steps with a new cycle at each charge after a discharge."""
    cycle, last, found = 1, None, []
    for step in steps:
        cycle += int(step.direction == "charge" and last == "discharge")
        last = step.direction or last
        found.append(replace(step, cycle=cycle))
    return tuple(found)
