"""Signatures: who says what of which record, bound to the hash of its canonical form.

Who signs gives a password with each signature to the gateway, which says here who that is;
`authentication` is how it found out, and None where nobody checked.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from services.quality.domain import Input, Name
from shared.errors import NotAllowedError

Words = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
Purpose = Literal[
    "waiver",
    "released",
    "rework",
    "scrap",
    "effectiveness",
    "closing",
    "again",
    "specification",
    "gate_release",
]
TWO_PERSONS: frozenset[Purpose] = frozenset(("waiver", "released"))


class SignatureGiven(Input):
    """What a person signs with. record_sha256: of the record that was shown to the person.

    The first signature of a record comes with it, so that there it may be left out.
    `authentication`: how the gateway found out who signs; None: nobody checked.
    """

    person: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    printed_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    role: Name
    meaning: Words
    record_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    authentication: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class SignatureRule(Input):
    """How many different persons sign for a purpose, and in which roles (empty: any).

    Without a rule two persons sign a waiver and the release of what is not as it must be, and one
    signs all else; a test specification is signed only where there is a rule.
    """

    purpose: Purpose
    version: int = Field(ge=1)
    needed_count: int = Field(ge=1, le=5)
    roles: tuple[Name, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a record is signed."""

    record_sha256: str
    signed_count: int
    needed_count: int

    @property
    def is_complete(self) -> bool:
        """Whether every signature that is needed is there."""
        return self.signed_count >= self.needed_count


def standard_rule(purpose: Purpose) -> SignatureRule:
    """Return the rule that holds where master data has none."""
    return SignatureRule(
        purpose=purpose, version=1, needed_count=2 if purpose in TWO_PERSONS else 1
    )


def canonical(record: Mapping[str, Any]) -> str:
    """Return a record as one text: keys sorted, no spaces, UTF-8; the same for the same content."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's canonical form, in hex."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


def same_person(person: str) -> str:
    """Return what tells persons apart: case and spaces do not."""
    return " ".join(person.split()).casefold()


def require_role(rule: SignatureRule, roles: Sequence[str], given: SignatureGiven) -> None:
    """Refuse a role that may not sign; `roles` of the record itself go before those of the rule.

    Raises:
        NotAllowedError: the role is none of those.
    """
    allowed = tuple(roles) or rule.roles
    if allowed and given.role not in allowed:
        raise NotAllowedError(
            f"{given.person} signs as {given.role}; for {rule.purpose} there are "
            f"{', '.join(allowed)}"
        )
