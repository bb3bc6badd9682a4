"""Seals: the tree has the shape of RFC 9162, and nothing under a seal can change unseen."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trace.seal import EMPTY_ROOT, Frontier, Record, Seal, first_wrong, sealed

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


def record(position: int) -> Record:
    return Record(
        position=position,
        event_id=f"00000000-0000-0000-0000-{position:012d}",
        source="execution",
        sequence=position,
        type="org.halite.lot_held.v1",
        subject=f"LOT-{position}",
        time=START + timedelta(seconds=position),
        body=f'{{"n":{position}}}',
    )


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


@given(st.lists(st.integers(0, 40), max_size=12))
def test_frontier_grown_in_any_parts_has_the_root_of_the_rfc(parts: list[int]) -> None:
    leaves = [record(position).leaf() for position in range(1, sum(parts) + 1)]
    frontier, at = Frontier(), 0
    for part in parts:
        frontier = frontier.grown(leaves[at : at + part])
        at += part
    assert frontier.root() == tree_hash(leaves)
    assert frontier.count == len(leaves)
    assert len(frontier.hashes) == frontier.count.bit_count()


def sealed_in_parts(records: list[Record], size: int) -> list[Seal]:
    seals: list[Seal] = []
    root, frontier = EMPTY_ROOT, Frontier()
    for at in range(0, len(records), size):
        seals.append(sealed(root, frontier, records[at : at + size], START))
        root, frontier = seals[-1].root, frontier.grown(seals[-1].leaves)
    return seals


def wrong_position(seals: list[Seal], records: list[Record]) -> int | None:
    after, root, frontier = 0, EMPTY_ROOT, Frontier()
    for seal in seals:
        found = [one for one in records if after < one.position <= seal.position]
        wrong = first_wrong(seal, root, frontier, found)
        if wrong is not None:
            return wrong
        after, root, frontier = seal.position, seal.root, frontier.grown(seal.leaves)
    return None


RECORDS = [record(position) for position in (1, 2, 3, 5, 6, 9, 10, 11, 12, 20, 21)]
POSITIONS = [one.position for one in RECORDS]
CHANGES: list[Callable[[Record], Record]] = [
    lambda one: replace(one, event_id=one.event_id[:-1] + "f"),
    lambda one: replace(one, source="quality"),
    lambda one: replace(one, sequence=one.sequence + 1),
    lambda one: replace(one, type=one.type.replace("v1", "v2")),
    lambda one: replace(one, subject=one.subject + "0"),
    lambda one: replace(one, time=one.time + timedelta(microseconds=1)),
    lambda one: replace(one, body=one.body.replace("n", "m")),
]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 11])
def test_untouched_record_is_right(size: int) -> None:
    assert wrong_position(sealed_in_parts(RECORDS, size), RECORDS) is None


@given(st.integers(0, len(RECORDS) - 1), st.sampled_from(CHANGES), st.integers(1, 11))
def test_any_changed_column_is_found_at_its_position(
    index: int, change: Callable[[Record], Record], size: int
) -> None:
    seals = sealed_in_parts(RECORDS, size)
    touched = [*RECORDS[:index], change(RECORDS[index]), *RECORDS[index + 1 :]]
    assert wrong_position(seals, touched) == RECORDS[index].position


@given(st.integers(0, len(RECORDS) - 1), st.integers(1, 11))
def test_a_removed_record_is_found_at_its_position(index: int, size: int) -> None:
    seals = sealed_in_parts(RECORDS, size)
    assert wrong_position(seals, RECORDS[:index] + RECORDS[index + 1 :]) == POSITIONS[index]


@given(st.sampled_from([4, 7, 8, 13, 19]), st.integers(1, 11))
def test_an_inserted_record_is_found_at_its_position(position: int, size: int) -> None:
    seals = sealed_in_parts(RECORDS, size)
    touched = sorted([*RECORDS, record(position)], key=lambda one: one.position)
    assert wrong_position(seals, touched) == position


@given(st.permutations(POSITIONS), st.integers(1, 11))
def test_reordered_records_are_found_at_the_first_that_moved(order: list[int], size: int) -> None:
    seals = sealed_in_parts(RECORDS, size)
    moved = [replace(one, position=position) for one, position in zip(RECORDS, order, strict=True)]
    touched = sorted(moved, key=lambda one: one.position)
    first = min(
        (was for was, is_now in zip(POSITIONS, order, strict=True) if was != is_now), default=None
    )
    assert wrong_position(seals, touched) == first


@given(st.integers(0, 3), st.data())
def test_a_changed_seal_is_found_in_its_own_range(index: int, data: st.DataObject) -> None:
    seals = sealed_in_parts(RECORDS, 3)
    seal = seals[index]
    forged = data.draw(
        st.sampled_from(
            [
                replace(seal, root=EMPTY_ROOT),
                replace(seal, previous_root=seal.root),
                replace(seal, count=seal.count + 1),
                replace(seal, leaves=seal.leaves[:-1]),
                replace(seal, positions=seal.positions[:-1]),
            ]
        )
    )
    found = wrong_position([*seals[:index], forged, *seals[index + 1 :]], RECORDS)
    assert found in seal.positions


@given(st.integers(0, 3))
def test_a_removed_seal_is_found(index: int) -> None:
    seals = sealed_in_parts(RECORDS, 3)
    rest = seals[:index] + seals[index + 1 :]
    expected = seals[index].positions[0] if index < 3 else None  # the last is the event's to prove
    assert wrong_position(rest, RECORDS) == expected


def test_a_record_rewritten_with_its_own_seal_breaks_the_next_seal() -> None:
    seals = sealed_in_parts(RECORDS, 3)
    touched = [replace(RECORDS[0], body="{}"), *RECORDS[1:]]
    forged = sealed(EMPTY_ROOT, Frontier(), touched[:3], START)
    assert wrong_position([forged, *seals[1:]], touched) == seals[1].positions[0]
