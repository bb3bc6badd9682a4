"""The record as one file of text that proves itself: its lines, and their verification offline.

The first line is a header, then come the lines of the records (what a leaf is the hash of) each
before the line of the seal over them, then a last line signed over all lines but the records,
which stand under the seals.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.trace.seal import EMPTY_ROOT, Frontier, Record, Seal, leaf_of
from services.trace.signing import Keys, Signer, id_of, is_signed
from shared.errors import InvalidInputError

FORMAT = "halite record 1"
RECORD, OTHER = ord("["), ord("{")


@dataclass(kw_only=True)
class Verified:
    """What an export was found to be; `fault` is None when every byte is as it was written."""

    fault: str | None = None
    site: str = ""
    exported_at: str = ""
    record_count: int = 0
    seal_count: int = 0
    signed_count: int = 0
    position: int = 0
    root: bytes = EMPTY_ROOT
    key_ids: list[str] = field(default_factory=list)


class ExportLines:
    """Writes the lines of an export, in order: `header`, `part` for each seal, `end`."""

    def __init__(self, site: str, signer: Signer) -> None:
        self._site, self._signer = site, signer
        self._digest = hashlib.sha256()
        self._position, self._root, self._seals = 0, EMPTY_ROOT, 0

    def header(self, keys: Keys) -> bytes:
        """Return the first line. keys: all that signed a seal; the exporter's own is added."""
        known = {**keys, self._signer.key_id: self._signer.public_key}
        listed = {key_id: known[key_id].hex() for key_id in sorted(known)}
        return self._line({"format": FORMAT, "site": self._site, "keys": listed})

    def part(self, seal: Seal, records: Sequence[Record]) -> bytes:
        """Return the lines of a seal, with the records it added before it."""
        lines = "".join(f"{record.content()}\n" for record in records).encode()
        self._position, self._root, self._seals = seal.position, seal.root, self._seals + 1
        return lines + self._line({"seal": seal_values(seal)})

    def end(self, exported_at: datetime) -> bytes:
        """Return the last line."""
        values = {
            "position": self._position,
            "root_sha256": self._root.hex(),
            "seal_count": self._seals,
            "exported_at": exported_at.isoformat(),
            "other_lines_sha256": self._digest.hexdigest(),
            "key_id": self._signer.key_id,
        }
        signature = self._signer.sign(canonical(values).encode()).hex()
        return self._line({"end": values | {"signature": signature}})

    def _line(self, values: Mapping[str, Any]) -> bytes:
        line = f"{canonical(values)}\n".encode()
        self._digest.update(line)
        return line


