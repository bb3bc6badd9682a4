"""What events are made of: the parts they share, and the base of each kind of subject."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SubjectKind = Literal[
    "job_order", "lot", "equipment", "work_request", "file", "master_data", "recall"
]
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


class PartPlace(Fact):
    """Where a part stood in a furnace load; trays and positions count from 1."""

    lot_id: str
    furnace_load_id: str
    tray: int
    position: int


class CycleFigures(Fact):
    """Figures of one cycle; None with a flag where the test cannot tell.

    coulombic_efficiency_uncertainty_ratio: standard uncertainty from the channel's current alone;
    smaller differences between cells mean nothing. retention_ratio: discharge capacity over that
    of `reference_cycle`. constant_voltage_ratio: share of the charge at constant voltage.
    """

    cycle: int
    charge_capacity_mah: float | None
    discharge_capacity_mah: float | None
    coulombic_efficiency_ratio: float | None
    flag: str | None = None
    coulombic_efficiency_uncertainty_ratio: float | None = None
    energy_efficiency_ratio: float | None = None
    mean_charge_voltage_v: float | None = None
    mean_discharge_voltage_v: float | None = None
    constant_voltage_ratio: float | None = None
    retention_ratio: float | None = None
    reference_cycle: int | None = None


class StopLatency(Fact):
    """How long a test went on after the first recorded row that shows why it was stopped.

    by: our watch, or the tester by its own limits. first_row counts from 1, first_row_s is the
    test's own time. seen_after_s, rows_to_seen: until our watch saw it (0: before a row showed
    it), None where the tester stopped by itself; stopped_after_s, rows_to_stop: until the tester
    stood.
    """

    by: Literal["watch", "tester"]
    first_row: int
    first_row_s: float
    seen_after_s: float | None
    rows_to_seen: int | None
    stopped_after_s: float
    rows_to_stop: int


class PartDisposition(Fact):
    """What a gate decided over one part of a lot."""

    lot_id: str
    value: float | str | None
    disposition: Disposition
    reason: str


class JobOrderMoved(Fact):
    """A job order that was planned elsewhere or at another time before; None: at no known time."""

    job_order_id: str
    from_equipment_id: str
    from_start_at: AwareDatetime | None
    to_equipment_id: str
    to_start_at: AwareDatetime | None
    reason: str


class Event(Fact):
    """A frozen fact in the past tense. `kind` and `version` name its contract."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    subject_kind: ClassVar[SubjectKind]

    @property
    def subject(self) -> str:
        """The lot, cell, job order or equipment this is about."""
        raise NotImplementedError(f"{type(self).__name__} names no subject")

    @property
    def partition_key(self) -> str:
        """The lot this concerns, else the subject; events of one key keep their order."""
        return self.subject


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

    @property
    def partition_key(self) -> str:
        return self.lot_id


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
