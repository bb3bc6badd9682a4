"""Seals over the record: a Merkle tree shaped as in RFC 9162, and the search for changes."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.trace.signing import Keys, Signer, is_signed

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_of(content: bytes) -> bytes:
    """Return the hash of a record's content as a leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees as one (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One envelope as kept; every column is under the seal."""

    position: int
    event_id: str
    source: str
    sequence: int
    type: str
    subject: str
    time: datetime
    body: str

    def content(self) -> str:
        """Return the one line of JSON that holds every column; what the leaf is the hash of."""
        columns = [
            self.position,
            self.event_id,
            self.source,
            self.sequence,
            self.type,
            self.subject,
            self.time.astimezone(UTC).isoformat(),
            self.body,
        ]
        return json.dumps(columns, ensure_ascii=False, separators=(",", ":"))

    def leaf(self) -> bytes:
        """Return the hash of this record as a leaf (RFC 9162, 2.1.1)."""
        return leaf_of(self.content().encode())


@dataclass(frozen=True)
class Frontier:
    """The roots of the full subtrees that `count` leaves make, largest first; enough to go on."""

    count: int = 0
    hashes: tuple[bytes, ...] = ()

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the frontier after more leaves."""
        count, hashes = self.count, list(self.hashes)
        sha256 = hashlib.sha256  # this loop is what verification spends its time on
        for leaf in leaves:
            root, full = leaf, count
            while full & 1:
                root = sha256(b"\x01" + hashes.pop() + root).digest()
                full >>= 1
            hashes.append(root)
            count += 1
        return Frontier(count, tuple(hashes))

    def root(self) -> bytes:
        """Return the Merkle tree hash over all leaves so far (RFC 9162, 2.1.1)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node(left, root)
        return root


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The tree's root over all records up to `position`, with what this seal added.

    count: leaves under the root. positions, leaves: of the records added since the seal before,
    kept so that a difference can be pinned to one record. sealed_at: plant time. key_id,
    signature: None in a record that is older than the plant's key.
    """

    position: int
    count: int
    root: bytes
    previous_root: bytes
    positions: tuple[int, ...]
    leaves: tuple[bytes, ...]
    sealed_at: datetime
    key_id: str | None = None
    signature: bytes | None = None

    def message(self) -> bytes:
        """Return what is signed: all but the leaves, which the root stands for."""
        values = [
            "halite seal 1",
            self.position,
            self.count,
            self.root.hex(),
            self.previous_root.hex(),
            self.sealed_at.astimezone(UTC).isoformat(),
        ]
        return json.dumps(values, separators=(",", ":")).encode()

    def signed(self, signer: Signer) -> "Seal":
        """Return this seal with a signature."""
        signature = signer.sign(self.message())
        return replace(self, key_id=signer.key_id, signature=signature)

    def is_genuine(self, keys: Keys) -> bool:
        """Say whether the signature is of one of some keys."""
        if self.key_id is None or self.signature is None or self.key_id not in keys:
            return False
        return is_signed(self.message(), self.signature, keys[self.key_id])


def sealed(
    previous_root: bytes, frontier: Frontier, records: Sequence[Record], sealed_at: datetime
) -> Seal:
    """Return the unsigned seal that puts at least one record more under the root."""
    leaves = tuple(record.leaf() for record in records)
    grown = frontier.grown(leaves)
    return Seal(
        position=records[-1].position,
        count=grown.count,
        root=grown.root(),
        previous_root=previous_root,
        positions=tuple(record.position for record in records),
        leaves=leaves,
        sealed_at=sealed_at,
    )


def first_wrong(
    seal: Seal, previous_root: bytes, frontier: Frontier, records: Sequence[Record]
) -> int | None:
    """Return the first position at which `records` are not what was sealed, or None.

    records: all now found after the seal before up to this seal, in order. Where only the seal
    itself was changed, its first position is returned.
    """
    found = {record.position: record for record in records}
    expected = dict(zip(seal.positions, seal.leaves, strict=False))
    for position in sorted(found.keys() | expected.keys()):
        record = found.get(position)
        if record is None or record.leaf() != expected.get(position):
            return position
    grown = frontier.grown(record.leaf() for record in records)
    whole = (
        len(seal.positions) == len(seal.leaves)
        and [record.position for record in records] == list(seal.positions)
        and seal.position == (records[-1].position if records else None)
        and seal.previous_root == previous_root
        and seal.count == grown.count
        and seal.root == grown.root()
    )
    return None if whole else min((*seal.positions, seal.position))
