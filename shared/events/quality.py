"""Events of measuring and judging: spectra, cycles, grades, dispositions, exposure."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.facts import (
    CycleFigures,
    Disposition,
    LotEvent,
    PartDisposition,
    StopLatency,
)


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
    """A tester run ended: figures per cycle, and the rows of a current staircase if it was one.

    protocol_matches: there is evidence that what ran is what was ordered; protocol_findings: what
    speaks against it, or why nothing tells; protocol_is_known false: nothing tells what ran.
    stop_latency: of a test that was stopped, where its rows show why.
    """

    kind: ClassVar[str] = "cycling_ended"
    job_order_id: str
    work_request_id: str
    product_id: str
    operation: str
    protocol_id: str
    protocol_version: int
    channel: str
    protocol_matches: bool
    protocol_is_known: bool = True
    protocol_findings: tuple[str, ...] = ()
    cycles: tuple[CycleFigures, ...]
    row_count: int
    stop_latency: StopLatency | None = None
    area_cm2: float | None = None
    step_index: tuple[int, ...] = ()
    time_s: tuple[float, ...] = ()
    voltage_v: tuple[float, ...] = ()
    current_ma: tuple[float, ...] = ()
    ended_at: AwareDatetime


class CellGraded(LotEvent):
    """A cell has its grade, with the reasons; a later one counts. person: who had it regraded."""

    kind: ClassVar[str] = "cell_graded"
    work_request_id: str
    product_id: str
    grade: str
    discharge_capacity_mah: float | None
    coulombic_efficiency_ratio: float | None
    reasons: tuple[str, ...]
    grading_version: int | None = None
    person: str | None = None


class CureMeasured(LotEvent):
    """An instrument showed how far a coated face has cured.

    Worst of the newest results of both faces by this method: `conversion_ratio`, and for `tga`
    `residual_liquid_ratio` by mass.
    """

    kind: ClassVar[str] = "cure_measured"
    face: Literal["a", "b"]
    method: Literal["ft_ir", "tga"]
    equipment_id: str
    measured_at: AwareDatetime
    predicted_ratio: float
    conversion_ratio: float
    residual_liquid_ratio: float | None
    person: str


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
    the budget is used up if the air stays as it is. sensors: by which it was decided, as
    `equipment_id/signal`.
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
    sensors: tuple[str, ...] = ()


class MaterialOpened(LotEvent):
    """A person opened the container of a lot: its exposure counts from then on."""

    kind: ClassVar[str] = "material_opened"
    material_definition_id: str
    opened_at: AwareDatetime
    person: str


class NonconformanceRaised(LotEvent):
    """Something is not as it must be; exactly the lots it touches are named."""

    kind: ClassVar[str] = "nonconformance_raised"
    nonconformance_id: str
    equipment_id: str | None
    description: str
    lot_ids: tuple[str, ...]


class ControlChartSignalled(LotEvent):
    """A point of a control chart is no chance; its lot is the newest behind the point.

    Said again with `state` closed when a person has found the cause. `rules` names what it broke,
    `limits` among them. `series` is the equipment, or empty for all of a product.
    """

    kind: ClassVar[str] = "control_chart_signalled"
    signal_id: str
    state: Literal["open", "closed"]
    chart_id: str
    series: str
    number: int
    characteristic: str
    unit: str
    value: float
    centre: float
    low: float
    high: float
    rules: tuple[str, ...]
    action_plan: tuple[str, ...]


class WaiverChanged(LotEvent):
    """A waiver was proposed, came in force or was revoked; `lot_ids` are all it covers.

    person: who signed last.
    """

    kind: ClassVar[str] = "waiver_changed"
    waiver_id: str
    state: Literal["proposed", "in_force", "revoked"]
    gate: str
    characteristic: str
    lot_ids: tuple[str, ...]
    reason: str
    expires_at: AwareDatetime
    person: str


class RecordSigned(LotEvent):
    """A person signed a record of quality, by the SHA-256 of its canonical form.

    authentication: how and when the person was authenticated; None: nobody checked who it was.
    """

    kind: ClassVar[str] = "record_signed"
    record_kind: str
    record_id: str
    record_sha256: str
    purpose: str
    person: str
    printed_name: str
    role: str
    meaning: str
    signed_at: AwareDatetime
    authentication: str | None = None


class NonconformanceChanged(LotEvent):
    """A nonconformance moved on: what was done about it, by whom; `lot_ids` are all it concerns."""

    kind: ClassVar[str] = "nonconformance_changed"
    nonconformance_id: str
    state: Literal["open", "contained", "decided", "closed"]
    lot_ids: tuple[str, ...]
    reason: str
    person: str


class ReworkOrdered(LotEvent):
    """Lots go through `operations` again, in this order, though `gates` hold them meanwhile."""

    kind: ClassVar[str] = "rework_ordered"
    nonconformance_id: str
    rework_route_id: str
    route_version: int
    lot_ids: tuple[str, ...]
    operations: tuple[str, ...]
    gates: tuple[str, ...]


class LotsScrapped(LotEvent):
    """Lots were given up for good by a signed disposition, whatever had raised its nonconformance.

    person: who signed last.
    """

    kind: ClassVar[str] = "lots_scrapped"
    nonconformance_id: str
    lot_ids: tuple[str, ...]
    reason: str
    person: str


class SampleExtended(LotEvent):
    """After a failure `count` more like the one of `job_order_id` must pass; its lot waits."""

    kind: ClassVar[str] = "sample_extended"
    work_request_id: str
    job_order_id: str
    gate: str
    count: int
