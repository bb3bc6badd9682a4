"""Events of lots and cells: what they are made of, their holds and their time limits."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.facts import (
    JobOrderEvent,
    LotEvent,
    Material,
)


class MaterialLotRegistered(LotEvent):
    """A lot became known: received, or produced by a job order. `members` are its pellets."""

    kind: ClassVar[str] = "material_lot_registered"
    material_definition_id: str
    quantity: float
    unit: str
    work_request_id: str | None
    origin: Literal["received", "produced"]
    members: tuple[str, ...] = ()


class GenealogyRecorded(JobOrderEvent):
    """What one job order made of what, on which equipment, by which recipe and by whom."""

    kind: ClassVar[str] = "genealogy_recorded"
    equipment_id: str
    recipe_id: str
    recipe_version: int
    materials: tuple[Material, ...]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    fixture_id: str | None = None
    persons: tuple[str, ...] = ()


class PelletMarked(LotEvent):
    """A pellet that was known by its place in a furnace load got a mark of its own."""

    kind: ClassVar[str] = "pellet_marked"
    mark: str
    furnace_load_id: str
    tray: int
    position: int
    person: str


class LotHeld(LotEvent):
    """A lot may not go on; the reason says who can release it."""

    kind: ClassVar[str] = "lot_held"
    work_request_id: str | None
    gate: str
    reason: str


class LotHoldReleased(LotEvent):
    """A hold of a lot ended."""

    kind: ClassVar[str] = "lot_hold_released"
    work_request_id: str | None
    gate: str
    reason: str


class TimeLimitChanged(LotEvent):
    """A window between two steps of a lot opened, came near its limit, was met or was broken.

    reason: why one counts as met whose step never comes, as its order was closed short.
    """

    kind: ClassVar[str] = "time_limit_changed"
    time_limit_id: str
    name: str
    limit_kind: Literal["min", "max"]
    from_event: str
    to_event: str
    started_at: AwareDatetime
    limit_at: AwareDatetime
    state: Literal["open", "near", "met", "broken"]
    reason: str | None = None


class SodiumMoved(LotEvent):
    """A person put a lot that holds sodium, or water (0 g), into a place."""

    kind: ClassVar[str] = "sodium_moved"
    place_id: str
    sodium_g: float
    person: str


class SodiumScrapped(LotEvent):
    """Two persons scrapped sodium: one proposed it, another confirmed it."""

    kind: ClassVar[str] = "sodium_scrapped"
    scrap_id: str
    quantity: float
    unit: str
    sodium_g: float
    reason: str
    person: str
    second_person: str


class CellCompleted(LotEvent):
    """A cell has every gate behind it and is graded."""

    kind: ClassVar[str] = "cell_completed"
    work_request_id: str
    product_id: str
    grade: str
    discharge_capacity_mah: float | None
