"""Every event on the plant bus, versioned, by the service that says it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.facts import (
    CycleFigures,
    DataQuality,
    Disposition,
    EquipmentEvent,
    EquipmentState,
    Event,
    JobOrderEvent,
    JobOrderMoved,
    LotEvent,
    Material,
    PartDisposition,
    SubjectKind,
    TestResult,
    WorkRequestEvent,
)

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


class FurnacePlanChanged(Event):
    """Waiting job orders left the furnace or the start they were planned for, and why."""

    kind: ClassVar[str] = "furnace_plan_changed"
    subject_kind: ClassVar[SubjectKind] = "equipment"
    plan_version: int
    reason: str
    load_count: int
    moved: tuple[JobOrderMoved, ...]

    @property
    def subject(self) -> str:
        return "furnaces"


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


class ThermocoupleDriftFound(EquipmentEvent):
    """A furnace's two thermocouples show a difference that is not the one of their calibration.

    drift_degc: the mean of the last runs less the calibrated difference.
    """

    kind: ClassVar[str] = "thermocouple_drift_found"
    furnace_load_id: str
    drift_degc: float
    limit_degc: float
    qualified_at: AwareDatetime
    lot_ids: tuple[str, ...]


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
    """Minutes and dose a lot was open, against its budgets; unknown where no sensor watched.

    While the lot `is_open` it is said once for each state that it comes to, and `limit_at` is when
    the budget is used up if the air stays as it is.
    """

    kind: ClassVar[str] = "exposure_evaluated"
    work_request_id: str | None
    state: Literal["within", "near", "over", "unknown"]
    minutes: float | None
    budget_minutes: float
    dose_ppm_h: float | None
    budget_dose_ppm_h: float
    reason: str | None
    is_open: bool = False
    limit_at: AwareDatetime | None = None


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


class PlcHearingChanged(EquipmentEvent):
    """A line PLC that sends heartbeats fell silent, or was heard again.

    silent_s: wall seconds without a heartbeat when this was noticed; limit_s: how long it may be.
    """

    kind: ClassVar[str] = "plc_hearing_changed"
    state: Literal["heard", "silent"]
    silent_s: float
    limit_s: float


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
