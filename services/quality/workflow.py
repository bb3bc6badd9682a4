"""What quality does when others say what happened, and how its gates come to their decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.quality import (
    chartmaster,
    evidence,
    gates,
    lineage,
    masterdata,
    opened,
    openings,
    origins,
    rework,
    signing,
    store,
    waiverwork,
    whereabouts,
)
from services.quality.chartmaster import ControlChart
from services.quality.comparison import Circumstances, Figures
from services.quality.consequences import Consequences
from services.quality.cyclefigures import cycling_figures
from services.quality.deadlines import Deadlines
from services.quality.decisions import Recorder
from services.quality.domain import (
    CAPACITY,
    EFFICIENCY,
    GRADE,
    GRADING,
    ExposureBudget,
    TestSpecification,
)
from services.quality.figures import figure
from services.quality.gates import Verdict
from services.quality.nonconformance import ReworkRoute
from services.quality.sampler import Sampler
from services.quality.siblings import Siblings
from services.quality.signatures import SignatureRule
from services.quality.store import Passage
from shared.clock import Clock
from shared.db import Database
from shared.envelope import Envelope
from shared.errors import InvalidInputError
from shared.events import (
    CellGraded,
    CureMeasured,
    CyclingEnded,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderHeld,
    MaterialLotRegistered,
    NonconformanceRaised,
    SpectrumMeasured,
    ThermocoupleDriftFound,
    WorkRequestAccepted,
)
from shared.outbox import Cause, cause
from shared.transaction import Transaction

CURED, RESIDUAL = "cure_conversion_ratio", "residual_liquid_ratio"
LOOK_S = 1.0  # longest wall wait between looks at what is open


class QualityWork:
    """Keeps what others say; decides nothing itself, so that its transactions stay short."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        sensor_wait_s: float,
        deadlines: Deadlines,
        consequences: Consequences,
    ) -> None:
        self._recorder, self._clock, self._deadlines = recorder, clock, deadlines
        self._consequences = consequences
        self._sensor_wait = timedelta(seconds=sensor_wait_s)

    async def on_accepted(self, tx: Transaction, _: Envelope, event: WorkRequestAccepted) -> None:
        """A work request came: keep how many witness cells stand for its pellets."""
        await origins.keep_request(tx, event.work_request_id, event.witness_quantity)

    async def on_registered(
        self, tx: Transaction, _: Envelope, event: MaterialLotRegistered
    ) -> None:
        """A lot came: keep what it is and which pellets are of it."""
        await opened.keep_material(tx, event.lot_id, event.material_definition_id)
        await origins.keep_members(tx, event.lot_id, event.members)

    async def on_genealogy(self, tx: Transaction, _: Envelope, event: GenealogyRecorded) -> None:
        """Something was made of something: keep which pellets a cell has."""
        parts = [item.lot_id for item in event.materials if item.use != "produced"]
        await origins.keep_components(tx, event.lot_id, parts)
        await lineage.keep(tx, event.lot_id, event.materials)

    async def on_ended(self, tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
        """A station ended: keep its results for the gates, and the times of the lot."""
        if event.state == "ended":
            await lineage.keep(tx, event.lot_id, event.materials)
        await self._deadlines.on_ended(tx, envelope, event)
        if event.state != "ended":
            return
        used = {use: [m.lot_id for m in event.materials if m.use == use] for use in _PART_USES}
        passage = Passage(
            **event.model_dump(include=_OF_JOB_ORDER | {"equipment_id", "started_at", "ended_at"}),
            parts=tuple(dict.fromkeys(used["processed"] or used["produced"])),
            correlation_id=envelope.correlationid,
            causation_id=str(envelope.id),
        )
        protocol = f"{event.recipe_id}@{event.recipe_version}"
        await store.keep_measurements(
            tx, event.job_order_id, event.results, event.ended_at, protocol
        )
        await store.keep_passage(tx, passage)
        await self._consequences.on_ended(tx, event)
        for budget in await masterdata.budgets(tx, event.product_id):
            if event.operation in (budget.from_operation, budget.to_operation):
                give_up_at = self._clock.now() + self._sensor_wait
                await openings.add_pending(tx, event.lot_id, budget, give_up_at)

    async def on_spectrum(self, tx: Transaction, _: Envelope, event: SpectrumMeasured) -> None:
        """A spectrum came: keep it; its figures are computed outside this transaction."""
        await evidence.keep_spectrum(tx, event)
        await store.keep_pending(
            tx, event.spectrum_id, event.kind, event.job_order_id, event.model_dump_json()
        )

    async def on_cycling(self, tx: Transaction, _: Envelope, event: CyclingEnded) -> None:
        """A tester ended: keep whether it ran what was ordered, and a staircase if it was one."""
        protocol = f"{event.protocol_id}@{event.protocol_version}"
        results = cycling_figures(event)
        await store.keep_measurements(tx, event.job_order_id, results, event.ended_at, protocol)
        if event.step_index:
            await store.keep_pending(
                tx,
                f"{event.job_order_id}-staircase",
                event.kind,
                event.job_order_id,
                event.model_dump_json(),
            )

    async def on_graded(self, tx: Transaction, envelope: Envelope, event: CellGraded) -> None:
        """A cell has its grade: its figures pass the gates of the operation `grading`."""
        passage = Passage(
            **event.model_dump(include={"lot_id", "work_request_id", "product_id"}),
            job_order_id=f"{event.lot_id}-{GRADING}",
            operation=GRADING,
            equipment_id=None,
            parts=(),
            started_at=envelope.time,
            ended_at=envelope.time,
            correlation_id=envelope.correlationid,
            causation_id=str(envelope.id),
        )
        results = [
            figure(event.lot_id, GRADE, event.grade, "; ".join(event.reasons) or None),
            figure(event.lot_id, CAPACITY, event.discharge_capacity_mah),
            figure(
                event.lot_id,
                EFFICIENCY,
                event.coulombic_efficiency_ratio,
                None if event.coulombic_efficiency_ratio is not None else "the grade has none",
            ),
        ]
        await store.keep_measurements(tx, passage.job_order_id, results, envelope.time)
        await store.keep_passage(tx, passage)

    async def on_cure(self, tx: Transaction, envelope: Envelope, event: CureMeasured) -> None:
        """The cure of a pellet was measured: it passes the gates of `cure` or `residual_liquid`."""
        name, value = CURED, event.conversion_ratio
        if event.residual_liquid_ratio is not None:
            name, value = RESIDUAL, event.residual_liquid_ratio
        operation = "cure" if name == CURED else "residual_liquid"
        sprayed = await store.passage_measuring(tx, event.lot_id, "spray")
        if sprayed is None:
            return
        passage = replace(
            sprayed,
            job_order_id=f"{event.lot_id}-{operation}-{event.measured_at:%Y%m%dT%H%M%S}-{event.face}",
            lot_id=event.lot_id,
            operation=operation,
            equipment_id=event.equipment_id,
            parts=(),
            started_at=event.measured_at,
            ended_at=event.measured_at,
            correlation_id=envelope.correlationid,
            causation_id=str(envelope.id),
        )
        result = figure(event.lot_id, name, value)
        await store.keep_measurements(tx, passage.job_order_id, [result], event.measured_at)
        await store.keep_passage(tx, passage)

    async def on_held(self, tx: Transaction, envelope: Envelope, event: JobOrderHeld) -> None:
        """A job order stands until a person looks: raise a nonconformance."""
        await self._recorder.raise_held(tx, event, str(envelope.id))

    async def on_raised(
        self, tx: Transaction, envelope: Envelope, event: NonconformanceRaised
    ) -> None:
        """Another service raised a nonconformance: it is dealt with here."""
        await self._recorder.take_raised(tx, event, envelope.source.rsplit("/", 1)[-1])

    async def on_drift(self, tx: Transaction, _: Envelope, event: ThermocoupleDriftFound) -> None:
        """A furnace's thermocouples drifted apart: raise a nonconformance on its load."""
        await self._recorder.raise_drift(tx, event)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one gate decides over: an ended job order, its values and what bears on them."""

    passage: Passage
    spec: TestSpecification
    figures: Figures
    under: Circumstances


class Decider:
    """Lets the gates decide over each ended job order once all figures for it are there."""

    def __init__(self, database: Database, recorder: Recorder, clock: Clock) -> None:
        self._database, self._recorder, self._clock = database, recorder, clock
        self._siblings = Siblings(recorder)
        self._sampler = Sampler(recorder, clock)

    async def run(self) -> None:
        """Decide for ever; woken by commits, at the latest each second."""
        while True:
            if not await self.look():
                await self._database.committed.wait(LOOK_S)

    async def look(self) -> int:
        """Take every open job order once; return how many were decided."""
        async with self._database.quiet() as tx:
            open_ids = await store.open_passages(tx)
        decided_count = 0
        for job_order_id in open_ids:
            async with self._database.quiet() as tx:
                decided_count += await self._take(tx, job_order_id)
        if decided_count:
            self._database.committed.set()
        return decided_count

    async def _take(self, tx: Transaction, job_order_id: str) -> bool:
        passage = await store.lock_passage(tx, job_order_id)
        if passage is None:
            return False
        cause.set(Cause(passage.correlation_id, passage.causation_id))
        specs = await masterdata.specifications_for(
            tx, passage.product_id, passage.operation, passage.lot_id
        )
        pellet_lots = await origins.pellet_lots(tx, passage.lot_id)
        witness_quantity = await origins.witness_quantity(tx, passage.work_request_id)
        waits = _waits(specs, passage, pellet_lots, witness_quantity)
        if waits is not None:
            await store.set_waits(tx, job_order_id, waits)
            return False
        figures, protocols = await store.figures(tx, job_order_id)
        figures = await whereabouts.credible(tx, passage, figures)
        now = self._clock.now()
        for spec in specs:
            lot_ids = (passage.lot_id, *passage.parts)
            waivers = await waiverwork.in_force(tx, passage, spec.gate, lot_ids, now)
            case = Case(
                passage=passage,
                spec=spec,
                figures=figures,
                under=Circumstances(protocols=protocols, waivers=waivers),
            )
            if spec.decides == "pellet_lot":
                needed = spec.needed_count or 1
                if spec.of_all_witnesses and witness_quantity is not None:
                    needed = witness_quantity
                found = await self._judge(tx, case, passage.lot_id)
                if found is not None:
                    await self._siblings.decide(tx, spec, passage, found, pellet_lots, needed)
            else:
                await self._over_lot(tx, case)
        await store.set_decided(tx, job_order_id, decided=True)
        return True

    async def _over_lot(self, tx: Transaction, case: Case) -> None:
        spec, passage = case.spec, case.passage
        lot_ids = (passage.lot_id,) if spec.decides == "lot" else passage.parts
        if spec.decides == "sample":
            figures, protocols, lot_ids = await self._sampler.measured(tx, spec, passage)
            case = replace(case, figures=figures, under=replace(case.under, protocols=protocols))
        verdicts = []
        for lot_id in lot_ids:
            found = await self._judge(tx, case, lot_id)
            verdicts += [found] if found is not None else []
        if not lot_ids and spec.judged:
            verdicts = [gates.no_parts(spec, passage.lot_id, passage.job_order_id)]
        if not verdicts:
            return
        await self._count(tx, case, verdicts)
        if spec.decides == "sample":
            by_lot = {item.lot_id: item for item in verdicts}
            await self._sampler.decide(tx, spec, passage, case.figures, by_lot)
            return
        decision = (
            gates.decide_parts(passage.lot_id, verdicts)
            if spec.decides == "parts"
            else gates.decide_lot(verdicts[0])
        )
        await self._recorder.keep_decision(
            tx, passage, spec.gate, spec.version, decision, to_sign=spec.is_signed
        )

    async def _count(self, tx: Transaction, case: Case, verdicts: Sequence[Verdict]) -> None:
        """Keep how many parts failed of those judged, once for a job order: charts plot it."""
        spec, passage = case.spec, case.passage
        name = f"{spec.gate}_nonconforming_count"
        if spec.decides == "lot" or await store.is_measured(tx, passage.job_order_id, name):
            return
        own = [item for item in verdicts if item.lot_id in (passage.lot_id, *passage.parts)]
        failed = sum(item.disposition != "released" for item in own)
        found = figure(passage.lot_id, name, float(failed))
        await store.keep_measurements(
            tx,
            passage.job_order_id,
            [found],
            passage.ended_at,
            f"{spec.gate}@{spec.version}",
            items=float(len(own)),
        )

    async def _judge(self, tx: Transaction, case: Case, lot_id: str) -> Verdict | None:
        judged = gates.judge_lot(case.spec, lot_id, case.figures, case.under)
        spec = case.spec
        await self._recorder.keep_results(tx, case.passage, spec.gate, spec.version, judged)
        return gates.verdict(judged)


async def take_master_data(
    tx: Transaction,
    specs: Sequence[TestSpecification],
    budgets: Sequence[ExposureBudget],
    charts: Sequence[ControlChart],
    rules: Sequence[SignatureRule],
    routes: Sequence[ReworkRoute],
    rooms: Sequence[str],
) -> dict[str, Any]:
    """Keep specifications, budgets, control charts, rules of signatures and rework routes; all or
    none.

    Raises:
        InvalidInputError: a budget names a room that the plant file does not have.
        ConflictError: a version exists with other content.
    """
    for spec in specs:
        await masterdata.add_specification(tx, spec)
    for budget in budgets:
        if budget.room_equipment_id not in rooms:
            raise InvalidInputError(
                f"room_equipment_id of exposure budget {budget.state} is "
                f"{budget.room_equipment_id}; the plant file has the dry rooms "
                f"{', '.join(rooms) or 'none'}"
            )
        await masterdata.add_budget(tx, budget)
    for chart in charts:
        await chartmaster.add_chart(tx, chart)
    for rule in rules:
        await signing.add_rule(tx, rule)
    for route in routes:
        await rework.add_route(tx, route)
    return {
        "test_specifications": [f"{spec.gate} {spec.product_id} {spec.version}" for spec in specs],
        "exposure_budgets": [f"{item.state} {item.product_id} {item.version}" for item in budgets],
        "control_charts": [f"{chart.chart_id} {chart.version}" for chart in charts],
        "signature_rules": [f"{rule.purpose} {rule.version}" for rule in rules],
        "rework_routes": [f"{route.rework_route_id} {route.version}" for route in routes],
    }


_PART_USES = ("processed", "produced")
_OF_JOB_ORDER = {"job_order_id", "lot_id", "work_request_id", "product_id", "operation"}


def _waits(
    specs: Sequence[TestSpecification],
    passage: Passage,
    pellet_lots: Sequence[str],
    witness_quantity: int | None,
) -> str | None:
    """Return what is still to be heard of before the gates can decide, or None."""
    if any(spec.decides == "pellet_lot" for spec in specs) and not pellet_lots:
        return f"the pellet lot of {passage.lot_id} is not known yet"
    if any(spec.of_all_witnesses for spec in specs) and witness_quantity is None:
        return f"witness_quantity of {passage.work_request_id} is not known yet"
    return None
