"""What follows from nonconformances: holds, what gates say of their lots, rework, events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality import nonconformancestore, rework, store
from services.quality.domain import NONCONFORMANCE_GATE
from services.quality.nonconformance import State, move
from services.quality.store import all_rows
from shared.clock import Clock
from shared.events import (
    DispositionDecided,
    JobOrderEnded,
    LotHeld,
    LotHoldReleased,
    LotsScrapped,
    NonconformanceChanged,
    ReworkOrdered,
)
from shared.facts import PartDisposition
from shared.outbox import Outbox
from shared.transaction import Transaction

HOLDING = ("rework", "scrap")


class Consequences:
    """Carries out what was decided, in the caller's transaction."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock

    async def hold(
        self, tx: Transaction, nonconformance_id: str, lot_ids: Sequence[str], reason: str
    ) -> None:
        """Hold lots for a nonconformance; one that another one holds is not held twice."""
        for lot_id in await nonconformancestore.hold(tx, nonconformance_id, lot_ids):
            held = LotHeld(
                lot_id=lot_id, work_request_id=None, gate=NONCONFORMANCE_GATE, reason=reason
            )
            await self._outbox.record(tx, held)

    async def let_go(
        self, tx: Transaction, nonconformance_id: str, lot_ids: Sequence[str], reason: str
    ) -> None:
        """End the hold of lots, as far as no other nonconformance holds them."""
        for lot_id in await nonconformancestore.let_go(tx, nonconformance_id, lot_ids):
            freed = LotHoldReleased(
                lot_id=lot_id, work_request_id=None, gate=NONCONFORMANCE_GATE, reason=reason
            )
            await self._outbox.record(tx, freed)

    async def act(
        self, tx: Transaction, row: RowMapping, record: dict[str, Any], person: str
    ) -> None:
        """Carry out a signed disposition: free, rework or scrap exactly its lots."""
        nonconformance_id, word = row["nonconformance_id"], record["disposition"]
        lot_ids = record["lot_ids"]
        reason = f"{word} by disposition {record['id']} ({person}): {record['reason']}"
        if word in HOLDING:
            await self.hold(tx, nonconformance_id, lot_ids, reason)
        if word == "rework":
            taken = await rework.route(tx, record["rework_route_id"])
            await rework.order(tx, nonconformance_id, taken, lot_ids, self._clock.now())
            ordered = ReworkOrdered(
                lot_id=lot_ids[0],
                nonconformance_id=nonconformance_id,
                rework_route_id=taken.rework_route_id,
                route_version=taken.version,
                lot_ids=tuple(lot_ids),
                operations=taken.operations,
                gates=tuple(dict.fromkeys((NONCONFORMANCE_GATE, row["gate"]))),
            )
            await self._outbox.record(tx, ordered)
        await self._tell_gate(tx, row, record, reason)
        if word == "scrap":
            scrapped = LotsScrapped(
                lot_id=lot_ids[0],
                nonconformance_id=nonconformance_id,
                lot_ids=tuple(lot_ids),
                reason=record["reason"],
                person=person,
            )
            await self._outbox.record(tx, scrapped)
        if word == "released":
            await self.let_go(tx, nonconformance_id, lot_ids, reason)

    async def on_ended(self, tx: Transaction, event: JobOrderEnded) -> None:
        """A job order ended: a lot that has gone through its whole rework is let go.

        The gates of its last operation decide over it anew, by themselves.
        """
        lots = {event.lot_id, *(item.lot_id for item in event.materials)}
        done = await rework.went_through(tx, sorted(lots), event.operation, event.started_at)
        for nonconformance_id, lot_id in done:
            await self.let_go(tx, nonconformance_id, [lot_id], f"rework of {lot_id} has ended")

    async def say(
        self,
        tx: Transaction,
        row: RowMapping,
        state: State,
        reason: str,
        person: str,
        closed_at: datetime | None = None,
    ) -> None:
        """Move a nonconformance on and say so.

        Raises:
            IllegalTransitionError: there is no such move.
        """
        nonconformance_id = row["nonconformance_id"]
        move(nonconformance_id, row["state"], state)
        await nonconformancestore.set_state(tx, nonconformance_id, state, closed_at)
        lots = await nonconformancestore.lots(tx, nonconformance_id)
        changed = NonconformanceChanged(
            lot_id=row["lot_id"],
            nonconformance_id=nonconformance_id,
            state=state,
            lot_ids=tuple(item["lot_id"] for item in lots),
            reason=reason,
            person=person,
        )
        await self._outbox.record(tx, changed)

    async def _tell_gate(
        self, tx: Transaction, row: RowMapping, record: dict[str, Any], reason: str
    ) -> None:
        """Say the disposition as the word of the gate that raised the nonconformance, if one did.

        The gate's results stay as they are; execution goes by the newest decision.
        """
        rows = await all_rows(
            tx,
            """
            SELECT body FROM disposition WHERE job_order_id = :job_order_id AND gate = :gate
            ORDER BY id DESC LIMIT 1""",
            job_order_id=row["job_order_id"],
            gate=row["gate"],
        )
        if not rows:
            return
        before = DispositionDecided.model_validate(rows[0]["body"])
        word = record["disposition"]
        parts = [
            PartDisposition(lot_id=lot_id, value=None, disposition=word, reason=reason)
            for lot_id in record["lot_ids"]
        ]
        decided = before.model_copy(
            update={
                "disposition": word if before.lot_id in record["lot_ids"] else before.disposition,
                "reason": reason,
                "evaluated_at": self._clock.now(),
                "parts": tuple(parts),
            }
        )
        await store.keep_disposition(tx, row["job_order_id"], decided)
        await self._outbox.record(tx, decided)
