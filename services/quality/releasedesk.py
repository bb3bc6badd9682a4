"""Takes the signature of a release that waits, and lets the gate say it."""

from dataclasses import replace
from typing import Any

from services.quality import masterdata, releases, store
from services.quality.decisions import Recorder
from services.quality.releases import ReleaseSigned
from services.quality.signing import Signing
from services.quality.store import all_rows, passage_of
from shared.clock import Clock
from shared.db import Database
from shared.transaction import Transaction


class ReleaseDesk:
    """What people do with releases, in the caller's transaction."""

    def __init__(
        self, database: Database, clock: Clock, signing: Signing, recorder: Recorder
    ) -> None:
        self._database, self._clock, self._signing = database, clock, signing
        self._recorder = recorder

    async def sign(self, tx: Transaction, given: ReleaseSigned) -> dict[str, Any]:
        """Sign a release that waits; the gate says it when all signatures are there.

        Raises:
            NotFoundError: no such release waits.
            ConflictError: the person signed it, or was shown another form of it.
            NotAllowedError: the role may not sign it.
        """
        await store.lock(tx, given.lot_id)
        record, decision = await releases.locked(tx, given)
        [row] = await all_rows(
            tx, "SELECT * FROM passage WHERE job_order_id = :id", id=given.job_order_id
        )
        passage = passage_of(row)
        specs = await masterdata.specifications(tx, passage.product_id, passage.operation)
        roles = next((spec.may_release or () for spec in specs if spec.gate == given.gate), ())
        standing = await self._signing.sign(
            tx, "gate_release", record, given.signature, self._clock.now(), roles
        )
        if standing.is_complete:
            await releases.drop(tx, given.gate, given.lot_id)
            words = f"{decision.reason}; release signed by {given.signature.person}"
            version = record["specification_version"]
            signed = replace(decision, reason=words, blocked_lot_ids=())
            await self._recorder.keep_decision(tx, passage, given.gate, version, signed)
            self._database.committed.set()
        return {
            "record_sha256": standing.record_sha256,
            "signed_count": standing.signed_count,
            "needed_count": standing.needed_count,
            "is_released": standing.is_complete,
        }
