"""Has the figures of spectra and staircases computed, outside any transaction."""

from collections import Counter

from services.quality import evidence, masterdata, store
from services.quality.figures import MODEL_VERSION, OF_MODE, unknown
from services.quality.fitter import Answer, SpectrumQuestion, StaircaseQuestion
from services.quality.fitting import FitProcess
from services.quality.staircase import OF_STAIRCASE
from shared.clock import Clock
from shared.db import Database
from shared.errors import ServiceUnreachableError, StationFaultError
from shared.events import CyclingEnded, SpectrumMeasured

LOOK_S = 1.0
THICKNESS = "thickness_um"  # as the gauge measures each pellet
MOST_DEATHS = 2  # of the fit process over one evaluation; the first may be the plant that stops


class Evaluator:
    """Works off what is pending; figures and the end of the pending row commit together."""

    def __init__(
        self, database: Database, clock: Clock, fits: FitProcess, interface_tau_min_s: float
    ) -> None:
        self._database, self._clock, self._fits = database, clock, fits
        self._interface_tau_min_s = interface_tau_min_s
        self._deaths: Counter[str] = Counter()

    async def run(self) -> None:
        """Evaluate for ever; woken by commits, at the latest each second."""
        while True:
            if not await self.look():
                await self._database.committed.wait(LOOK_S)

    async def look(self) -> int:
        """Evaluate everything that is pending; return how many there were."""
        async with self._database.quiet() as tx:
            evaluation_ids = await store.pending_ids(tx)
        for evaluation_id in evaluation_ids:
            await self._evaluate(evaluation_id)
        return len(evaluation_ids)

    async def _evaluate(self, evaluation_id: str) -> None:
        async with self._database.quiet() as tx:
            found = await store.pending(tx, evaluation_id)
        if found is None:
            return
        kind, body = found
        if kind == SpectrumMeasured.kind:
            await self._spectrum(evaluation_id, SpectrumMeasured.model_validate(body))
        else:
            await self._staircase(evaluation_id, CyclingEnded.model_validate(body))

    async def _spectrum(self, evaluation_id: str, event: SpectrumMeasured) -> None:
        async with self._database.quiet() as tx:
            thickness_um = await store.newest_value(tx, event.lot_id, THICKNESS)
        question = SpectrumQuestion(
            event=event, thickness_um=thickness_um, interface_tau_min_s=self._interface_tau_min_s
        )
        answer = await self._ask(evaluation_id, question, OF_MODE[event.mode])
        await self._keep(evaluation_id, event, answer)

    async def _staircase(self, evaluation_id: str, event: CyclingEnded) -> None:
        async with self._database.quiet() as tx:
            specs = await masterdata.specifications(tx, event.product_id, event.operation)
        rules = [spec.ccd_recipe for spec in specs if spec.ccd_recipe is not None]
        question = StaircaseQuestion(event=event, rule=rules[0] if rules else None)
        answer = await self._ask(evaluation_id, question, OF_STAIRCASE)
        await self._keep(evaluation_id, event, answer)

    async def _ask(
        self,
        evaluation_id: str,
        question: SpectrumQuestion | StaircaseQuestion,
        names: tuple[str, ...],
    ) -> Answer:
        """Return the figures; unknown where the process hung, or died twice over the same."""
        try:
            return await self._fits.ask(question)
        except ServiceUnreachableError as error:
            self._deaths[evaluation_id] += 1
            if self._deaths[evaluation_id] < MOST_DEATHS:
                raise
            reason = str(error)
        except StationFaultError as error:
            reason = str(error)
        lot_id = question.event.lot_id
        return Answer(results=tuple(unknown(lot_id, name, reason) for name in names))

    async def _keep(
        self, evaluation_id: str, event: SpectrumMeasured | CyclingEnded, answer: Answer
    ) -> None:
        async with self._database.begin() as tx:
            if not await store.take_pending(tx, evaluation_id):
                return
            protocol = _protocol(event)
            await store.keep_measurements(
                tx, event.job_order_id, answer.results, self._clock.now(), protocol
            )
            if isinstance(event, SpectrumMeasured):
                await evidence.set_figures(tx, event.spectrum_id, answer.record, MODEL_VERSION)
            await store.set_decided(tx, event.job_order_id, decided=False)


def _protocol(event: SpectrumMeasured | CyclingEnded) -> str:
    """Return what the figures were measured by: the tester's protocol, or our model's version."""
    if isinstance(event, CyclingEnded):
        return f"{event.protocol_id}@{event.protocol_version}"
    return f"impedance-model@{MODEL_VERSION}"
