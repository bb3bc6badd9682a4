"""Every event on the plant bus, versioned, and its CloudEvents envelope."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PARTITIONS = 16
SubjectKind = Literal["job_order", "lot", "equipment", "work_request", "file", "master_data"]
MaterialUse = Literal["consumed", "processed", "produced"]
Disposition = Literal["released", "blocked", "rework", "scrap"]
EquipmentState = Literal[
    "productive",
    "standby",
    "engineering",
    "scheduled_down",
    "unscheduled_down",
    "nonscheduled",
]
DataQuality = Literal["good", "stale", "unknown"]


class Fact(BaseModel):
    """Base of all parts of an event: frozen; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Material(Fact):
    """One lot in a job order, as required or as used; `quantity` in `unit`."""

    lot_id: str
    material_definition_id: str
    quantity: float = Field(ge=0)
    unit: str
    use: MaterialUse


class TestResult(Fact):
    """One measured characteristic of one lot; None with a reason where it could not be measured."""

    __test__ = False

    lot_id: str
    characteristic: str
    value: float | str | None
    unit: str
    reason: str | None = None


class CycleFigures(Fact):
    """Capacity in and out of one cycle; None with a flag where the test cannot tell."""

    cycle: int
    charge_capacity_mah: float | None
    discharge_capacity_mah: float | None
    coulombic_efficiency_ratio: float | None
    flag: str | None = None


class PartDisposition(Fact):
    """What a gate decided over one part of a lot."""

    lot_id: str
    value: float | str | None
    disposition: Disposition
    reason: str


