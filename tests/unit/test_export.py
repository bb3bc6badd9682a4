"""Exports and proofs: checked without the plant, and no byte of them changes unseen."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli import halite
from services.trace.export import ExportLines, Verification, Verified
from services.trace.inclusion import path_of, root_from
from services.trace.proof import Sealing, proof_of, verified
from services.trace.seal import EMPTY_ROOT, Frontier, Record, Seal, sealed
from services.trace.signing import Signer, signer_at
from shared.errors import InvalidInputError, PersonNeededError
from tests.unit.test_seal import START, record

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
SIZE = 4


def chain(count: int, size: int = SIZE, unsigned: int = 0) -> list[tuple[Sealing, list[Record]]]:
    """Return seals over records, each with the records it added; the first ones unsigned."""
    found = []
    root, frontier = EMPTY_ROOT, Frontier()
    for at in range(1, count + 1, size):
        added = [record(position) for position in range(at, min(at + size, count + 1))]
        seal = sealed(root, frontier, added, START)
        if len(found) >= unsigned:
            seal = seal.signed(SIGNER)
        found.append((Sealing(seal=seal, frontier=frontier), added))
        root, frontier = seal.root, frontier.grown(seal.leaves)
    return found


def exported(
    parts: list[tuple[Sealing, list[Record]]], signer: Signer = SIGNER, site: str = "pilot"
) -> bytes:
    lines = ExportLines(site, signer)
    text = lines.header({SIGNER.key_id: SIGNER.public_key})
    return text + b"".join(lines.part(one.seal, own) for one, own in parts) + lines.end(START)


def check(text: bytes, trusted: str | None = None) -> Verified:
    verification = Verification(trusted)
    read = list(verification.read(io.BytesIO(text)))
    assert verification.found.fault is not None or len(read) == verification.found.record_count
    return verification.found


EXPORT = exported(chain(11))


@pytest.mark.parametrize("size", [1, 3, 4, 11, 20])
@pytest.mark.parametrize("count", [0, 1, 11, 16])
def test_an_export_as_it_was_written_is_right(count: int, size: int) -> None:
    found = check(exported(chain(count, size)), SIGNER.key_id)
    assert found.fault is None
    assert (found.record_count, found.seal_count) == (count, -(-count // size))
    assert (found.site, found.signed_count) == ("pilot", found.seal_count)


@given(st.integers(0, len(EXPORT) - 1), st.integers(1, 255))
def test_any_changed_byte_of_an_export_is_found(at: int, by: int) -> None:
    changed = bytearray(EXPORT)
    changed[at] ^= by
    assert check(bytes(changed)).fault is not None


@given(st.integers(0, len(EXPORT) - 1), st.integers(1, 40))
def test_any_removed_bytes_of_an_export_are_found(at: int, count: int) -> None:
    assert check(EXPORT[:at] + EXPORT[at + count :]).fault is not None


@given(st.integers(0, len(EXPORT)), st.binary(min_size=1, max_size=20))
def test_any_inserted_bytes_of_an_export_are_found(at: int, more: bytes) -> None:
    assert check(EXPORT[:at] + more + EXPORT[at:]).fault is not None


LINES = EXPORT.splitlines(keepends=True)


@given(st.permutations(range(len(LINES))))
def test_reordered_lines_of_an_export_are_found(order: list[int]) -> None:
    found = check(b"".join(LINES[number] for number in order))
    assert (found.fault is None) == (order == sorted(order))


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES)))
def test_a_repeated_line_of_an_export_is_found(which: int, where: int) -> None:
    assert check(b"".join([*LINES[:where], LINES[which], *LINES[where:]])).fault is not None


def test_an_export_of_another_key_is_not_the_plants() -> None:
    forged = [
        (replace(one, seal=replace(one.seal, signature=None).signed(OTHER)), own)
        for one, own in chain(8)
    ]
    lines = ExportLines("pilot", OTHER)
    text = lines.header({}) + b"".join(lines.part(one.seal, own) for one, own in forged)
    text += lines.end(START)
    assert check(text).fault is None
    assert "not signed with the key" in str(check(text, SIGNER.key_id).fault)


def test_seals_older_than_the_key_are_taken_but_none_after_a_signed_one() -> None:
    found = check(exported(chain(12, unsigned=2)))
    assert (found.fault, found.seal_count, found.signed_count) == (None, 3, 1)
    stripped = chain(12)
    sealing, own = stripped[1]
    stripped[1] = (replace(sealing, seal=replace(sealing.seal, signature=None)), own)
    assert "lacks its signature" in str(check(exported(stripped)).fault)


@given(st.integers(1, 70), st.integers(1, 9), st.data())
def test_the_path_of_each_leaf_leads_to_the_root_and_no_other_does(
    count: int, size: int, data: st.DataObject
) -> None:
    parts = chain(count, size)
    sealing, own = data.draw(st.sampled_from(parts))
    seal = sealing.seal
    number = data.draw(st.integers(0, len(own) - 1))
    index, leaf = sealing.frontier.count + number, seal.leaves[number]
    path = path_of(sealing.frontier, seal.leaves, index)
    assert root_from(leaf, index, seal.count, path) == seal.root
    assert root_from(hashlib.sha256(leaf).digest(), index, seal.count, path) != seal.root
    assert root_from(leaf, index, seal.count, [*path, leaf]) is None
    shorter = [root_from(leaf, index, seal.count, path[:end]) for end in range(len(path))]
    assert shorter == [None] * len(path)
    assert root_from(leaf, seal.count, seal.count, path) is None


def proof() -> bytes:
    parts = chain(11)
    records = [parts[0][1][1], parts[2][1][0]]
    sealings = [parts[0][0], parts[2][0]]
    keys = {SIGNER.key_id: SIGNER.public_key}
    return proof_of("LOT-2", sealings, records, keys, SIGNER).encode()


PROOF = proof()


def test_a_proof_proves_its_records() -> None:
    found = verified(PROOF, SIGNER.key_id)
    assert [columns[0] for columns in found["records"]] == [2, 9]
    with pytest.raises(InvalidInputError, match="not signed with a key that may sign it"):
        verified(PROOF, OTHER.key_id)


@given(st.integers(0, len(PROOF) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_proof_is_found(at: int, by: int) -> None:
    changed = bytearray(PROOF)
    changed[at] ^= by
    with pytest.raises(InvalidInputError):
        verified(bytes(changed))


def test_a_record_that_is_under_no_seal_is_no_proof() -> None:
    """Even who holds the key proves nothing that was not sealed."""
    parts = chain(11)
    sealing, own = parts[0]
    strange = replace(own[1], body='{"n":0}')
    keys = {SIGNER.key_id: SIGNER.public_key}
    forged = proof_of("LOT-2", [sealing], [strange], keys, SIGNER)
    with pytest.raises(InvalidInputError, match="position 2 is not under the seal at 4"):
        verified(forged.encode())


def test_verify_says_what_an_export_is_and_fails_on_a_changed_one(tmp_path: Path) -> None:
    file = tmp_path / "record.txt"
    file.write_bytes(EXPORT)
    newest: Seal = chain(11)[-1][0].seal
    words = ["verify", str(file), "--key", SIGNER.key_id, "--root", newest.root.hex()]
    right = CliRunner().invoke(halite, words)
    assert right.exit_code == 0, right.output
    assert "pilot: 11 events under 3 seals, 3 of them signed, up to position 11" in right.output
    elsewhere = CliRunner().invoke(halite, [*words[:-1], "00"])
    assert (elsewhere.exit_code, "no seal has the root 00" in elsewhere.output) == (1, True)
    file.write_bytes(EXPORT.replace(b"LOT-6", b"LOT-7"))
    wrong = CliRunner().invoke(halite, words)
    assert wrong.exit_code == 1
    assert "the records up to position 8 are not what was sealed" in wrong.output


def test_verify_shows_the_events_of_a_proof(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(PROOF)
    right = CliRunner().invoke(halite, ["verify", str(file)])
    assert right.exit_code == 0, right.output
    assert "2 events of LOT-2 are proved" in right.output
    assert "compare its id" in right.output
    assert CliRunner().invoke(halite, ["verify", str(file), "--lot", "X"]).exit_code == 1


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets/seal.key"
    first = signer_at(path)
    assert signer_at(path).key_id == first.key_id
    assert (path.stat().st_mode & 0o777, [one.name for one in path.parent.iterdir()]) == (
        0o600,
        ["seal.key"],
    )
    path.write_text("rubbish")
    with pytest.raises(PersonNeededError, match="put it back from a backup"):
        signer_at(path)
