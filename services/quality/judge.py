"""Decides over the exposure of lots when the samples of their room have arrived."""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.quality import gates, lineage, masterdata, opened, openings, store
from services.quality.comparison import Judged
from services.quality.decisions import Recorder
from services.quality.domain import EXPOSURE_GATE, ExposureBudget, decided_with
from services.quality.exposure import Exposure, added, exposure, sentence, state_of
from services.quality.gas import GASES, GasName
from services.quality.settings import QualitySettings
from services.quality.store import Passage
from shared.clock import Clock
from shared.db import Database
from shared.errors import InvalidInputError
from shared.events import ExposureEvaluated
from shared.facts import Disposition
from shared.outbox import Cause, Outbox, cause
from shared.transaction import Transaction
from shared.units import display_unit

LOOK_S = 1.0
MINUTES = "exposure_min"
DOSE_OF: dict[GasName, str] = {
    "water": "exposure_dose_ppm_h",
    "oxygen": "exposure_oxygen_dose_ppm_h",
}


class ExposureJudge:
    """Evaluates the open intervals of lots when the samples of their room have arrived."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        recorder: Recorder,
        settings: QualitySettings,
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._recorder = recorder
        self._longest_gap_s = settings.longest_gap_s(clock.speed)

    async def run(self) -> None:
        """Evaluate for ever; woken by commits, at the latest each second."""
        while True:
            if not await self.look():
                await self._database.committed.wait(LOOK_S)

    async def look(self) -> int:
        """Take every pending interval once; return how many were evaluated."""
        async with self._database.quiet() as tx:
            pending = await openings.pending(tx)
        count = 0
        for lot_id, state in pending:
            async with self._database.quiet() as tx:
                count += await self._take(tx, lot_id, state)
        if count:
            self._database.committed.set()
        return count

    async def _take(self, tx: Transaction, lot_id: str, state: str) -> bool:
        row = await openings.lock_pending(tx, lot_id, state, self._clock.now())
        if row is None:
            return False
        budget = ExposureBudget.model_validate(row["body"])
        last = await openings.newest_passage(tx, lot_id, budget.to_operation)
        if last is None:
            return False
        first = await openings.newest_passage(tx, lot_id, budget.from_operation)
        if first is None:
            origins = await lineage.backward(tx, [lot_id, *last.parts])
            first = await openings.earliest_passage(tx, origins, budget.from_operation)
        found = await self._exposure(tx, budget, first, last, given_up=row["given_up"])
        if found is None:
            return False
        cause.set(Cause(last.correlation_id, last.causation_id))
        await self._record(tx, budget, first, last, found)
        await openings.end_pending(tx, lot_id, state)
        return True

    async def _exposure(
        self,
        tx: Transaction,
        budget: ExposureBudget,
        first: Passage | None,
        last: Passage,
        *,
        given_up: bool,
    ) -> Exposure | None:
        """Return the exposure, or None while samples may still arrive."""
        if first is None:
            reason = f"start of {budget.from_operation} of {last.lot_id} is not known"
            return Exposure(minutes=None, dose_ppm_h=None, reason=reason) if given_up else None
        beyond = timedelta(seconds=self._longest_gap_s)
        gas = GASES[budget.gas]
        sensors = await openings.air_samples(
            tx, budget.room_equipment_id, gas, first.started_at - beyond, last.ended_at + beyond
        )
        arrived = bool(sensors) and all(
            samples[-1].source_at >= last.ended_at for samples in sensors.values()
        )
        if not arrived and not given_up:
            return None
        try:
            own = exposure(
                sensors, first.started_at, last.ended_at, longest_gap_s=self._longest_gap_s, gas=gas
            )
        except InvalidInputError as error:
            return Exposure(minutes=None, dose_ppm_h=None, reason=str(error))
        own = _told_by(own, budget.room_equipment_id, sensors)
        return added(await self._of_parts(tx, budget, first), own)

    async def _of_parts(
        self, tx: Transaction, budget: ExposureBudget, first: Passage
    ) -> list[Exposure]:
        """Return the exposure of each opened part, until the lot's own interval began."""
        beyond, gas = timedelta(seconds=self._longest_gap_s), GASES[budget.gas]
        openings_of = await opened.of_parts(tx, first.lot_id, first.started_at)
        found = []
        for part, lies in await opened.counted(tx, openings_of, budget.state):
            sensors = await openings.air_samples(
                tx,
                lies.room_equipment_id,
                gas,
                part.opened_at - beyond,
                first.started_at + beyond,
            )
            own = exposure(
                sensors,
                part.opened_at,
                first.started_at,
                longest_gap_s=self._longest_gap_s,
                gas=gas,
            )
            found.append(_told_by(own, lies.room_equipment_id, sensors))
        return found

    async def _record(
        self,
        tx: Transaction,
        budget: ExposureBudget,
        first: Passage | None,
        last: Passage,
        found: Exposure,
    ) -> None:
        state, reason = state_of(found, budget), sentence(found, budget)
        values = {
            "minutes": found.minutes,
            "budget_minutes": budget.budget_minutes,
            "dose_ppm_h": found.dose_ppm_h,
            "budget_dose_ppm_h": budget.budget_dose_ppm_h,
            "state": state,
            "reason": reason,
        }
        kept = {
            "lot_id": last.lot_id,
            "open_state": budget.state,
            "version": budget.version,
            "job_order_id": last.job_order_id,
            "from_at": None if first is None else _since(first, last, found),
            "to_at": last.ended_at,
            "at": self._clock.now(),
        }
        await store.lock(tx, last.lot_id)
        await openings.keep_exposure(tx, kept | values)
        event = ExposureEvaluated(
            lot_id=last.lot_id,
            work_request_id=last.work_request_id,
            sensors=found.sensors,
            **values,
        )
        await self._outbox.record(tx, event)
        judged = judged_exposure(last.lot_id, found, budget)
        await self._recorder.keep_results(tx, last, EXPOSURE_GATE, budget.version, judged)
        await self._decide(tx, budget, last, judged)

    async def _decide(
        self,
        tx: Transaction,
        budget: ExposureBudget,
        last: Passage,
        judged: tuple[Judged, ...],
    ) -> None:
        """Block at once; release when all budgets that the lot must keep have been kept."""
        found = gates.verdict(judged)
        if found is None:
            return
        if found.disposition == "released":
            known = await openings.newest_exposures(tx, last.lot_id)
            acting = decided_with(budget, await masterdata.budgets(tx, last.product_id))
            states = [known[one.state]["state"] if one.state in known else None for one in acting]
            if any(state not in ("within", "near") for state in states):
                return
        await self._recorder.keep_decision(
            tx, last, EXPOSURE_GATE, budget.version, gates.decide_lot(found)
        )


