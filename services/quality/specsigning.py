"""Signs test specifications: where a rule asks for it, a new version acts when all have signed."""

from typing import Any

from pydantic import Field

from services.quality import masterdata, signing
from services.quality.domain import Identifier, Input, Name, TestSpecification
from services.quality.signatures import SignatureGiven, digest
from services.quality.signing import Signing
from services.quality.store import all_rows
from shared.clock import Clock
from shared.db import Database
from shared.errors import ConflictError, NotFoundError
from shared.transaction import Transaction

KIND = "specification"


class SpecificationSigned(Input):
    """Which version of a test specification is signed, and the signature."""

    product_id: Identifier
    operation: Name
    gate: Name
    version: int = Field(ge=1)
    signature: SignatureGiven


def record(spec: TestSpecification) -> dict[str, Any]:
    """Return what is signed: the whole specification."""
    key = f"{spec.product_id}-{spec.operation}-{spec.gate}"
    return {
        "kind": KIND,
        "id": f"{key}-{spec.version}",
        "lot_id": key,
        "specification": spec.model_dump(mode="json"),
    }


class SpecificationDesk:
    """What people do with specifications, in the caller's transaction."""

    def __init__(self, database: Database, clock: Clock, signing: Signing) -> None:
        self._database, self._clock, self._signing = database, clock, signing

    async def sign(self, tx: Transaction, given: SpecificationSigned) -> dict[str, Any]:
        """Sign a version that waits; it acts when all signatures are there.

        Raises:
            NotFoundError: no such version.
            ConflictError: it acts already, a newer one does, or the person signed it.
            NotAllowedError: the role may not sign it.
        """
        key = given.model_dump(include={"product_id", "operation", "gate", "version"})
        rows = await all_rows(
            tx,
            """
            SELECT body, acts, EXISTS (
                SELECT 1 FROM test_specification n
                WHERE (n.product_id, n.operation, n.gate) = (s.product_id, s.operation, s.gate)
                  AND n.version > s.version AND n.acts) AS is_old
            FROM test_specification s
            WHERE (product_id, operation, gate, version)
                = (:product_id, :operation, :gate, :version) FOR UPDATE""",
            **key,
        )
        words = " ".join(str(value) for value in key.values())
        if not rows:
            raise NotFoundError(f"specification {words} does not exist")
        if rows[0]["acts"] or rows[0]["is_old"]:
            what = "acts already" if rows[0]["acts"] else "is older than one that acts"
            raise ConflictError(f"specification {words} {what}; give a new version")
        signed = record(TestSpecification.model_validate(rows[0]["body"]))
        standing = await self._signing.sign(
            tx, "specification", signed, given.signature, self._clock.now()
        )
        if standing.is_complete:
            await masterdata.let_act(tx, **key)
            self._database.committed.set()
        return {
            "record_sha256": standing.record_sha256,
            "signed_count": standing.signed_count,
            "needed_count": standing.needed_count,
            "acts": standing.is_complete,
        }


async def waiting(tx: Transaction) -> list[dict[str, Any]]:
    """Return the versions that wait for signatures, with those they have and what is signed."""
    rows = await all_rows(
        tx,
        """
        SELECT body FROM test_specification WHERE NOT acts
        ORDER BY product_id, operation, gate, version""",
    )
    found = []
    for row in rows:
        signed = record(TestSpecification.model_validate(row["body"]))
        found.append(
            {
                **row["body"],
                "record_sha256": digest(signed),
                "signatures": await signing.signatures(tx, KIND, signed["id"]),
            }
        )
    return found
