"""What the gateway keeps of events, and what it says of acts of persons."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from services.gateway import domain, oeestore, store
from shared.app import Service
from shared.effects import Handler, Said
from shared.envelope import Envelope
from shared.events import (
    DispositionDecided,
    EquipmentStateChanged,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderResumed,
    JobOrderStarted,
    OperatorActed,
    SourceStateChanged,
)
from shared.facts import Event
from shared.transaction import Transaction


class GatewayWork:
    """Keeps the gateway's copy; `touch` is told which lots an event is about."""

    def __init__(self, service: Service, touch: Callable[[frozenset[str]], None]) -> None:
        self._clock, self._outbox, self._touch = service.clock, service.outbox, touch

    @property
    def handlers(self) -> dict[type[Event], Handler]:
        """The effect of each event that the copy is made from."""
        return {
            EquipmentStateChanged: self._on_state,
            SourceStateChanged: self._on_source,
            JobOrderStarted: self._on_started,
            JobOrderEnded: self._on_ended,
            JobOrderHeld: self._on_held,
            JobOrderPaused: self._on_paused,
            JobOrderResumed: self._on_resumed,
            DispositionDecided: self._on_decided,
        }

    async def on_every(self, tx: Transaction, said: Sequence[Said]) -> None:
        """Raise and end alarms, and tell which lots have news."""
        for envelope, event in said:
            for change in domain.alarm_changes(event):
                await _apply(tx, envelope, change)
            self._touch(domain.touched(event))

    async def note_retry(
        self, tx: Transaction, service: str, event_id: str, person: str
    ) -> dict[str, Any]:
        """Say that a person let a service handle a set-aside event again."""
        event = OperatorActed(
            action="retry_set_aside", target=event_id, person=person, reason=f"of {service}"
        )
        await self._outbox.record(tx, event)
        return {"event_id": event_id, "person": person}

    async def _on_state(self, tx: Transaction, _: Envelope, event: EquipmentStateChanged) -> None:
        await store.set_state(tx, event)
        await oeestore.add_span(tx, event)

    async def _on_source(self, tx: Transaction, _: Envelope, event: SourceStateChanged) -> None:
        await store.set_source(tx, event)

    async def _on_started(self, tx: Transaction, _: Envelope, event: JobOrderStarted) -> None:
        await store.begin_job_order(tx, event)

    async def _on_ended(self, tx: Transaction, _: Envelope, event: JobOrderEnded) -> None:
        await store.end_job_order(tx, event)
        await oeestore.add_output(tx, event)

    async def _on_decided(self, tx: Transaction, _: Envelope, event: DispositionDecided) -> None:
        await oeestore.add_decision(tx, event)

    async def _on_held(self, tx: Transaction, _: Envelope, event: JobOrderHeld) -> None:
        await store.hold_job_order(tx, event)

    async def _on_paused(self, tx: Transaction, _: Envelope, event: JobOrderPaused) -> None:
        await store.hold_job_order(tx, event)

    async def _on_resumed(self, tx: Transaction, _: Envelope, event: JobOrderResumed) -> None:
        await store.resume_job_order(tx, event)


async def _apply(tx: Transaction, envelope: Envelope, change: domain.Change) -> None:
    match change:
        case domain.Alarm():
            alarm_id = alarm_id_of(envelope, change.condition)
            await store.raise_alarm(tx, alarm_id, change, envelope.time)
        case domain.Return():
            await store.end_condition(tx, change.condition, change.lot_id, envelope.time)
        case domain.LotGone():
            await store.forget_lot(tx, change.lot_id, envelope.time)
        case domain.RequestOver():
            await store.forget_request(tx, change.work_request_id, envelope.time)


def alarm_id_of(envelope: Envelope, condition: str) -> str:
    """Return the id of the alarm that an event raises; the same each time it is computed."""
    return hashlib.blake2s(f"{envelope.id}/{condition}".encode(), digest_size=10).hexdigest()
