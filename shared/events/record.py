"""Events of what is kept: sealed files and records, certificates, acts of persons."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.facts import (
    Event,
    SubjectKind,
)


class FileSealed(Event):
    """A file of time series was closed, written to disk for good and entered in the catalogue."""

    kind: ClassVar[str] = "file_sealed"
    subject_kind: ClassVar[SubjectKind] = "file"
    path: str
    row_count: int
    from_at: AwareDatetime
    to_at: AwareDatetime
    sha256: str

    @property
    def subject(self) -> str:
        return self.path


class RecordSealed(Event):
    """The record up to a position was sealed by a root over all of it.

    count: records under the root. signature: Ed25519, as hex, by the key whose raw public half has
    the SHA-256 `key_id`.
    """

    kind: ClassVar[str] = "record_sealed"
    subject_kind: ClassVar[SubjectKind] = "file"
    position: int
    root_sha256: str
    previous_root_sha256: str
    count: int | None = None
    sealed_at: AwareDatetime | None = None
    key_id: str | None = None
    signature: str | None = None

    @property
    def subject(self) -> str:
        return str(self.position)


class LotsRecalled(Event):
    """A person recalled what a node touched, and all made of it: none of it may go on.

    Said for at most a thousand lots at once, and again for lots made of them later. seen_sha256:
    hash of the list that the person saw before. from_at, to_at: None where all time is meant.
    authentication: how it was found out who signed, as which role and in which meaning.
    """

    kind: ClassVar[str] = "lots_recalled"
    subject_kind: ClassVar[SubjectKind] = "recall"
    recall_id: str
    node_kind: str
    node_id: str
    from_at: AwareDatetime | None
    to_at: AwareDatetime | None
    lot_ids: tuple[str, ...]
    person: str
    reason: str
    seen_sha256: str
    printed_name: str | None = None
    role: str | None = None
    meaning: str | None = None
    authentication: str | None = None

    @property
    def subject(self) -> str:
        return self.recall_id


class RecallEnded(Event):
    """A person ended a recall: it holds none of its lots any more."""

    kind: ClassVar[str] = "recall_ended"
    subject_kind: ClassVar[SubjectKind] = "recall"
    recall_id: str
    lot_ids: tuple[str, ...]
    person: str
    reason: str
    printed_name: str | None = None
    role: str | None = None
    meaning: str | None = None
    authentication: str | None = None

    @property
    def subject(self) -> str:
        return self.recall_id


class CertificateValidityChanged(Event):
    """A certificate of the OPC UA connections nears its end, is past it, or was renewed.

    name: the application or user it belongs to; days_left: whole days, negative once it is past.
    """

    kind: ClassVar[str] = "certificate_validity_changed"
    subject_kind: ClassVar[SubjectKind] = "file"
    name: str
    state: Literal["valid", "near", "expired"]
    valid_until: AwareDatetime
    days_left: int

    @property
    def subject(self) -> str:
        return self.name


class PersonTrained(Event):
    """A person may do a kind of work until an instant; a later record counts, also an earlier end.

    by: who recorded it, on what evidence.
    """

    kind: ClassVar[str] = "person_trained"
    subject_kind: ClassVar[SubjectKind] = "master_data"
    person: str
    skill: str
    valid_until: AwareDatetime
    evidence: str
    by: str

    @property
    def subject(self) -> str:
        return self.person


class OperatorActed(Event):
    """A person asked for something through the gateway."""

    kind: ClassVar[str] = "operator_acted"
    subject_kind: ClassVar[SubjectKind] = "master_data"
    action: str
    target: str
    person: str
    reason: str | None

    @property
    def subject(self) -> str:
        return self.target


class ShiftHandedOver(Event):
    """A shift was handed over: what stands open is on record under `record_sha256`.

    missing: parts that could not be had when it was written. supersedes: an earlier record of the
    same shift that nobody had taken over.
    """

    kind: ClassVar[str] = "shift_handed_over"
    subject_kind: ClassVar[SubjectKind] = "master_data"
    handover_id: str
    shift: str | None
    begun_at: AwareDatetime
    written_at: AwareDatetime
    person: str
    notes: str
    open_counts: dict[str, int]
    missing: tuple[str, ...]
    record_sha256: str
    supersedes: str | None = None

    @property
    def subject(self) -> str:
        return self.handover_id


class ShiftTakenOver(Event):
    """A person of the coming shift signed that it knows what a handover says."""

    kind: ClassVar[str] = "shift_taken_over"
    subject_kind: ClassVar[SubjectKind] = "master_data"
    handover_id: str
    person: str
    printed_name: str
    authentication: str
    remark: str | None
    record_sha256: str
    taken_at: AwareDatetime

    @property
    def subject(self) -> str:
        return self.handover_id
