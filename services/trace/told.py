"""What was told: an event of the record as a document needs it, and what it proves a fact by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Fact = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event as kept. seal_position: of the seal over it, None while there is none."""

    position: int
    event_id: str
    source: str
    sequence: int
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]
    caused_by: str | None
    seal_position: int | None

    @property
    def kind(self) -> str:
        """The middle of its type: `job_order_ended` of `org.halite.job_order_ended.v1`."""
        return self.type.split(".")[2]

    def evidence(self) -> Fact:
        """Return where a fact that stands on this event is found in the record."""
        return {
            "event_id": self.event_id,
            "source": self.source,
            "sequence": self.sequence,
            "position": self.position,
            "seal_position": self.seal_position,
        }

    def picked(self, *names: str) -> Fact:
        """Return some of what it says; None where it says nothing of that."""
        return {name: self.data.get(name) for name in names}


@dataclass(frozen=True, kw_only=True)
class SealShown:
    """A seal as a document names it; `root_sha256` and `signature` as hex."""

    position: int
    root_sha256: str
    sealed_at: datetime
    key_id: str | None
    signature: str | None


def of_kind(told: Iterable[Told], *kinds: str) -> list[Told]:
    """Return the events of some kinds, in their order."""
    return [one for one in told if one.kind in kinds]


def fact(*told: Told, **values: Any) -> Fact:
    """Return a fact with what it stands on."""
    return values | {"evidence": [one.evidence() for one in told]}


def newest(told: Sequence[Told]) -> Told | None:
    """Return the last in plant time, None of none."""
    return told[-1] if told else None
