"""Events of equipment: its state, furnaces and their plan, channels, PLCs, sources of data."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.facts import (
    DataQuality,
    EquipmentEvent,
    EquipmentState,
    Event,
    JobOrderMoved,
    SubjectKind,
)


class EquipmentStateChanged(EquipmentEvent):
    """SEMI E10 state of a station with the quality of that knowledge beside it.

    software_version: what the station says it runs, None where it does not say.
    """

    kind: ClassVar[str] = "equipment_state_changed"
    state: EquipmentState
    data_quality: DataQuality
    reason: str | None
    changed_at: AwareDatetime
    software_version: str | None = None


class OperatorChanged(EquipmentEvent):
    """A person took a station over, or left it to whom its setup names (`operator` is None)."""

    kind: ClassVar[str] = "operator_changed"
    operator: str | None
    changed_at: AwareDatetime
    by: str


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


class ChannelLeased(EquipmentEvent):
    """A tester channel belongs to one job order until it is freed."""

    kind: ClassVar[str] = "channel_leased"
    channel: str
    job_order_id: str
    lot_id: str


class SourceStateChanged(EquipmentEvent):
    """A source of telemetry fell silent or came back."""

    kind: ClassVar[str] = "source_state_changed"
    data_quality: DataQuality
    last_sample_at: AwareDatetime | None


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