def judged_exposure(lot_id: str, found: Exposure, budget: ExposureBudget) -> tuple[Judged, ...]:
    """Return minutes and dose against their budgets, the worse used one first."""
    reason = sentence(found, budget)
    pairs = (
        (MINUTES, found.minutes, budget.budget_minutes),
        (DOSE_OF[budget.gas], found.dose_ppm_h, budget.budget_dose_ppm_h),
    )
    judged = [
        (
            math.inf if value is None else value / high,
            Judged(
                lot_id=lot_id,
                characteristic=name,
                value=value,
                unit=display_unit(name),
                low=None,
                high=high,
                disposition=_disposition(value, high, budget),
                reason=reason,
            ),
        )
        for name, value, high in pairs
    ]
    return tuple(item for _, item in sorted(judged, key=lambda pair: -pair[0]))


def _since(first: Passage, last: Passage, found: Exposure) -> datetime:
    """Return when the interval began; what a part brought with it was before the lot's own."""
    own_min = (last.ended_at - first.started_at).total_seconds() / 60.0
    if found.minutes is None or found.minutes <= own_min:
        return first.started_at
    return last.ended_at - timedelta(minutes=found.minutes)


def _disposition(value: float | None, high: float, budget: ExposureBudget) -> Disposition | None:
    if budget.status == "suspect":
        return None
    return "released" if value is not None and value <= high else "blocked"


def _told_by(found: Exposure, equipment_id: str, signals: Iterable[str]) -> Exposure:
    return replace(found, sensors=tuple(sorted(f"{equipment_id}/{name}" for name in signals)))