class Event(Fact):
    """A frozen fact in the past tense. `kind` and `version` name its contract."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    subject_kind: ClassVar[SubjectKind]

    @property
    def subject(self) -> str:
        """The lot, cell, job order or equipment this is about; decides partition and order."""
        raise NotImplementedError(f"{type(self).__name__} names no subject")


class LotEvent(Event):
    """A fact about one lot or cell."""

    subject_kind: ClassVar[SubjectKind] = "lot"
    lot_id: str

    @property
    def subject(self) -> str:
        return self.lot_id


class JobOrderEvent(Event):
    """A fact about one job order; `lot_id` is the powder lot, pellet lot or cell it is about."""

    subject_kind: ClassVar[SubjectKind] = "job_order"
    job_order_id: str
    lot_id: str
    work_request_id: str
    product_id: str
    operation: str

    @property
    def subject(self) -> str:
        return self.job_order_id


class EquipmentEvent(Event):
    """A fact about one piece of equipment."""

    subject_kind: ClassVar[SubjectKind] = "equipment"
    equipment_id: str = Field(examples=["pilot/dryroom/spray/eap-1"])

    @property
    def subject(self) -> str:
        return self.equipment_id


class WorkRequestEvent(Event):
    """A fact about one work request."""

    subject_kind: ClassVar[SubjectKind] = "work_request"
    work_request_id: str
    product_id: str

    @property
    def subject(self) -> str:
        return self.work_request_id


# execution


class WorkRequestAccepted(WorkRequestEvent):
    """A work request of a schedule was accepted and split into job orders."""

    kind: ClassVar[str] = "work_request_accepted"
    work_schedule_id: str
    quantity: int = Field(gt=0)
    witness_quantity: int = Field(ge=0)
    due_at: AwareDatetime
    priority: int
    job_order_count: int


class WorkRequestEnded(WorkRequestEvent):
    """Every cell of a work request is graded and released, blocked for good or scrapped."""

    kind: ClassVar[str] = "work_request_ended"
    released_count: int
    blocked_count: int


class JobOrderReleased(JobOrderEvent):
    """A job order may be dispatched: its inputs exist and nothing holds them."""

    kind: ClassVar[str] = "job_order_released"
    service: str
    station_kind: str
    recipe_id: str
    materials: tuple[Material, ...]
    parameters: dict[str, float | str] = Field(default_factory=dict)
    priority: int
    due_at: AwareDatetime
    released_at: AwareDatetime


class MaterialLotRegistered(LotEvent):
    """A lot became known: received, or produced by a job order. `members` are its pellets."""

    kind: ClassVar[str] = "material_lot_registered"
    material_definition_id: str
    quantity: float
    unit: str
    work_request_id: str | None
    origin: Literal["received", "produced"]
    members: tuple[str, ...] = ()


class GenealogyRecorded(JobOrderEvent):
    """What one job order made of what, on which equipment and by which recipe."""

    kind: ClassVar[str] = "genealogy_recorded"
    equipment_id: str
    recipe_id: str
    recipe_version: int
    materials: tuple[Material, ...]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    fixture_id: str | None = None


class LotHeld(LotEvent):
    """A lot may not go on; the reason says who can release it."""

    kind: ClassVar[str] = "lot_held"
    work_request_id: str | None
    gate: str
    reason: str


class LotHoldReleased(LotEvent):
    """A hold of a lot ended."""

    kind: ClassVar[str] = "lot_hold_released"
    work_request_id: str | None
    gate: str
    reason: str


class TimeLimitChanged(LotEvent):
    """A window between two steps of a lot opened, came near its limit, was met or was broken."""

    kind: ClassVar[str] = "time_limit_changed"
    time_limit_id: str
    name: str
    limit_kind: Literal["min", "max"]
    from_event: str
    to_event: str
    started_at: AwareDatetime
    limit_at: AwareDatetime
    state: Literal["open", "near", "met", "broken"]


class CellCompleted(LotEvent):
    """A cell has every gate behind it and is graded."""

    kind: ClassVar[str] = "cell_completed"
    work_request_id: str
    product_id: str
    grade: str
    discharge_capacity_mah: float | None


# sintering, spray, lamination, formation


class JobOrderStarted(JobOrderEvent):
    """A station began a job order."""

    kind: ClassVar[str] = "job_order_started"
    equipment_id: str
    recipe_id: str
    recipe_version: int
    started_at: AwareDatetime
    lot_ids: tuple[str, ...]


class JobOrderEnded(JobOrderEvent):
    """A station ended or aborted a job order; actual materials and measured results."""

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


class JobOrderHeld(JobOrderEvent):
    """A job order stands until a person looks: read-back mismatch, lost job, refused order."""

    kind: ClassVar[str] = "job_order_held"
    equipment_id: str | None
    reason: str
    lot_ids: tuple[str, ...]


class EquipmentStateChanged(EquipmentEvent):
    """SEMI E10 state of a station with the quality of that knowledge beside it."""

    kind: ClassVar[str] = "equipment_state_changed"
    state: EquipmentState
    data_quality: DataQuality
    reason: str | None
    changed_at: AwareDatetime


class FurnaceLoadPlanned(EquipmentEvent):
    """A load was planned into a furnace: which job orders, when, and how full."""

    kind: ClassVar[str] = "furnace_load_planned"
    furnace_load_id: str
    recipe_id: str
    job_order_ids: tuple[str, ...]
    planned_start_at: AwareDatetime
    planned_end_at: AwareDatetime
    fill_ratio: float


class SinterRunEnded(EquipmentEvent):
    """A heat treatment ended; measured profile and where it left its band."""

    kind: ClassVar[str] = "sinter_run_ended"
    furnace_load_id: str
    recipe_id: str
    job_order_ids: tuple[str, ...]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    profile_time_s: tuple[float, ...]
    profile_setpoint_degc: tuple[float, ...]
    profile_temperature_degc: tuple[float, ...]
    deviations: tuple[str, ...]


class SpectrumMeasured(LotEvent):
    """An impedance spectrum of a cell or pellet, as measured; ohms of the whole part."""

    kind: ClassVar[str] = "spectrum_measured"
    spectrum_id: str
    job_order_id: str
    work_request_id: str
    product_id: str
    operation: str
    mode: Literal["cell", "blocking"]
    frequency_hz: tuple[float, ...]
    z_real_ohm: tuple[float, ...]
    z_imag_ohm: tuple[float, ...]
    temperature_degc: float | None
    fixture_id: str | None
    thickness_um: float | None
    area_cm2: float | None
    faces: int | None
    measured_at: AwareDatetime


class CyclingEnded(LotEvent):
    """A tester run ended: figures per cycle, and the rows of a current staircase if it was one."""

    kind: ClassVar[str] = "cycling_ended"
    job_order_id: str
    work_request_id: str
    product_id: str
    operation: str
    protocol_id: str
    protocol_version: int
    channel: str
    protocol_matches: bool
    cycles: tuple[CycleFigures, ...]
    row_count: int
    area_cm2: float | None = None
    step_index: tuple[int, ...] = ()
    time_s: tuple[float, ...] = ()
    voltage_v: tuple[float, ...] = ()
    current_ma: tuple[float, ...] = ()
    ended_at: AwareDatetime


class ChannelLeased(EquipmentEvent):
    """A tester channel belongs to one job order until it is freed."""

    kind: ClassVar[str] = "channel_leased"
    channel: str
    job_order_id: str
    lot_id: str


class CellGraded(LotEvent):
    """A cell has its grade, with the reasons."""

    kind: ClassVar[str] = "cell_graded"
    work_request_id: str
    product_id: str
    grade: str
    discharge_capacity_mah: float | None
    coulombic_efficiency_ratio: float | None
    reasons: tuple[str, ...]


# quality


class DispositionDecided(LotEvent):
    """A gate decided over a lot; value and limits of the characteristic that decided.

    Where the gate looks at each part by itself, `parts` holds the decisions and `lot_id` is the
    pellet lot or cell that the parts belong to.
    """

    kind: ClassVar[str] = "disposition_decided"
    work_request_id: str | None
    product_id: str
    gate: str
    characteristic: str
    value: float | str | None
    unit: str
    low: float | None
    high: float | None
    disposition: Disposition
    reason: str
    specification_version: int
    evaluated_at: AwareDatetime
    parts: tuple[PartDisposition, ...] = ()


class ExposureEvaluated(LotEvent):
    """Minutes and dose a lot was open, against its budgets; unknown where no sensor watched."""

    kind: ClassVar[str] = "exposure_evaluated"
    work_request_id: str | None
    state: Literal["within", "near", "over", "unknown"]
    minutes: float | None
    budget_minutes: float
    dose_ppm_h: float | None
    budget_dose_ppm_h: float
    reason: str | None


class NonconformanceRaised(LotEvent):
    """Something is not as it must be; exactly the lots it touches are named."""

    kind: ClassVar[str] = "nonconformance_raised"
    nonconformance_id: str
    equipment_id: str | None
    description: str
    lot_ids: tuple[str, ...]


# historian, trace, plc, gateway


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


class SourceStateChanged(EquipmentEvent):
    """A source of telemetry fell silent or came back."""

    kind: ClassVar[str] = "source_state_changed"
    data_quality: DataQuality
    last_sample_at: AwareDatetime | None


class RecordSealed(Event):
    """The record up to a position was sealed by a root over all of it."""

    kind: ClassVar[str] = "record_sealed"
    subject_kind: ClassVar[SubjectKind] = "file"
    position: int
    root_sha256: str
    previous_root_sha256: str

    @property
    def subject(self) -> str:
        return str(self.position)


class PlcReported(EquipmentEvent):
    """A line PLC reported over the job control that Halite offers."""

    kind: ClassVar[str] = "plc_reported"
    report: Literal["job_fetched", "job_started", "job_ended", "alarm"]
    job_order_id: str | None
    text: str


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


EVENTS: dict[str, tuple[type[Event], ...]] = {
    "execution": (
        WorkRequestAccepted,
        WorkRequestEnded,
        JobOrderReleased,
        MaterialLotRegistered,
        GenealogyRecorded,
        LotHeld,
        LotHoldReleased,
        TimeLimitChanged,
        CellCompleted,
    ),
    "sintering": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderHeld,
        EquipmentStateChanged,
        FurnaceLoadPlanned,
        SinterRunEnded,
    ),
    "spray": (JobOrderStarted, JobOrderEnded, JobOrderHeld, EquipmentStateChanged),
    "lamination": (JobOrderStarted, JobOrderEnded, JobOrderHeld, EquipmentStateChanged),
    "formation": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderHeld,
        EquipmentStateChanged,
        SpectrumMeasured,
        CyclingEnded,
        ChannelLeased,
        CellGraded,
    ),
    "quality": (DispositionDecided, ExposureEvaluated, NonconformanceRaised),
    "trace": (RecordSealed,),
    "historian": (FileSealed, SourceStateChanged),
    "plc": (PlcReported,),
    "gateway": (OperatorActed,),
}
BY_TYPE: dict[str, type[Event]] = {
    f"org.halite.{event.kind}.v{event.version}": event
    for events in EVENTS.values()
    for event in events
}


class Envelope(BaseModel):
    """CloudEvents 1.0, structured JSON. `sequence` is gapless per source, given by its relay."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=uuid4)
    source: str = Field(examples=["/halite/execution"])
    type: str = Field(examples=["org.halite.job_order_released.v1"])
    subject: str
    time: AwareDatetime = Field(description="plant time at which it happened")
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: int | None = Field(default=None, ge=1)
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]

    @property
    def service(self) -> str:
        """The service that said it."""
        return self.source.rsplit("/", 1)[-1]

    def event(self) -> Event | None:
        """Return the typed event, or None for a type this reader does not know.

        Raises:
            pydantic.ValidationError: the data does not fit the contract of its type.
        """
        cls = BY_TYPE.get(self.type)
        return cls.model_validate(self.data) if cls else None


def event_type(cls: type[Event]) -> str:
    """Return the CloudEvents type of an event class."""
    return f"org.halite.{cls.kind}.v{cls.version}"


def partition_of(subject: str) -> int:
    """Return the partition, 0 to 15, of a subject; the same in every process and version."""
    return hashlib.blake2s(subject.encode(), digest_size=1).digest()[0] % PARTITIONS


def envelope(
    event: Event,
    *,
    service: str,
    time: datetime,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Envelope:
    """Wrap an event; the relay gives `sequence` when it has been committed."""
    return Envelope(
        source=f"/halite/{service}",
        type=event_type(type(event)),
        subject=event.subject,
        time=time,
        correlationid=correlation_id,
        causationid=causation_id,
        data=event.model_dump(mode="json"),
    )
