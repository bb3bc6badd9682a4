"""What execution does when people move and scrap sodium."""

from collections.abc import Sequence
from typing import Any

from services.execution import sodium, sodiumstore, store
from services.execution.sodium import (
    HazardMaterial,
    LotMove,
    ScrapConfirmation,
    ScrapProposal,
    StoragePlace,
)
from shared.clock import Clock
from shared.errors import InvalidInputError, NotFoundError, OutOfLimitsError
from shared.events import SodiumMoved, SodiumScrapped
from shared.ids import time_ordered_id
from shared.masterdata import keep_version
from shared.outbox import Outbox
from shared.transaction import Transaction

MOST_SCRAPS = 200


class SodiumDesk:
    """Moves and scraps of sodium; one at a time, so that two never fill a cabinet together."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock

    async def move(self, tx: Transaction, given: LotMove) -> dict[str, Any]:
        """Put a lot into a place.

        Raises:
            NotFoundError: no such lot or place.
            InvalidInputError: the lot's material holds neither sodium nor water.
            BlockedError: sodium where water is allowed, or water where it is forbidden.
            OutOfLimitsError: the place or its room would hold more sodium than its limit.
        """
        await sodiumstore.lock(tx)
        lot = await store.lock_lot(tx, given.lot_id)
        material = await _material(tx, lot["material_definition_id"], given.lot_id)
        places = await sodiumstore.places(tx)
        to = next((place for place in places if place.place_id == given.place_id), None)
        if to is None:
            known = ", ".join(place.place_id for place in places) or "none"
            raise NotFoundError(f"place {given.place_id} does not exist; there are {known}")
        lot_g = await sodiumstore.moved_g(tx, given.lot_id)
        lie = await sodiumstore.grams(tx, without=given.lot_id)
        sodium.check_move(material, given.lot_id, lot_g, to, places, lie)
        now = self._clock.now()
        await sodiumstore.keep_move(tx, given.lot_id, given.place_id, given.person, now)
        moved = SodiumMoved(
            lot_id=given.lot_id, place_id=given.place_id, sodium_g=lot_g, person=given.person
        )
        await self._outbox.record(tx, moved)
        return {"lot_id": given.lot_id, "place_id": given.place_id, "sodium_g": lot_g}

    async def propose(self, tx: Transaction, given: ScrapProposal) -> dict[str, Any]:
        """Keep that a person wants to scrap sodium; nothing happens before another confirms it.

        Raises:
            NotFoundError: no such lot.
            InvalidInputError: the lot's material holds no sodium.
            OutOfLimitsError: more than the lot holds.
        """
        lot = await store.lock_lot(tx, given.lot_id)
        await _sodium_material(tx, lot["material_definition_id"], given.lot_id)
        _check_amount(given.lot_id, given.quantity, lot["quantity"], lot["unit"])
        scrap_id = str(time_ordered_id())
        await sodiumstore.propose(tx, given, scrap_id, self._clock.now())
        return {"scrap_id": scrap_id, "lot_id": given.lot_id, "state": "waits for second person"}

    async def confirm(
        self, tx: Transaction, scrap_id: str, given: ScrapConfirmation
    ) -> dict[str, Any]:
        """A second person confirms a scrap: it is taken out of its lot.

        Raises:
            NotFoundError: no such scrap.
            ConflictError: it was confirmed before.
            InvalidInputError: the same person proposed it.
            OutOfLimitsError: the lot holds less by now.
        """
        await sodiumstore.lock(tx)
        scrap = await sodiumstore.lock_scrap(tx, scrap_id)
        sodium.check_second(scrap["person"], given.confirmer)
        lot = await store.lock_lot(tx, scrap["lot_id"])
        material = await _sodium_material(tx, lot["material_definition_id"], scrap["lot_id"])
        _check_amount(scrap["lot_id"], scrap["quantity"], lot["quantity"], lot["unit"])
        await sodiumstore.confirm(tx, scrap, given.confirmer, self._clock.now())
        sodium_g = scrap["quantity"] * (material.sodium_g_per_unit or 0.0)
        scrapped = SodiumScrapped(
            lot_id=scrap["lot_id"],
            scrap_id=scrap_id,
            quantity=scrap["quantity"],
            unit=lot["unit"],
            sodium_g=sodium_g,
            reason=scrap["reason"],
            person=scrap["person"],
            second_person=given.confirmer,
        )
        await self._outbox.record(tx, scrapped)
        return {"scrap_id": scrap_id, "lot_id": scrap["lot_id"], "sodium_g": sodium_g}


async def shown(tx: Transaction) -> dict[str, Any]:
    """Return the sodium in each place and in cells, what lies nobody knows where, and scraps."""
    places = await sodiumstore.places(tx)
    lie = await sodiumstore.lying(tx)
    found = sodium.loads(places, await sodiumstore.grams(tx))
    unplaced = [item for item in lie if item["place_id"] is None]
    return {
        "places": [
            {
                "place_id": load.place.place_id,
                "room_id": load.place.room_id,
                "water": load.place.water,
                "sodium_g": load.sodium_g,
                "limit_g": load.place.limit_g,
                "state": load.state,
            }
            for load in found
        ],
        "lots": lie,
        "unplaced_g": sum(item["sodium_g"] for item in unplaced),
        "cells": await sodiumstore.in_cells(tx),
        "scraps": [dict(row) for row in await sodiumstore.scraps(tx, MOST_SCRAPS)],
    }


async def take_master_data(
    tx: Transaction, materials: Sequence[HazardMaterial], places: Sequence[StoragePlace]
) -> dict[str, Any]:
    """Keep materials that hold sodium or water, and places; all or none.

    Raises:
        InvalidInputError: a cabinet stands in no known room.
        ConflictError: a version exists with other content.
    """
    for material in materials:
        await keep_version(tx, "hazard_material", ("material_definition_id", "version"), material)
    for place in places:
        await keep_version(tx, "storage_place", ("place_id", "version"), place)
    known = await sodiumstore.places(tx)
    rooms = {place.place_id for place in known if place.room_id is None}
    for place in known:
        if place.room_id is not None and place.room_id not in rooms:
            raise InvalidInputError(
                f"room_id of {place.place_id} is {place.room_id}, which is no room; there are "
                f"{', '.join(sorted(rooms)) or 'none'}"
            )
    return {
        "hazard_materials": [item.material_definition_id for item in materials],
        "storage_places": [item.place_id for item in places],
    }


async def _material(tx: Transaction, definition: str, lot_id: str) -> HazardMaterial:
    found = (await sodiumstore.materials(tx)).get(definition)
    if found is None:
        raise InvalidInputError(
            f"{lot_id} is {definition}, of which nobody said that it holds sodium or water; post "
            "it as hazard_materials in execution's /master-data"
        )
    return found


async def _sodium_material(tx: Transaction, definition: str, lot_id: str) -> HazardMaterial:
    found = await _material(tx, definition, lot_id)
    if found.sodium_g_per_unit is None:
        raise InvalidInputError(f"{lot_id} is {definition}, which holds no sodium")
    return found


def _check_amount(lot_id: str, quantity: float, held: float, unit: str) -> None:
    if quantity > held:
        raise OutOfLimitsError(
            f"quantity is {quantity:g} {unit}, {lot_id} holds {held:g} {unit}; count again"
        )
