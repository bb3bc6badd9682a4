"""The interlock: which lot may start where, which job order is next, and what a PLC may report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.events import JobOrderReleased

State = Literal["allowed_to_start", "running", "interrupted", "ended", "aborted"]
Reported = Literal["running", "interrupted", "ended", "aborted"]
Report = Literal["job_fetched", "job_started", "job_ended", "alarm"]
Hearing = Literal["heard", "silent"]
Validity = Literal["valid", "near", "expired"]
# Return status of OPC 10031-4.
DONE, UNKNOWN_JOB, INVALID_STATE, UNABLE, INVALID_REQUEST = 1, 1 << 1, 1 << 3, 1 << 4, 1 << 32
MOVES: frozenset[tuple[Reported | None, Reported]] = frozenset(
    {
        (None, "running"),
        ("running", "interrupted"),
        ("running", "ended"),
        ("running", "aborted"),
        ("interrupted", "running"),
        ("interrupted", "aborted"),
    }
)
KINDS: Mapping[Reported, Report] = {
    "running": "job_started",
    "interrupted": "alarm",
    "ended": "job_ended",
    "aborted": "job_ended",
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A work unit and its kind of station, which is what job orders name."""

    equipment_id: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One hold of a lot; scrap is final, so that no rework goes through it."""

    gate: str
    reason: str
    is_scrap: bool = False

    def __str__(self) -> str:
        return f"{self.gate}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class KnownJobOrder:
    """A released job order, how far its station says it is, and what the PLC last reported."""

    released: JobOrderReleased
    state: State
    equipment_id: str | None = None
    reason: str | None = None
    reported: Reported | None = None

    @property
    def job_order_id(self) -> str:
        return self.released.job_order_id

    @property
    def lot_ids(self) -> frozenset[str]:
        """Every lot it is about, consumes, works on or makes."""
        return frozenset({self.released.lot_id, *(m.lot_id for m in self.released.materials)})

    @property
    def made_lot_ids(self) -> frozenset[str]:
        """The lots that exist only when it is done."""
        made = {item.lot_id for item in self.released.materials if item.use == "produced"}
        return frozenset(made)

    def keeps(self, lot_id: str, hold: Hold) -> bool:
        """Whether a hold of one of its lots keeps it: not one that it was ordered to go through.

        A rework names the gates that ordered it and the lots it was ordered for.
        """
        goes_through = hold.gate in self.released.through_gates
        return hold.is_scrap or not (goes_through and lot_id in self.released.through_lot_ids)


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What is known of job orders and lots; `held` gives the holds of each held lot."""

    job_orders: tuple[KnownJobOrder, ...] = ()
    held: Mapping[str, tuple[Hold, ...]]
    registered: frozenset[str] = frozenset()

    def find(self, job_order_id: str) -> KnownJobOrder | None:
        """Return a job order by its id, or None."""
        for job_order in self.job_orders:
            if job_order.job_order_id == job_order_id:
                return job_order
        return None

    def why_held(self, job_order: KnownJobOrder, lot_id: str) -> str | None:
        """Return in words what holds a lot against a job order, or None."""
        holds = [one for one in self.held.get(lot_id, ()) if job_order.keeps(lot_id, one)]
        return "; ".join(map(str, holds)) or None


@dataclass(frozen=True)
class Verdict:
    """Yes, or no with the reason in words."""

    allowed: bool
    reason: str


@dataclass(frozen=True)
class Answer:
    """Return status of OPC 10031-4 and what it means in words."""

    status: int
    message: str


def may_start(floor: Floor, unit: Unit, lot_id: str) -> Verdict:
    """Say whether a lot may start at a unit.

    Only if a job order for it is released for that kind of unit, nothing holds the lot or the job
    order, and the lot is known. Through the holds that ordered a rework goes that rework alone.
    """
    own = [one for one in by_urgency(floor, unit) if lot_id in one.lot_ids]
    free = [one for one in own if floor.why_held(one, lot_id) is None]
    if lot_id in floor.held and not free:
        return Verdict(False, f"lot {lot_id} is held: {'; '.join(map(str, floor.held[lot_id]))}")
    if not own:
        if lot_id in floor.registered:
            return Verdict(False, f"no job order for lot {lot_id} is released for a {unit.kind}")
        return Verdict(
            False,
            f"lot {lot_id} is not known, or no job order for it is released for a {unit.kind}",
        )
    verdicts = [_may_run(floor, unit, one) for one in free]
    return next((verdict for verdict in verdicts if verdict.allowed), verdicts[0])


