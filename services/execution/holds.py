"""Holds of lots: what may not go on, by which gate and why; each change is said once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import RowMapping

from services.execution import gates, limits
from services.execution.domain import Input
from shared.clock import Clock
from shared.errors import ConflictError
from shared.events import DispositionDecided, LotHeld, LotHoldReleased, TimeLimitChanged
from shared.facts import PartDisposition
from shared.outbox import Outbox
from shared.transaction import Transaction

PERSON = "person"  # the gate of those who hold a lot by hand
OPEN_EXPOSURE = "open_exposure"  # a budget used up or unknown while the lot is still open
# What no gate of quality decides, so that a person may end it here.
Decided = Mapping[str, DispositionDecided | PartDisposition]  # by lot
PersonsGate = Literal["person", "station", "operation", "time_limit", "stock", "open_exposure"]


class HoldChange(Input):
    """Who holds a lot or ends its hold, and why."""

    person: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)

    @property
    def words(self) -> str:
        """Reason and person in one sentence."""
        return f"{self.reason} ({self.person})"


class Holds:
    """Holds lots and lets them go."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock

    async def hold(
        self, tx: Transaction, work_request_id: str | None, lot_id: str, gate: str, reason: str
    ) -> bool:
        """Hold a lot for a gate; False when that gate holds it already."""
        if not await gates.keep_hold(tx, lot_id, gate, reason, self._clock.now()):
            return False
        held = LotHeld(lot_id=lot_id, work_request_id=work_request_id, gate=gate, reason=reason)
        await self._outbox.record(tx, held)
        return True

    async def free(
        self, tx: Transaction, work_request_id: str | None, lot_id: str, gate: str, reason: str
    ) -> bool:
        """End a gate's hold of a lot; False when that gate did not hold it."""
        if not await gates.end_hold(tx, lot_id, gate):
            return False
        freed = LotHoldReleased(
            lot_id=lot_id, work_request_id=work_request_id, gate=gate, reason=reason
        )
        await self._outbox.record(tx, freed)
        return True

    async def recall(self, tx: Transaction, lot_ids: Sequence[str], gate: str, reason: str) -> None:
        """Hold many lots at once for a gate."""
        held = await gates.keep_holds(tx, lot_ids, gate, reason, self._clock.now())
        events = [LotHeld(**row, gate=gate, reason=reason) for row in held]
        await self._outbox.record(tx, *events)

    async def end_recall(
        self, tx: Transaction, lot_ids: Sequence[str], gate: str, reason: str
    ) -> list[tuple[str, str | None]]:
        """End a gate's hold of many lots; return those that it held, with their work request."""
        freed = await gates.end_holds(tx, lot_ids, gate)
        events = [LotHoldReleased(**row, gate=gate, reason=reason) for row in freed]
        await self._outbox.record(tx, *events)
        return [(row["lot_id"], row["work_request_id"]) for row in freed]

    async def follow_limit(
        self, tx: Transaction, work_request_id: str, limit: TimeLimitChanged
    ) -> None:
        """Hold the lot of a broken window; free it when late news says that it was met."""
        if limit.state == "broken":
            reason = (
                f"{limit.name}: {limit.from_event} at {_at(limit.started_at)}, {limit.to_event} "
                f"{'not before' if limit.limit_kind == 'min' else 'by'} {_at(limit.limit_at)}"
            )
            await self.hold(tx, work_request_id, limit.lot_id, "time_limit", reason)
        elif limit.state == "met" and not await limits.has_broken(tx, limit.lot_id):
            reason = f"{limit.name}: {limit.to_event} by {_at(limit.limit_at)}"
            await self.free(tx, work_request_id, limit.lot_id, "time_limit", reason)

    async def follow_decision(
        self, tx: Transaction, work_request_id: str, gate: str, decided: Decided
    ) -> None:
        """Hold what a gate did not release, free what it did; a cell follows its pellets."""
        held = await gates.held_by(tx, list(decided), gate)
        for lot_id, one in decided.items():
            if one.disposition != "released":
                await self.hold(tx, work_request_id, lot_id, gate, one.reason)
            elif lot_id in held:
                await self.free(tx, work_request_id, lot_id, gate, one.reason)
        for cell in await gates.cells_of(tx, list(decided), gate):
            cell_id, pellet_id = cell["lot_id"], cell["pellet_id"]
            if pellet_id is not None:
                reason = f"pellet {pellet_id}: {cell['reason']}"
                await self.hold(tx, work_request_id, cell_id, gate, reason)
            elif cell["disposition"] in (None, "released"):
                reason = f"no pellet of {cell_id} is held any more"
                await self.free(tx, work_request_id, cell_id, gate, reason)

    async def by_hand(self, tx: Transaction, lot: RowMapping, change: HoldChange) -> dict[str, Any]:
        """Hold a lot in a person's name.

        Raises:
            ConflictError: a person holds it already.
        """
        lot_id = lot["lot_id"]
        if not await self.hold(tx, lot["work_request_id"], lot_id, PERSON, change.words):
            raise ConflictError(f"{lot_id} is held by hand already", await shown(tx, lot_id))
        return await shown(tx, lot_id)

    async def end_by_hand(
        self, tx: Transaction, lot: RowMapping, gate: PersonsGate, change: HoldChange
    ) -> dict[str, Any]:
        """End a hold in a person's name.

        Raises:
            ConflictError: that gate does not hold the lot.
        """
        lot_id = lot["lot_id"]
        if not await self.free(tx, lot["work_request_id"], lot_id, gate, change.words):
            raise ConflictError(f"{lot_id} is not held by {gate}", await shown(tx, lot_id))
        return await shown(tx, lot_id)


async def shown(tx: Transaction, lot_id: str) -> dict[str, Any]:
    """Return the holds of a lot as people see them."""
    found = [
        {"gate": row["gate"], "reason": row["reason"], "held_at": row["held_at"].isoformat()}
        for row in await gates.holds(tx, [lot_id])
    ]
    return {"lot_id": lot_id, "holds": found}


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
