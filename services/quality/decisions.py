"""Writes down what a gate decided: results, disposition, nonconformance, and their events."""

from collections.abc import Mapping, Sequence

from services.quality import nonconformancestore, releases, store
from services.quality.comparison import Judged
from services.quality.gates import Decision
from services.quality.store import Passage
from shared.clock import Clock
from shared.events import (
    DispositionDecided,
    JobOrderHeld,
    NonconformanceRaised,
    SampleExtended,
    ThermocoupleDriftFound,
)
from shared.outbox import Outbox
from shared.transaction import Transaction

STATION, DRIFT = "station", "drift"  # the words for nonconformances that no gate raised
_ABOUT_NOTHING: Mapping[str, str | None] = {"product_id": None, "operation": None}


class Recorder:
    """Keeps decisions and says them, in the caller's transaction."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock

    async def keep_results(
        self,
        tx: Transaction,
        passage: Passage,
        gate: str,
        version: int,
        judged: Sequence[Judged],
    ) -> None:
        """Keep each value with the limits it was held against."""
        now = self._clock.now()
        await store.keep_results(tx, passage.job_order_id, gate, version, judged, now)

    async def keep_decision(
        self,
        tx: Transaction,
        passage: Passage,
        gate: str,
        version: int,
        decision: Decision,
        *,
        to_sign: bool = False,
    ) -> None:
        """Keep and say a decision, and a nonconformance that names what it does not let go.

        to_sign: a release waits for its signature, and blocks until then.
        """
        now = self._clock.now()
        if to_sign and decision.disposition == "released":
            await releases.keep(tx, passage, gate, version, decision, now)
            decision = releases.until_signed(decision)
        elif to_sign:
            await releases.drop(tx, gate, decision.lot_id)
        decided = DispositionDecided(
            lot_id=decision.lot_id,
            work_request_id=passage.work_request_id,
            product_id=passage.product_id,
            gate=gate,
            characteristic=decision.decisive.characteristic,
            value=decision.decisive.value,
            unit=decision.decisive.unit,
            low=decision.decisive.low,
            high=decision.decisive.high,
            disposition=decision.disposition,
            reason=decision.reason,
            specification_version=version,
            evaluated_at=now,
            parts=decision.parts,
        )
        await store.keep_disposition(tx, passage.job_order_id, decided)
        await self._outbox.record(tx, decided)
        if decision.blocked_lot_ids:
            raised = NonconformanceRaised(
                lot_id=decision.lot_id,
                nonconformance_id=f"NC-{passage.job_order_id}-{gate}",
                equipment_id=passage.equipment_id,
                description=f"gate {gate} blocked: {decision.reason}",
                lot_ids=decision.blocked_lot_ids,
            )
            about = {"product_id": passage.product_id, "operation": passage.operation}
            await self._raise(tx, raised, gate, passage.job_order_id, about)

    async def extend(
        self, tx: Transaction, passage: Passage, gate: str, pellet_lot_id: str, count: int
    ) -> None:
        """Say that so many more like this one must pass before its siblings are decided over."""
        extended = SampleExtended(
            lot_id=pellet_lot_id,
            work_request_id=passage.work_request_id,
            job_order_id=passage.job_order_id,
            gate=gate,
            count=count,
        )
        await self._outbox.record(tx, extended)

    async def raise_held(self, tx: Transaction, event: JobOrderHeld, event_id: str) -> None:
        """Raise a nonconformance for a job order that a station or a service held."""
        raised = NonconformanceRaised(
            lot_id=event.lot_id,
            nonconformance_id=f"NC-{event.job_order_id}-{STATION}-{event_id[:8]}",
            equipment_id=event.equipment_id,
            description=f"{event.operation} held: {event.reason}",
            lot_ids=event.lot_ids or (event.lot_id,),
        )
        about = {"product_id": event.product_id, "operation": event.operation}
        await self._raise(tx, raised, STATION, event.job_order_id, about)

    async def raise_drift(self, tx: Transaction, event: ThermocoupleDriftFound) -> None:
        """Raise a nonconformance for a furnace whose thermocouples have drifted apart."""
        raised = NonconformanceRaised(
            lot_id=event.lot_ids[0],
            nonconformance_id=f"NC-{event.furnace_load_id}-{DRIFT}",
            equipment_id=event.equipment_id,
            description=(
                f"the thermocouples of {event.equipment_id} show {event.drift_degc:+.1f} °C beside "
                f"their calibration of {event.qualified_at:%Y-%m-%d}, limit "
                f"{event.limit_degc:g} °C; calibrate them before the next load"
            ),
            lot_ids=event.lot_ids,
        )
        await self._raise(tx, raised, DRIFT, event.furnace_load_id, _ABOUT_NOTHING)

    async def take_raised(self, tx: Transaction, event: NonconformanceRaised, source: str) -> None:
        """Keep a nonconformance that another service raised and has said itself."""
        await self._keep(tx, event, source, "", _ABOUT_NOTHING)

    async def _raise(
        self,
        tx: Transaction,
        event: NonconformanceRaised,
        gate: str,
        job_order_id: str,
        about: Mapping[str, str | None],
    ) -> None:
        if await self._keep(tx, event, gate, job_order_id, about):
            await self._outbox.record(tx, event)

    async def _keep(
        self,
        tx: Transaction,
        event: NonconformanceRaised,
        gate: str,
        job_order_id: str,
        about: Mapping[str, str | None],
    ) -> bool:
        row = {
            **event.model_dump(exclude={"lot_ids"}),
            **about,
            "lot_ids": list(event.lot_ids),
            "gate": gate,
            "category": gate,
            "severity": "major",
            "job_order_id": job_order_id,
            "at": self._clock.now(),
        }
        return await nonconformancestore.keep_raised(tx, row)
