"""What people do about nonconformances: contain, find the cause, decide over lots, close."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality import lineage, masterdata, nonconformancestore, rework
from services.quality.consequences import Consequences
from services.quality.nonconformance import (
    Cause,
    Closing,
    Containment,
    LotDecision,
    Report,
    State,
    require_closable,
)
from services.quality.signatures import SignatureGiven, Standing
from services.quality.signing import Signing
from shared.clock import Clock
from shared.db import Database
from shared.errors import ConflictError, InvalidInputError
from shared.events import NonconformanceRaised
from shared.outbox import Outbox
from shared.transaction import Transaction

PERSON = "person"  # the word for nonconformances that a person raised
FINAL: State = "closed"


class ReviewBoard:
    """Commands on nonconformances, each in the caller's transaction."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        signing: Signing,
        consequences: Consequences,
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._signing, self._consequences = signing, consequences

    async def report(self, tx: Transaction, report: Report) -> dict[str, Any]:
        """Raise a nonconformance in a person's name and hold all it concerns at once.

        Raises:
            ConflictError: the id is taken.
        """
        now, lot_ids = self._clock.now(), list(report.lot_ids)
        if report.forward:
            lot_ids = await lineage.forward(tx, lot_ids)
        row = {
            **report.model_dump(exclude={"forward", "person", "lot_ids"}),
            "gate": PERSON,
            "job_order_id": "",
            "lot_id": lot_ids[0],
            "lot_ids": lot_ids,
            "at": now,
        }
        if not await nonconformancestore.keep_raised(tx, row):
            raise ConflictError(f"nonconformance {report.nonconformance_id} exists")
        raised = NonconformanceRaised(
            lot_id=lot_ids[0],
            nonconformance_id=report.nonconformance_id,
            equipment_id=report.equipment_id,
            description=report.description,
            lot_ids=tuple(lot_ids),
        )
        await self._outbox.record(tx, raised)
        reason = f"nonconformance {report.nonconformance_id}: {report.description}"
        await self._consequences.hold(tx, report.nonconformance_id, lot_ids, reason)
        held = await nonconformancestore.locked(tx, report.nonconformance_id)
        await self._consequences.say(tx, held, "contained", reason, report.person)
        return {"nonconformance_id": report.nonconformance_id, "lot_ids": lot_ids}

    async def contain(
        self, tx: Transaction, nonconformance_id: str, given: Containment
    ) -> dict[str, Any]:
        """Hold all that is concerned and keep where each lot stands.

        Raises:
            NotFoundError: no such nonconformance.
            IllegalTransitionError: it is closed.
            InvalidInputError: a place is of a lot that it does not concern.
        """
        row = await nonconformancestore.locked(tx, nonconformance_id)
        named = [item["lot_id"] for item in await nonconformancestore.lots(tx, nonconformance_id)]
        lot_ids = list(dict.fromkeys([*named, *given.lot_ids]))
        if given.forward:
            lot_ids = await lineage.forward(tx, lot_ids)
        strange = [item.lot_id for item in given.places if item.lot_id not in lot_ids]
        if strange:
            raise InvalidInputError(f"{strange[0]} is not concerned by {nonconformance_id}")
        await nonconformancestore.add_lots(tx, nonconformance_id, lot_ids)
        undecided = await self._undecided(tx, nonconformance_id)
        reason = f"nonconformance {nonconformance_id}: {given.reason}"
        await self._consequences.hold(tx, nonconformance_id, undecided, reason)
        await self._enter(tx, nonconformance_id, "containment", given.person, given)
        await self._consequences.say(tx, row, "contained", given.reason, given.person)
        return {"nonconformance_id": nonconformance_id, "lot_ids": lot_ids}

    async def find_cause(
        self, tx: Transaction, nonconformance_id: str, given: Cause
    ) -> dict[str, Any]:
        """Keep what was found to be the cause; a later one counts, none is lost.

        Raises:
            NotFoundError: no such nonconformance.
            ConflictError: it is closed.
        """
        await self._open(tx, nonconformance_id)
        await nonconformancestore.set_cause(tx, nonconformance_id, given.cause_of)
        await self._enter(tx, nonconformance_id, "cause", given.person, given)
        return {"nonconformance_id": nonconformance_id, "cause_of": given.cause_of}

    async def decide(
        self, tx: Transaction, nonconformance_id: str, given: LotDecision
    ) -> dict[str, Any]:
        """Propose what becomes of some lots, with the first signature; it acts when all signed.

        Raises:
            NotFoundError: no such nonconformance.
            ConflictError: it is closed, the id is taken, or a lot is scrapped.
            InvalidInputError: a lot is not concerned, or there is no such rework route.
            NotAllowedError: the role may not sign it.
        """
        await self._open(tx, nonconformance_id)
        lots = {row["lot_id"] for row in await nonconformancestore.lots(tx, nonconformance_id)}
        strange = sorted(set(given.lot_ids) - lots)
        if strange:
            raise InvalidInputError(
                f"{strange[0]} is not concerned by {nonconformance_id}; contain it first"
            )
        if given.rework_route_id is not None:
            await rework.route(tx, given.rework_route_id)
        record = given.record(nonconformance_id)
        await nonconformancestore.propose(tx, nonconformance_id, record, self._clock.now())
        return await self._signed(tx, record, given.signature)

    async def sign(
        self, tx: Transaction, nonconformance_id: str, disposition_id: str, given: SignatureGiven
    ) -> dict[str, Any]:
        """Add a signature to a proposed disposition.

        Raises:
            NotFoundError: no such disposition.
            ConflictError: it acts already, or the person signed it.
            NotAllowedError: the role may not sign it.
        """
        await self._open(tx, nonconformance_id)
        row = await nonconformancestore.proposal(tx, nonconformance_id, disposition_id)
        if row["state"] != "proposed":
            raise ConflictError(f"disposition {disposition_id} is in force", {"state": "in_force"})
        return await self._signed(tx, row["record"], given)

    async def close(
        self, tx: Transaction, nonconformance_id: str, given: Closing, actions: Sequence[str]
    ) -> dict[str, Any]:
        """Close a nonconformance that has a disposition of each lot, a cause and checked actions.

        actions: their states.

        Raises:
            NotFoundError: no such nonconformance.
            ConflictError: something is missing.
            NotAllowedError: the role may not sign it.
        """
        row = await self._open(tx, nonconformance_id)
        undecided = await self._undecided(tx, nonconformance_id)
        has_cause = row["cause_of"] is not None
        require_closable(nonconformance_id, row["severity"], undecided, has_cause, actions)
        lots = await nonconformancestore.lots(tx, nonconformance_id)
        record = {
            "kind": "nonconformance",
            "id": nonconformance_id,
            "lot_id": row["lot_id"],
            "description": row["description"],
            "cause_of": row["cause_of"],
            "lots": {item["lot_id"]: item["disposition"] for item in lots},
            "actions": list(actions),
            "conclusion": given.conclusion,
        }
        now = self._clock.now()
        standing = await self._signing.sign(tx, "closing", record, given.signature, now)
        if standing.is_complete:
            await self._consequences.say(
                tx, row, FINAL, given.conclusion, given.signature.person, closed_at=now
            )
        return {"nonconformance_id": nonconformance_id, **_standing(standing, "closed")}

    async def _signed(
        self, tx: Transaction, record: dict[str, Any], given: SignatureGiven
    ) -> dict[str, Any]:
        scrapped = await nonconformancestore.scrapped(tx, record["lot_ids"])
        if scrapped:
            raise ConflictError(f"{scrapped[0]} is scrapped; that is for good")
        now, word = self._clock.now(), record["disposition"]
        row = await nonconformancestore.locked(tx, record["nonconformance_id"])
        roles = await self._roles(tx, row) if word == "released" else ()
        standing = await self._signing.sign(tx, word, record, given, now, roles)
        if standing.is_complete:
            await nonconformancestore.put_in_force(tx, record, now)
            await self._consequences.act(tx, row, record, given.person)
            if not await self._undecided(tx, row["nonconformance_id"]):
                await self._consequences.say(tx, row, "decided", record["reason"], given.person)
            self._database.committed.set()
        return {"disposition_id": record["id"], **_standing(standing, "in_force")}

    async def _roles(self, tx: Transaction, row: RowMapping) -> tuple[str, ...]:
        """Return who may release what a gate blocked, by its specification."""
        if row["product_id"] is None or row["operation"] is None:
            return ()
        specs = await masterdata.specifications(tx, row["product_id"], row["operation"])
        return next((spec.may_release or () for spec in specs if spec.gate == row["gate"]), ())

    async def _open(self, tx: Transaction, nonconformance_id: str) -> RowMapping:
        row = await nonconformancestore.locked(tx, nonconformance_id)
        if row["state"] == FINAL:
            raise ConflictError(
                f"nonconformance {nonconformance_id} is closed; raise another one",
                {"state": FINAL},
            )
        return row

    async def _undecided(self, tx: Transaction, nonconformance_id: str) -> list[str]:
        lots = await nonconformancestore.lots(tx, nonconformance_id)
        return [row["lot_id"] for row in lots if row["disposition"] is None]

    async def _enter(
        self,
        tx: Transaction,
        nonconformance_id: str,
        kind: str,
        person: str,
        given: Containment | Cause,
    ) -> None:
        body = given.model_dump(mode="json", exclude={"person"})
        now: datetime = self._clock.now()
        await nonconformancestore.enter(tx, nonconformance_id, kind, person, body, now)


def _standing(standing: Standing, when_complete: str) -> dict[str, Any]:
    return {
        "state": when_complete if standing.is_complete else "proposed",
        "record_sha256": standing.record_sha256,
        "signed_count": standing.signed_count,
        "needed_count": standing.needed_count,
    }
