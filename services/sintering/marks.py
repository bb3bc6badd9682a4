"""Marks of pellets: until a pellet has one it is known by its furnace load, tray and position."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.sintering import store
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import PelletMarked
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What was put on the part that stands at a place; trays and positions count from 1."""

    tray: int
    position: int
    mark: str


async def mark_pellets(
    tx: Transaction, furnace_load_id: str, marks: Sequence[Mark], person: str, at: datetime
) -> list[PelletMarked]:
    """Keep the marks of parts of a load, all or none, and return what is new of them.

    Raises:
        NotFoundError: no such load, or nothing stands at a place.
        InvalidInputError: a place or a mark stands twice in the request.
        ConflictError: a pellet has another mark, or the mark is on another pellet.
    """
    places = [f"{item.tray}/{item.position}" for item in marks]
    for name, given in (("place", places), ("mark", [item.mark for item in marks])):
        if twice := [item for item in given if given.count(item) > 1]:
            raise InvalidInputError(f"{name} {twice[0]} stands {given.count(twice[0])} times")
    return [
        event
        for item in sorted(marks, key=lambda item: item.mark)
        if (event := await _mark(tx, furnace_load_id, item, person, at)) is not None
    ]


async def _mark(
    tx: Transaction, furnace_load_id: str, item: Mark, person: str, at: datetime
) -> PelletMarked | None:
    part = await store.part_at(tx, furnace_load_id, item.tray, item.position)
    lot_id = part["lot_id"]
    place = f"tray {item.tray} position {item.position} of {furnace_load_id}"
    statement = """
        INSERT INTO pellet_mark (mark, lot_id, furnace_load_id, tray, position, person, marked_at)
        VALUES (:mark, :lot_id, :furnace_load_id, :tray, :position, :person, :at)
        ON CONFLICT DO NOTHING"""
    values = {
        "lot_id": lot_id,
        "furnace_load_id": furnace_load_id,
        **vars(item),
        "person": person,
        "at": at,
    }
    if (await tx.execute(sql(statement), values)).rowcount:
        return PelletMarked(
            lot_id=lot_id,
            mark=item.mark,
            furnace_load_id=furnace_load_id,
            tray=item.tray,
            position=item.position,
            person=person,
        )
    known = "SELECT mark, lot_id FROM pellet_mark WHERE mark = :mark OR lot_id = :lot_id"
    rows = (await tx.execute(sql(known), {"mark": item.mark, "lot_id": lot_id})).all()
    for mark, owner in rows:
        if (mark, owner) != (item.mark, lot_id):
            raise ConflictError(
                f"{item.mark} cannot go on {lot_id} ({place}): mark {mark} is on {owner}; look "
                "at both pellets",
                {"mark": mark, "lot_id": owner},
            )
    return None


async def marked(tx: Transaction, mark: str) -> dict[str, Any]:
    """Return the pellet that has a mark, with the place it was known by before.

    Raises:
        NotFoundError: no pellet has it.
    """
    statement = """
        SELECT mark, lot_id, furnace_load_id, tray, position, person, marked_at
        FROM pellet_mark WHERE mark = :mark"""
    row = (await tx.execute(sql(statement), {"mark": mark})).mappings().first()
    if row is None:
        raise NotFoundError(f"no pellet has mark {mark}")
    return dict(row)
