"""What must be calibrated, changed or surveyed by when, told by every service in one shape."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.instants import Instant

Upkeep = Literal["calibration", "nozzle", "fixture", "survey"]
Blocked = Literal["spray_jobs", "station_jobs", "tests", "place_heat"]
State = Literal["past_due", "out", "unknown", "due_soon", "good"]
ORDER: dict[State, int] = {"past_due": 0, "out": 0, "unknown": 1, "due_soon": 2, "good": 3}


class Renewal(BaseModel):
    """The master data that says until when, as it is now; a new version of it is the entry.

    section: of the service's master data. due_field: what a new date goes into. name_field: the
    piece that may have been changed for another one. evidence_field: certificate or source.
    """

    model_config = ConfigDict(frozen=True)

    section: str
    record: dict[str, Any]
    due_field: str
    name_field: str | None = None
    evidence_field: str = "source"


class DueDate(BaseModel):
    """One thing with its date.

    item: the channel, nozzle or fixture. due_at: None where nobody ever said. blocks: what is
    refused from then on. out_reason: why it is out of use before its date. renewal: None where
    another command keeps it.
    """

    model_config = ConfigDict(frozen=True)

    equipment_id: str
    item: str
    upkeep: Upkeep
    due_at: Instant | None
    blocks: Blocked
    last_on: str | None = None
    last_by: str | None = None
    evidence: str | None = None
    out_reason: str | None = None
    renewal: Renewal | None = None


def state_of(due: DueDate, now: datetime, soon: datetime) -> State:
    """Return how a thing stands; a date that nobody knows is not good."""
    if due.out_reason is not None:
        return "out"
    if due.due_at is None:
        return "unknown"
    if due.due_at <= now:
        return "past_due"
    return "due_soon" if due.due_at <= soon else "good"
