"""Waivers: wider limits of one characteristic for named lots until an instant, signed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.quality.domain import Characteristic, Identifier, Input, Name, TestSpecification
from services.quality.signatures import SignatureGiven, Words
from shared.errors import InvalidInputError
from shared.instants import Instant

LotId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")]
WaiverState = Literal["proposed", "in_force", "revoked"]
LONGEST = timedelta(days=90)  # a deviation that lasts longer is a new specification


class WaiverProposal(Input):
    """A waiver as its first signer proposes it.

    low, high: the limits that hold for the named lots instead, in the unit of the specification;
    the guard band is waived with them. A waiver never covers a value that is not known.
    """

    waiver_id: Identifier
    product_id: Identifier
    operation: Name
    gate: Name
    characteristic: Name
    lot_ids: tuple[LotId, ...] = Field(min_length=1, max_length=500)
    low: float | None = None
    high: float | None = None
    reason: Words
    expires_at: Instant
    signature: SignatureGiven

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a waiver has low or high: the limit that holds instead")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low:g}; it must not be above high {self.high:g}")
        return self

    def record(self) -> dict[str, Any]:
        """Return what is signed."""
        body = self.model_dump(mode="json", exclude={"signature", "waiver_id"})
        return {"kind": "waiver", "id": self.waiver_id, "lot_id": self.lot_ids[0], **body}


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A waiver in force."""

    waiver_id: str
    characteristic: str
    lot_ids: frozenset[str]
    low: float | None
    high: float | None

    def covers(self, lot_id: str, characteristic: str, value: float) -> bool:
        """Tell whether this value of this lot is let go."""
        return (
            lot_id in self.lot_ids
            and characteristic == self.characteristic
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
        )


def require_sound(proposal: WaiverProposal, spec: TestSpecification, now: datetime) -> None:
    """Refuse a waiver that has no scope, no end, or limits inside those it waives.

    Raises:
        InvalidInputError: what is wrong, with value and limit.
    """
    limits = {item.characteristic: item for item in spec.judged}.get(proposal.characteristic)
    if limits is None:
        raise InvalidInputError(
            f"gate {spec.gate} version {spec.version} judges no {proposal.characteristic}"
        )
    if not now < proposal.expires_at <= now + LONGEST:
        raise InvalidInputError(
            f"expires_at is {proposal.expires_at.isoformat()}; a waiver ends after now and at the "
            f"latest {(now + LONGEST).isoformat()}"
        )
    _require_wider(proposal, limits)


def _require_wider(proposal: WaiverProposal, limits: Characteristic) -> None:
    for side, waived, limit in (
        ("low", proposal.low, limits.low),
        ("high", proposal.high, limits.high),
    ):
        if waived is not None and limit is None:
            raise InvalidInputError(f"{limits.characteristic} has no {side} to waive")
        if waived is None and limit is not None:
            raise InvalidInputError(
                f"{side} of {limits.characteristic} is {limit:g} {limits.unit}; the waiver must "
                "say which holds instead, the same if it does not change"
            )
        if waived is None or limit is None:
            continue
        if (waived > limit) if side == "low" else (waived < limit):
            raise InvalidInputError(
                f"{side} of the waiver is {waived:g} {limits.unit}; it must not be inside the "
                f"limit {limit:g} {limits.unit}"
            )
