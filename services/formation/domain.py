"""Rules of formation: what a test asks of a channel, and which grade a cell gets."""

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.formation.answers import StepEnd
from services.formation.channels import Need
from services.formation.cycles import StepFigures
from services.formation.figures import KINDS
from services.formation.protocol import CellOrder, TestProtocol, highest_current_ma
from shared.errors import InvalidInputError, StationFaultError
from shared.events import JobOrderReleased


class GradeBin(BaseModel):
    """A grade and what a cell must reach for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: str
    capacity_min_ratio: float = Field(gt=0)
    efficiency_min_ratio: float = Field(gt=0, le=1)


class Grading(BaseModel):
    """How cells of a product are graded, in one version; bins from best to worst.

    protocol_id, protocol_version: the recipe that the limits are for; None: any of the product.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: str
    version: int = Field(ge=1)
    nominal_capacity_mah: float = Field(gt=0)
    reference_cycle: int = Field(ge=1)
    bins: tuple[GradeBin, ...] = Field(min_length=1)
    otherwise: str
    source: str
    protocol_id: str | None = None
    protocol_version: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ratios = [item.capacity_min_ratio for item in self.bins]
        if ratios != sorted(ratios, reverse=True):
            raise ValueError("bins must fall in capacity_min_ratio")
        if self.protocol_version is not None and self.protocol_id is None:
            raise ValueError("protocol_version needs protocol_id")
        return self


def grade(
    grading: Grading, capacity_mah: float | None, efficiency_ratio: float | None
) -> tuple[str, tuple[str, ...]]:
    """Return the grade of a cell and the reasons it got no better one.

    A capacity or an efficiency that is not known never reaches a bin.
    """
    reasons: list[str] = []
    for wanted in grading.bins:
        limit_mah = wanted.capacity_min_ratio * grading.nominal_capacity_mah
        missed = []
        if capacity_mah is None or capacity_mah < limit_mah:
            shown = "unknown" if capacity_mah is None else f"{capacity_mah:.4g} mAh"
            missed.append(f"{wanted.grade}: capacity {shown}, limit {limit_mah:.4g} mAh")
        if efficiency_ratio is None or efficiency_ratio < wanted.efficiency_min_ratio:
            shown = "unknown" if efficiency_ratio is None else f"{efficiency_ratio:.4f}"
            missed.append(
                f"{wanted.grade}: efficiency {shown}, limit {wanted.efficiency_min_ratio:.4f}"
            )
        if not missed:
            return wanted.grade, tuple(reasons)
        reasons += missed
    return grading.otherwise, tuple(reasons)


def need_of(protocol: TestProtocol, order: CellOrder) -> Need:
    """Return what a protocol asks of the channel that runs it on one cell.

    Raises:
        InvalidInputError: the order lacks a capacity or an area.
    """
    return Need(
        current_ma=highest_current_ma(protocol, order),
        voltage_v=max(abs(protocol.limits.highest_v), abs(protocol.limits.lowest_v)),
        temperature_degc=protocol.chamber_temperature_degc,
        tolerance_degc=protocol.chamber_tolerance_degc,
    )


def cell_order(job_order: JobOrderReleased) -> CellOrder:
    """Return what a protocol needs to know of the cell, from the job order's parameters."""
    return CellOrder(
        lot_id=job_order.lot_id,
        capacity_mah=_number(job_order, "capacity_mah"),
        area_cm2=_number(job_order, "area_cm2"),
    )


def check(job_order: JobOrderReleased) -> None:
    """Refuse a job order that formation cannot understand.

    Raises:
        InvalidInputError: no lot to work on, or a kind of station that is not ours.
    """
    if job_order.station_kind not in ("rack", "analyser", "tester"):
        raise InvalidInputError(f"{job_order.job_order_id}: no station {job_order.station_kind}")
    if not any(item.use == "processed" for item in job_order.materials):
        raise InvalidInputError(f"{job_order.job_order_id}: no cell or pellet to work on")


def steps_of(layer: Sequence[StepEnd]) -> tuple[StepFigures, ...]:
    """Return a tester's step layer as steps for the cycle figures.

    Raises:
        StationFaultError: the tester ran a kind of step that we never order.
    """
    steps = []
    elapsed_s = 0.0
    for step in layer:
        kind = KINDS.get(step.step_type)
        if kind is None:
            raise StationFaultError(f"step {step.step} is of kind {step.step_type!r}")
        steps.append(
            StepFigures(
                step=step.step,
                cycle=step.cycle,
                kind=kind,
                start_s=elapsed_s,
                end_s=elapsed_s + step.duration_s,
                start_v=step.start_voltage_v,
                end_v=step.end_voltage_v,
                capacity_mah=abs(step.capacity_mah),
                energy_mwh=abs(step.energy_mwh),
                held_mah=None if kind == "cccv_charge" else 0.0,
            )
        )
        elapsed_s += step.duration_s
    return tuple(steps)


def _number(job_order: JobOrderReleased, name: str) -> float | None:
    value = job_order.parameters.get(name)
    return float(value) if isinstance(value, int | float) else None