def next_job_order(floor: Floor, unit: Unit) -> KnownJobOrder | None:
    """Return the job order that runs at a unit, else the most urgent that may start there.

    One that a PLC has reported as ended or aborted is not given to it again.
    """
    open_here = [one for one in startable(floor, unit) if one.reported not in ("ended", "aborted")]
    running = [one for one in open_here if "running" in (one.state, one.reported)]
    return next(iter(running or open_here), None)


def startable(floor: Floor, unit: Unit) -> list[KnownJobOrder]:
    """Return the job orders that may start or are running at a unit, most urgent first."""
    return [one for one in by_urgency(floor, unit) if _may_run(floor, unit, one).allowed]


def by_urgency(floor: Floor, unit: Unit) -> list[KnownJobOrder]:
    """Return the job orders for a unit's kind in the order they should be started."""
    own = [one for one in floor.job_orders if one.released.station_kind == unit.kind]
    return sorted(
        own,
        key=lambda one: (
            -one.released.priority,
            one.released.due_at,
            one.released.released_at,
            one.job_order_id,
        ),
    )


def _may_run(floor: Floor, unit: Unit, job_order: KnownJobOrder) -> Verdict:
    name = f"job order {job_order.job_order_id}"
    if job_order.state == "running" and job_order.equipment_id == unit.equipment_id:
        return Verdict(True, f"{name} is running here")
    if job_order.state == "running":
        return Verdict(False, f"{name} is running at {job_order.equipment_id}")
    if job_order.state == "interrupted":
        return Verdict(False, f"{name} is held: {job_order.reason}")
    if job_order.state != "allowed_to_start":
        return Verdict(False, f"{name} has {job_order.state}")
    for lot_id in sorted(job_order.lot_ids & floor.held.keys()):
        why = floor.why_held(job_order, lot_id)
        if why is not None:
            return Verdict(False, f"{name} waits: lot {lot_id} is held: {why}")
    needed = {item.lot_id for item in job_order.released.materials} - job_order.made_lot_ids
    for lot_id in sorted(needed - floor.registered):
        return Verdict(False, f"{name} waits: its lot {lot_id} is not known")
    return Verdict(True, f"{name} is released")


def reported_state(state: str) -> Reported | None:
    """Return the state of a job order that a PLC named, or None for any other word."""
    return next((word for word in get_args(Reported) if word == state), None)


def judge_report(floor: Floor, unit: Unit, job_order_id: str, state: str) -> Answer:
    """Say whether a PLC's report makes sense; a repeated report is fine."""
    reported = reported_state(state)
    if reported is None:
        words = ", ".join((*get_args(Reported), "alarm"))
        return Answer(INVALID_REQUEST, f"state {state!r} is none of {words}")
    job_order = floor.find(job_order_id)
    if job_order is None or job_order.released.station_kind != unit.kind:
        return Answer(UNKNOWN_JOB, f"no job order {job_order_id!r} is known for a {unit.kind}")
    if job_order.equipment_id not in (None, unit.equipment_id):
        return Answer(INVALID_STATE, f"{job_order_id} is at {job_order.equipment_id}")
    at = job_order.reported
    if at is None and job_order.state in ("running", "interrupted", "ended", "aborted"):
        at = "interrupted" if job_order.state == "interrupted" else "running"
    if reported != at and (at, reported) not in MOVES:
        return Answer(INVALID_STATE, f"{job_order_id}: {at or 'not started'} -> {state}")
    return Answer(DONE, "accepted")


def hearing(silent_s: float, limit_s: float) -> Hearing:
    """Say whether a PLC that sends heartbeats is still heard."""
    return "silent" if silent_s > limit_s else "heard"


def validity(valid_until: datetime, now: datetime, alarm_days: int) -> Validity:
    """Say whether a certificate is past its end or within the days before it."""
    left = valid_until - now
    if left <= timedelta(0):
        return "expired"
    return "near" if left < timedelta(days=alarm_days) else "valid"
