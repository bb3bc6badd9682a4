"""Owns ordered tests at work: which part is next, at which instrument, and the whole at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from services.formation import planstore, store
from services.formation.curves import Figure
from services.formation.grades import Grades
from services.formation.outcome import (
    capacity_results,
    cycling_ended,
    graded,
    job_ended,
    protocol_match,
)
from services.formation.plan import Instrument, is_divided, orders_of
from services.formation.protocol import TestProtocol
from services.formation.ran import Ran, figures_of, joined
from services.formation.store import Run
from shared.app import Service
from shared.events import JobOrderReleased, SpectrumMeasured
from shared.facts import CycleFigures
from shared.intake import ended_event
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a job order asks of an instrument now: its whole protocol, or the next part of it.

    number: of the part, None where the protocol needs one instrument. steps_before: of the plan.
    """

    job_order: JobOrderReleased
    whole: TestProtocol
    protocol: TestProtocol
    instrument: Instrument
    number: int | None = None
    part_count: int = 1
    steps_before: int = 0

    @property
    def station_order_id(self) -> str:
        """The name of this piece of work at its instrument."""
        job_order_id = self.job_order.job_order_id
        return job_order_id if self.number is None else f"{job_order_id}-part-{self.number}"


async def next_work(tx: Transaction, job_order: JobOrderReleased) -> Work | None:
    """Return what a job order for a tester is to run next; None when all parts have ended.

    A plan keeps to the protocol version that its first part was given.

    Raises:
        NotFoundError: its protocol has no released version.
        InvalidInputError: the protocol cannot be divided.
    """
    begun = await planstore.begun(tx, job_order.job_order_id)
    if begun is None:
        whole = await store.newest_protocol(tx, job_order.recipe_id)
    else:
        whole = await store.protocol_version(tx, begun.protocol_id, begun.protocol_version)
    if not is_divided(whole):
        return Work(job_order=job_order, whole=whole, protocol=whole, instrument="tester")
    parts = orders_of(whole)
    done = begun.ended_count if begun is not None else 0
    if done == len(parts):
        return None
    return Work(
        job_order=job_order,
        whole=whole,
        protocol=parts[done].protocol,
        instrument=parts[done].instrument,
        number=done + 1,
        part_count=len(parts),
        steps_before=sum(len(part.protocol.steps) for part in parts[:done]),
    )


class Plans:
    """Tests of one part or several, and what is told of them when the last has ended."""

    def __init__(self, service: Service) -> None:
        self._outbox, self._grades = service.outbox, Grades(service)

    async def given(self, tx: Transaction, work: Work) -> None:
        """Keep that the next part of a plan was given to its instrument."""
        if work.number is not None:
            await planstore.begin_part(
                tx,
                work.job_order.job_order_id,
                work.whole,
                work.part_count,
                work.number,
                work.instrument,
                work.station_order_id,
            )

    async def test_ended(
        self, tx: Transaction, order: StationOrder, run: Run, ran: Ran, rows: pl.DataFrame,
        figures: Sequence[CycleFigures], features: Sequence[Figure],
    ) -> None:  # fmt: skip
        """Tell a test that ended; keep a part of a plan, and go on where it ran to its end."""
        if run.part_number is None:
            protocol = await store.protocol_version(tx, ran.protocol_id, ran.protocol_version)
            await self._tell(tx, order, protocol, ran, rows, figures, features)
            return
        await planstore.keep_ran(tx, order.station_order_id, ran, rows)
        await planstore.end_part(
            tx, order.station_order_id, ran.state, ran.started_at, ran.ended_at
        )
        await self._go_on(tx, order, ran.early)

    async def spectrum_ended(
        self, tx: Transaction, order: StationOrder, answer: JobAnswer,
        spectrum: SpectrumMeasured | None,
    ) -> None:  # fmt: skip
        """Keep a spectrum of a plan and go on; one that was aborted ends the job order."""
        spectrum_id = spectrum.spectrum_id if spectrum is not None else None
        await planstore.end_part(
            tx,
            order.station_order_id,
            answer.state,
            answer.started_at,
            answer.ended_at,
            spectrum_id,
        )
        if spectrum is None:
            await self._aborted(tx, order, answer)
            return
        await self._outbox.record(tx, spectrum)
        await self._go_on(tx, order, None)

    async def given_up(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Tell a test, or a part of a plan, that a person gave up: it has no results."""
        await planstore.end_part(
            tx, order.station_order_id, answer.state, answer.started_at, answer.ended_at
        )
        await self._aborted(tx, order, answer)

    async def _aborted(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        [job_order] = order.job_orders
        event = ended_event(order, job_order, answer, order.materials, [])
        await self._outbox.record(tx, event)

    async def _go_on(self, tx: Transaction, order: StationOrder, early: str | None) -> None:
        """Hand the job order on to its next instrument, or tell the whole: all parts, or early."""
        [job_order] = order.job_orders
        work = await next_work(tx, job_order)
        if work is not None and early is None:
            await planstore.hand_on(tx, job_order.job_order_id, work.instrument)
            return
        ran, rows = joined(await planstore.ran_parts(tx, job_order.job_order_id))
        if work is not None:
            left = f"part {work.number} of {work.part_count} and later ones did not run: {early}"
            ran = replace(ran, proof=replace(ran.proof, findings=(*ran.proof.findings, left)))
        figures, features = figures_of(ran, rows)
        await planstore.finish(tx, job_order.job_order_id, ran, rows.height, figures, features)
        whole = await store.protocol_version(tx, ran.protocol_id, ran.protocol_version)
        ended = replace(order, started_at=ran.started_at)
        await self._tell(tx, ended, whole, ran, rows, figures, features)

    async def _tell(
        self, tx: Transaction, order: StationOrder, protocol: TestProtocol, ran: Ran,
        rows: pl.DataFrame, figures: Sequence[CycleFigures], features: Sequence[Figure],
    ) -> None:  # fmt: skip
        """Say what a job order's test gave: its cycles, the grade of a cell, its end."""
        [job_order] = order.job_orders
        results = [protocol_match(ran)]
        cycled = cycling_ended(order, ran, rows, figures)
        await self._outbox.record(tx, cycled)
        if cycled.area_cm2 is None:
            grading = await store.newest_grading(
                tx, job_order.product_id, ran.protocol_id, ran.protocol_version
            )
            results += capacity_results(ran, grading, figures)
            await self._grades.give(
                tx, graded(job_order, ran, protocol, grading, results, features)
            )
        await self._outbox.record(tx, job_ended(order, results))
