"""The proof of one lot's events: each record with its audit path to a signed seal, as one file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.trace.export import canonical, keys_of, seal_of, seal_values
from services.trace.inclusion import path_of, root_from
from services.trace.seal import Frontier, Record, Seal, leaf_of
from services.trace.signing import Keys, Signer, is_signed
from shared.errors import InvalidInputError

FORMAT = "halite proof 1"


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """A seal with the frontier it stood on, which its audit paths need."""

    seal: Seal
    frontier: Frontier


def proof_of(
    lot_id: str, sealings: Sequence[Sealing], records: Sequence[Record], keys: Keys, signer: Signer
) -> str:
    """Return the proof as text, signed as a whole.

    sealings: those over the records, in order. records: in order; those without a seal yet are
    left out.
    """
    known = {**keys, signer.key_id: signer.public_key}
    seals = [one.seal for one in sealings]
    shown = []
    for one in sealings:
        index = {position: number for number, position in enumerate(one.seal.positions)}
        for record in (record for record in records if record.position in index):
            at = one.frontier.count + index[record.position]
            path = path_of(one.frontier, one.seal.leaves, at)
            shown.append(
                {
                    "record": record.content(),
                    "index": at,
                    "path": [beside.hex() for beside in path],
                    "seal": seals.index(one.seal),
                }
            )
    values = {
        "format": FORMAT,
        "lot_id": lot_id,
        "keys": {key_id: known[key_id].hex() for key_id in sorted(known)},
        "seals": [seal_values(seal) for seal in seals],
        "records": shown,
        "key_id": signer.key_id,
    }
    signature = signer.sign(canonical(values).encode()).hex()
    return canonical(values | {"signature": signature}) + "\n"


def verified(proof: bytes, trusted: str | None = None) -> dict[str, Any]:
    """Return `lot_id` and the `records` (lists of columns) that a proof proves.

    trusted: id of the only key to take, None takes those it names.

    Raises:
        InvalidInputError: any byte is not as it was written, or a record is under no genuine seal.
    """
    try:
        values = json.loads(proof)
        if f"{canonical(values)}\n".encode() != proof or values["format"] != FORMAT:
            raise InvalidInputError("the proof is not as it was written")
        unsigned = {name: value for name, value in values.items() if name != "signature"}
        keys = keys_of(values["keys"])
        if trusted is not None:
            keys = {key_id: key for key_id, key in keys.items() if key_id == trusted}
        signature, key = bytes.fromhex(values["signature"]), keys.get(values["key_id"])
        if key is None or not is_signed(canonical(unsigned).encode(), signature, key):
            raise InvalidInputError("the proof is not signed with a key that may sign it")
        seals = [seal_of(one) for one in values["seals"]]
        records = [_proved(one, seals, keys) for one in values["records"]]
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise InvalidInputError(f"the proof cannot be read: {error!r}") from error
    return {"lot_id": values["lot_id"], "records": records, "key_id": values["key_id"]}


def _proved(shown: Mapping[str, Any], seals: Sequence[Seal], keys: Keys) -> list[Any]:
    columns: list[Any] = json.loads(shown["record"])
    seal = seals[shown["seal"]]
    path = [bytes.fromhex(beside) for beside in shown["path"]]
    leaf = leaf_of(shown["record"].encode())
    if root_from(leaf, shown["index"], seal.count, path) != seal.root:
        raise InvalidInputError(f"position {columns[0]} is not under the seal at {seal.position}")
    if not seal.is_genuine(keys):
        raise InvalidInputError(f"the signature of the seal at {seal.position} is not genuine")
    return columns
