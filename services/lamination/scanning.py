"""Owns the rules of scanning parts into a stack: which part may lie next, with which face up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.lamination.stackplan import Face, StackPlan
from shared.errors import BlockedError, ConflictError, InvalidInputError, OutOfLimitsError
from shared.facts import Material

LotId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]


class ScanGiven(BaseModel):
    """One part that somebody puts on a stack: scanned by `lot_id`, or taken by its `position`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lot_id: LotId | None = None
    position: int | None = Field(default=None, ge=1, le=1000)
    face_up: Face | None = None
    person: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.lot_id is None and self.position is None:
            raise ValueError("a part is named by lot_id, or by the position it is taken for")
        return self


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A window of a lot that ends with stacking: not after (max) or not before (min) an instant."""

    lot_id: str
    name: str
    limit_kind: str
    limit_at: datetime


@dataclass(frozen=True, kw_only=True)
class Bearing:
    """What bears on parts at a scan.

    holds: reasons by lot. elsewhere: the cell that a lot already lies in. mixes: by pellet, why
    the glue on it cannot be trusted.
    """

    holds: Mapping[str, str]
    elsewhere: Mapping[str, str]
    mixes: Mapping[str, str]
    clocks: Sequence[Clock]


def next_part(
    plan: StackPlan, parts: Sequence[Material], scanned: Sequence[str], given: ScanGiven
) -> Material:
    """Return the part that is put on a stack next.

    `parts` are those of the job order, `scanned` the lots that lie there, both from the bottom.

    Raises:
        ConflictError: the stack is complete, or the part lies in it already.
        InvalidInputError: another part or position than the plan's; names what is expected.
        OutOfLimitsError: the wrong face is up.
    """
    position = len(scanned) + 1
    if position > len(plan.layers):
        raise ConflictError(f"rule complete: all {len(plan.layers)} parts lie there; start it")
    wanted = plan.layers[position - 1]
    free = [
        part
        for part in parts
        if part.lot_id not in scanned and part.material_definition_id == wanted
    ]
    expected = f"position {position} of {len(plan.layers)} takes {wanted}"
    if given.position is not None and given.position != position:
        raise InvalidInputError(
            f"rule order: given position {given.position}, {expected}; go on from the bottom"
        )
    if given.lot_id is None:
        if not free:
            raise BlockedError(f"rule wrong part: {expected}, and the job order has none left")
        part = free[0]
    else:
        part = _named(given.lot_id, parts, scanned, wanted, expected)
    _check_face(plan, part, given.face_up, position)
    return part


def check_bearing(lot_ids: Collection[str], bearing: Bearing, now: datetime) -> None:
    """Refuse parts or a cell that may not be stacked now.

    Raises:
        BlockedError: on hold, used elsewhere, sprayed with glue that was not good, or a window of
            it is over or not yet open; names the rule and the remedy.
    """
    for lot_id in lot_ids:
        if lot_id in bearing.holds:
            raise BlockedError(
                f"rule on hold: {lot_id}: {bearing.holds[lot_id]}; set it apart and take another"
            )
        if lot_id in bearing.elsewhere:
            raise BlockedError(
                f"rule used twice: {lot_id} lies in {bearing.elsewhere[lot_id]}; set it apart and "
                "find out which of the two labels is wrong"
            )
        if lot_id in bearing.mixes:
            raise BlockedError(
                f"rule glue: {lot_id}: {bearing.mixes[lot_id]}; set it apart and take another"
            )
    for clock in bearing.clocks:
        if clock.lot_id not in lot_ids:
            continue
        if clock.limit_kind == "max" and now >= clock.limit_at:
            raise BlockedError(
                f"rule clock: {clock.name} of {clock.lot_id} ended at "
                f"{clock.limit_at:%Y-%m-%d %H:%M:%S}, now is {now:%Y-%m-%d %H:%M:%S}; raise a "
                "nonconformance for it and stack another"
            )
        if clock.limit_kind == "min" and now < clock.limit_at:
            wait_s = (clock.limit_at - now).total_seconds()
            raise BlockedError(
                f"rule clock: {clock.name} of {clock.lot_id} lasts until "
                f"{clock.limit_at:%Y-%m-%d %H:%M:%S}; wait {wait_s:.0f} s"
            )


def in_order(parts: Sequence[Material], scanned: Sequence[str]) -> list[Material]:
    """Return the parts of a job order in the order in which they were scanned."""
    by_id = {part.lot_id: part for part in parts}
    return [by_id[lot_id] for lot_id in scanned]


def _named(
    lot_id: str, parts: Sequence[Material], scanned: Sequence[str], wanted: str, expected: str
) -> Material:
    if lot_id in scanned:
        raise ConflictError(
            f"rule used twice: {lot_id} lies at position {scanned.index(lot_id) + 1} already; "
            f"{expected}"
        )
    part = next((part for part in parts if part.lot_id == lot_id), None)
    if part is None:
        raise InvalidInputError(
            f"rule wrong part: {lot_id} is none of this job order's parts; {expected}: take one "
            "that was issued for it"
        )
    if part.material_definition_id != wanted:
        raise InvalidInputError(
            f"rule order: {lot_id} is {part.material_definition_id}; {expected}"
        )
    return part


def _check_face(plan: StackPlan, part: Material, face_up: Face | None, position: int) -> None:
    wanted = plan.face_up.get(part.material_definition_id)
    if wanted is None or face_up == wanted:
        return
    given = "no face was named" if face_up is None else f"face {face_up} is up"
    raise OutOfLimitsError(
        f"rule side: {part.lot_id} at position {position}: {given}, face {wanted} must be; turn "
        "the part over and scan it again"
    )
