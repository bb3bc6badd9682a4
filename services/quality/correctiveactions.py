"""Corrective and preventive actions of nonconformances, and the check that they worked."""

from typing import Any

from services.quality import nonconformancestore
from services.quality.nonconformance import (
    ActionDone,
    CorrectiveAction,
    Effectiveness,
    outcome,
)
from services.quality.signing import Signing
from shared.clock import Clock
from shared.errors import ConflictError
from shared.transaction import Transaction


class CorrectiveActions:
    """Commands on actions, each in the caller's transaction."""

    def __init__(self, clock: Clock, signing: Signing) -> None:
        self._clock, self._signing = clock, signing

    async def plan(
        self, tx: Transaction, nonconformance_id: str, action: CorrectiveAction
    ) -> dict[str, Any]:
        """Plan an action.

        Raises:
            NotFoundError: no such nonconformance.
            ConflictError: it is closed, or the id is taken.
        """
        row = await nonconformancestore.locked(tx, nonconformance_id)
        if row["state"] == "closed":
            raise ConflictError(f"nonconformance {nonconformance_id} is closed")
        await nonconformancestore.add_action(tx, nonconformance_id, action)
        return {"action_id": action.action_id, "state": "planned"}

    async def done(self, tx: Transaction, action_id: str, given: ActionDone) -> dict[str, Any]:
        """Keep that an action was done; from now on its effect is counted.

        Raises:
            NotFoundError: no such action.
            ConflictError: it is not planned.
        """
        row = await nonconformancestore.action(tx, action_id, "planned")
        now = self._clock.now()
        await nonconformancestore.set_action(tx, action_id, "done", now)
        await nonconformancestore.enter(
            tx,
            row["nonconformance_id"],
            "action_done",
            given.person,
            {"action_id": action_id, "evidence": given.evidence},
            now,
        )
        return {"action_id": action_id, "state": "done"}

    async def check(self, tx: Transaction, action_id: str, given: Effectiveness) -> dict[str, Any]:
        """Judge by what was seen since an action was done whether it worked, signed.

        Raises:
            NotFoundError: no such action.
            ConflictError: it is not done, or too little was seen since.
            NotAllowedError: the role may not sign it.
        """
        row = await nonconformancestore.action(tx, action_id, "done")
        of = await nonconformancestore.locked(tx, row["nonconformance_id"])
        seen, again = await nonconformancestore.seen_since(tx, of, row["done_at"])
        found = outcome(CorrectiveAction.model_validate(row["body"]), seen, again)
        counts = {"seen_count": seen, "recurrence_count": again}
        record = {
            "kind": "effectiveness",
            "id": action_id,
            "lot_id": of["lot_id"],
            "nonconformance_id": of["nonconformance_id"],
            "outcome": found,
            **counts,
        }
        now = self._clock.now()
        standing = await self._signing.sign(tx, "effectiveness", record, given.signature, now)
        if standing.is_complete:
            await nonconformancestore.set_action(tx, action_id, found, row["done_at"])
            await nonconformancestore.enter(
                tx,
                of["nonconformance_id"],
                "effectiveness",
                given.signature.person,
                {"action_id": action_id, "outcome": found, **counts},
                now,
            )
        return {
            "action_id": action_id,
            "state": found if standing.is_complete else "done",
            "record_sha256": standing.record_sha256,
            **counts,
        }
