"""What one station does in one go, and which states it may go through."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from shared.errors import IllegalTransitionError
from shared.events import JobOrderReleased
from shared.facts import Material
from shared.stations import JobContent, ParameterValue

State = Literal[
    "not_allowed_to_start", "allowed_to_start", "running", "interrupted", "ended", "aborted"
]
MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        ("not_allowed_to_start", "allowed_to_start"),
        ("allowed_to_start", "running"),
        ("allowed_to_start", "interrupted"),
        ("allowed_to_start", "not_allowed_to_start"),
        ("running", "interrupted"),
        ("running", "ended"),
        ("running", "aborted"),
        ("interrupted", "allowed_to_start"),
        ("interrupted", "interrupted"),
        ("interrupted", "running"),
        ("interrupted", "ended"),
        ("interrupted", "aborted"),
    }
)


@dataclass(frozen=True, kw_only=True)
class StationOrder:
    """What one station does in one go, for one or, in a furnace, several job orders.

    started_at: when it was asked to start; once running, when it began. traceparent: the trace of
    the first of its job orders that has one.
    """

    station_order_id: str
    equipment_id: str
    recipe_id: str
    recipe_version: int
    parameters: dict[str, ParameterValue]
    materials: tuple[Material, ...]
    job_orders: tuple[JobOrderReleased, ...]
    planned_at: datetime
    state: State = "allowed_to_start"
    reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    traceparent: str | None = None

    @property
    def content(self) -> JobContent:
        """What the station is told."""
        return JobContent(
            job_order_id=self.station_order_id,
            parameters=self.parameters,
            materials=self.materials,
        )

    @property
    def lot_ids(self) -> tuple[str, ...]:
        """The lots that go in and come out, without what is consumed."""
        return tuple(item.lot_id for item in self.materials if item.use != "consumed")

    def to(self, state: State, reason: str | None = None) -> "StationOrder":
        """Return the order in another state.

        Raises:
            IllegalTransitionError: the table of moves has no such move.
        """
        if (self.state, state) not in MOVES:
            raise IllegalTransitionError(
                f"{self.station_order_id}: {self.state} -> {state}", {"state": self.state}
            )
        return replace(self, state=state, reason=reason)
