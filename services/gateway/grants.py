"""A role within its limits: at which equipment it counts, and until when its training is valid."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.gateway.roles import MAY, Role
from shared.permissions import Permission

# A site, an area, a work center or a piece of equipment: the beginning of an equipment id.
Place = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){0,3}$")]
NEVER_LIMITED: frozenset[Role] = frozenset({"administrator", "viewer"})


class Limit(BaseModel):
    """What narrows a role of somebody; what is not given does not narrow it.

    at: beginnings of equipment ids; empty: the whole plant. trained_until: the last day on which
    the training for the role is valid.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: tuple[Place, ...] = Field(default=(), max_length=50)
    trained_until: date | None = None


class Limited(BaseModel):
    """Input that may limit roles."""

    model_config = ConfigDict(extra="forbid")

    limits: dict[Role, Limit] | None = None

    @model_validator(mode="after")
    def _limits_what_can_be(self) -> Self:
        for role in NEVER_LIMITED & set(self.limits or ()):
            raise ValueError(f"limits: the role {role} has none, or nobody could lift them")
        return self


def in_force(
    roles: Collection[Role], limits: Mapping[Role, Limit], today: date
) -> tuple[frozenset[Role], dict[Role, date]]:
    """Return the roles that count today, and those whose training ended, with its last day."""
    lapsed = {
        role: until
        for role in roles
        if role in limits and (until := limits[role].trained_until) is not None and until < today
    }
    return frozenset(roles) - frozenset(lapsed), lapsed


def holds(
    need: Permission,
    roles: Collection[Role],
    limits: Mapping[Role, Limit],
    places: Collection[str] | None,
) -> bool:
    """Say whether one of the roles gives a permission where it is to take effect.

    places: equipment ids, all of which must lie within the role's limit; None: it is bound to no
    place; empty: where is not known, and a limited role does not count.
    """
    return any(
        need in MAY[role] and (places is None or _covers(limits.get(role), places))
        for role in roles
    )


def _covers(limit: Limit | None, places: Collection[str]) -> bool:
    if limit is None or not limit.at:
        return True
    return bool(places) and all(
        any(place == part or place.startswith(f"{part}/") for part in limit.at) for place in places
    )
