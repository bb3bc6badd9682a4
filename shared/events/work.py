"""Events of work: requests, job orders and who released, started, ended or held them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.facts import (
    JobOrderEvent,
    Material,
    PartPlace,
    TestResult,
    WorkRequestEvent,
)


class WorkRequestAccepted(WorkRequestEvent):
    """A work request of a schedule was accepted and split into job orders.

    life_quantity: cells beside them whose life is tested.
    order_number: what the ERP system calls it, None where it has no name for it.
    """

    kind: ClassVar[str] = "work_request_accepted"
    work_schedule_id: str
    quantity: int = Field(gt=0)
    witness_quantity: int = Field(ge=0)
    due_at: AwareDatetime
    priority: int
    job_order_count: int
    order_number: str | None = None
    life_quantity: int = Field(default=0, ge=0)


class WorkRequestClosedShort(WorkRequestEvent):
    """A person closed a work request before all of it was made: nothing of it is begun any more.

    cells_under_way: cells that were begun; they go on to their end, or are held with `are_held`.
    """

    kind: ClassVar[str] = "work_request_closed_short"
    reason: str
    person: str
    cells_under_way: tuple[str, ...]
    are_held: bool


class WorkRequestEnded(WorkRequestEvent):
    """Every cell of a work request is released, lost or cancelled.

    blocked_count: those that were scrapped or cannot be built. cancelled_count: those that were
    not begun when the order was closed short.
    """

    kind: ClassVar[str] = "work_request_ended"
    released_count: int
    blocked_count: int
    cancelled_count: int = 0


class JobOrderReleased(JobOrderEvent):
    """A job order may be dispatched: its inputs exist and nothing holds them.

    Holds of `through_gates` on `through_lot_ids` do not keep it: it is the rework or the further
    witness that those gates ordered.
    """

    kind: ClassVar[str] = "job_order_released"
    service: str
    station_kind: str
    recipe_id: str
    materials: tuple[Material, ...]
    parameters: dict[str, float | str] = Field(default_factory=dict)
    priority: int
    due_at: AwareDatetime
    released_at: AwareDatetime
    through_gates: tuple[str, ...] = ()
    through_lot_ids: tuple[str, ...] = ()


class JobOrderWithdrawn(JobOrderEvent):
    """A released job order must not be started any more; one that a station has goes on."""

    kind: ClassVar[str] = "job_order_withdrawn"
    reason: str


class JobOrderCancelled(JobOrderEvent):
    """The service of a withdrawn job order gave it up before any station had it."""

    kind: ClassVar[str] = "job_order_cancelled"
    reason: str


class JobOrderStarted(JobOrderEvent):
    """A station began a job order."""

    kind: ClassVar[str] = "job_order_started"
    equipment_id: str
    recipe_id: str
    recipe_version: int
    started_at: AwareDatetime
    lot_ids: tuple[str, ...]


class JobOrderEnded(JobOrderEvent):
    """A station ended or aborted a job order; actual materials and measured results.

    operator: the person who answered for the station then, None where that is not known. persons:
    who else had a hand in it, such as who scanned its parts. places: of its parts in a furnace.
    """

    kind: ClassVar[str] = "job_order_ended"
    state: Literal["ended", "aborted"]
    equipment_id: str
    recipe_id: str
    recipe_version: int
    started_at: AwareDatetime
    ended_at: AwareDatetime
    materials: tuple[Material, ...]
    results: tuple[TestResult, ...] = ()
    fixture_id: str | None = None
    reason: str | None = None
    operator: str | None = None
    persons: tuple[str, ...] = ()
    places: tuple[PartPlace, ...] = ()


class JobOrderHeld(JobOrderEvent):
    """A job order stands until a person looks: read-back mismatch, lost job, refused order."""

    kind: ClassVar[str] = "job_order_held"
    equipment_id: str | None
    reason: str
    lot_ids: tuple[str, ...]


class JobOrderPaused(JobOrderEvent):
    """A running job order stands at its station, which keeps it and can go on with it.

    by: the person who asked for it, None when the machine did it itself.
    """

    kind: ClassVar[str] = "job_order_paused"
    equipment_id: str
    reason: str
    paused_at: AwareDatetime
    by: str | None = None
    lot_ids: tuple[str, ...]


class JobOrderResumed(JobOrderEvent):
    """A paused job order goes on at its station; `by` as for its pause."""

    kind: ClassVar[str] = "job_order_resumed"
    equipment_id: str
    resumed_at: AwareDatetime
    by: str | None = None
    lot_ids: tuple[str, ...]