def canonical(values: Any) -> str:
    """Return the one text of values that JSON has."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def seal_values(seal: Seal) -> dict[str, Any]:
    """Return a seal without its leaves, as it stands in exports and proofs."""
    return {
        "position": seal.position,
        "count": seal.count,
        "root_sha256": seal.root.hex(),
        "previous_root_sha256": seal.previous_root.hex(),
        "sealed_at": seal.sealed_at.isoformat(),
        "key_id": seal.key_id,
        "signature": seal.signature.hex() if seal.signature else None,
    }


def seal_of(values: Mapping[str, Any]) -> Seal:
    """Return the seal that stands in an export or proof, without its leaves.

    Raises:
        InvalidInputError: it is no seal.
    """
    try:
        signature = values["signature"]
        return Seal(
            position=int(values["position"]),
            count=int(values["count"]),
            root=bytes.fromhex(values["root_sha256"]),
            previous_root=bytes.fromhex(values["previous_root_sha256"]),
            sealed_at=datetime.fromisoformat(values["sealed_at"]),
            key_id=values["key_id"],
            signature=None if signature is None else bytes.fromhex(signature),
            positions=(),
            leaves=(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"not a seal: {error!r}") from error


def keys_of(values: Any) -> dict[str, bytes]:
    """Return the public keys listed in a file.

    Raises:
        InvalidInputError: one has another id than its own.
    """
    try:
        keys = {str(key_id): bytes.fromhex(text) for key_id, text in values.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidInputError(f"its list of keys cannot be read: {error}") from error
    for key_id, key in keys.items():
        if id_of(key) != key_id:
            raise InvalidInputError(f"key {key_id[:16]} is another key than its id says")
    return keys


class Verification:
    """Reads an export line by line. trusted: id of the only key to take, None takes those named."""

    def __init__(self, trusted: str | None = None) -> None:
        self._trusted = trusted
        self._digest = hashlib.sha256()
        self._keys: dict[str, bytes] = {}
        self._frontier = Frontier()
        self._leaves: list[bytes] = []
        self._ended = False
        self.found = Verified()

    def read(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines of the records as they are read; `found` is whole when it ends.

        A record may be believed only when `found.fault` is None at the end.
        """
        try:
            for line in lines:
                if line[0] == RECORD and self._keys and line.endswith(b"\n") and not self._ended:
                    self._leaves.append(leaf_of(line[:-1]))
                    yield line
                else:
                    self._read_other(line)
            if not self._ended:
                raise InvalidInputError("it has no last line: the file was cut off")
        except InvalidInputError as error:
            where = self.found.position
            self.found.fault = f"after position {where}: {error}"

    def _read_other(self, line: bytes) -> None:
        values = _parsed(line)
        if self._ended:
            raise InvalidInputError("something follows the last line")
        if not self._keys:
            self._read_header(values)
        elif "seal" in values:
            self._read_seal(seal_of(values["seal"]))
        elif "end" in values:
            self._read_end(values["end"])
        else:
            raise InvalidInputError("a line is neither record, seal nor end")
        self._digest.update(line)

    def _read_header(self, values: Mapping[str, Any]) -> None:
        if values.get("format") != FORMAT:
            raise InvalidInputError(f"not an export: the first line does not say {FORMAT!r}")
        self._keys = keys_of(values.get("keys"))
        self.found.site = str(values.get("site"))
        if not self._keys:
            raise InvalidInputError("it names no key")
        if self._trusted is not None:
            if self._trusted not in self._keys:
                raise InvalidInputError(f"it is not signed with the key {self._trusted[:16]}")
            self._keys = {self._trusted: self._keys[self._trusted]}
        self.found.key_ids = sorted(self._keys)

    def _read_seal(self, seal: Seal) -> None:
        found = self.found
        grown = self._frontier.grown(self._leaves)
        if not self._leaves or (seal.count, seal.root) != (grown.count, grown.root()):
            raise InvalidInputError(
                f"the records up to position {seal.position} are not what was sealed"
            )
        if seal.previous_root != found.root or seal.position <= found.position:
            raise InvalidInputError(f"the seal at {seal.position} does not follow the one before")
        if seal.signature is not None and not seal.is_genuine(self._keys):
            raise InvalidInputError(f"the signature of the seal at {seal.position} is not genuine")
        if seal.signature is None and found.signed_count:
            raise InvalidInputError(f"the seal at {seal.position} lacks its signature")
        found.position, found.root, found.record_count = seal.position, seal.root, seal.count
        found.seal_count += 1
        found.signed_count += seal.signature is not None
        self._frontier, self._leaves = grown, []

    def _read_end(self, values: Any) -> None:
        found = self.found
        if not isinstance(values, dict) or values.get("key_id") not in self._keys:
            raise InvalidInputError("its last line is signed with no key that may sign it")
        unsigned = {name: value for name, value in values.items() if name != "signature"}
        signature = bytes.fromhex(values["signature"]) if _is_hex(values.get("signature")) else b""
        if not is_signed(canonical(unsigned).encode(), signature, self._keys[values["key_id"]]):
            raise InvalidInputError("the signature of its last line is not genuine")
        said = (values["position"], values["root_sha256"], values["seal_count"])
        if said != (found.position, found.root.hex(), found.seal_count) or self._leaves:
            raise InvalidInputError("its last line tells of other seals than stand before it")
        if values["other_lines_sha256"] != self._digest.hexdigest():
            raise InvalidInputError("its lines are not those that were written")
        found.exported_at, self._ended = str(values["exported_at"]), True


def _parsed(line: bytes) -> dict[str, Any]:
    """Return a line's values; it must be the one text that these have."""
    try:
        values = json.loads(line)
        same = f"{canonical(values)}\n".encode() == line
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("a line is no JSON") from error
    if not isinstance(values, dict) or not same:
        raise InvalidInputError("a line is not as it was written")
    return values


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and len(value) == 128 and set(value) <= set("0123456789abcdef")
