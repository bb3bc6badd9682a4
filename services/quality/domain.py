"""What quality is told to judge: test specifications and exposure budgets, both versioned."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.units import UNITS, display_unit

Status = Literal["released", "suspect"]
Decides = Literal["lot", "parts", "pellet_lot"]
OpenState = Literal["bare_sodium", "coated"]
Mode = Literal["cell", "blocking"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]

EXPOSURE_GATE = "exposure"
GRADING = "grading"  # the operation under which the figures of a graded cell are judged
CCD_SURVIVED = "ccd_survived_ma_per_cm2"


class Input(BaseModel):
    """Base of everything that people send: unknown fields and numbers without value are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Characteristic(Input):
    """One measured quantity with its limits; both limits are good values themselves.

    `unit` is the sign that people see (`µm`) or the suffix of the name (`um`). Without `low` and
    `high` the value only has to be known. A suspect characteristic is recorded and never judged.
    """

    characteristic: Name
    unit: str
    low: float | None = None
    high: float | None = None
    source: str = Field(min_length=1)
    status: Status = "released"
    reason: str | None = None

    @field_validator("unit")
    @classmethod
    def _shown(cls, unit: str) -> str:
        if unit in UNITS:
            return UNITS[unit][0]
        return unit.replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")

    @model_validator(mode="after")
    def _check(self) -> Self:
        expected = display_unit(self.characteristic)
        if self.unit != expected:
            raise ValueError(
                f"unit of {self.characteristic} is '{self.unit}'; its name says '{expected}'"
            )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"low of {self.characteristic} is {self.low} {self.unit}; "
                f"it must not be above high {self.high} {self.unit}"
            )
        _require_reason(self.characteristic, self.status, self.reason)
        return self


class CcdRecipeRule(Input):
    """How a staircase of currents was ordered; without it, it is read off the rows.

    `step_ma_per_cm2` gives the levels their ordered value, which a tester meets within 1 %.
    """

    dwell_s: float = Field(gt=0)
    voltage_limit_v: float = Field(gt=0)
    step_ma_per_cm2: float | None = Field(default=None, gt=0)
    short_floor_v: float = Field(default=0.005, gt=0)
    settle_s: float = Field(default=5.0, ge=0)
    short_samples: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.settle_s > self.dwell_s / 2.0:
            raise ValueError(
                f"settle_s is {self.settle_s} s; it must not be above half of dwell_s "
                f"{self.dwell_s} s"
            )
        if self.short_floor_v >= self.voltage_limit_v:
            raise ValueError(
                f"short_floor_v is {self.short_floor_v} V; it must be below voltage_limit_v "
                f"{self.voltage_limit_v} V"
            )
        return self


class TestSpecification(Input):
    """The characteristics that one gate looks at when an operation of a product has ended.

    `decides` says over what: the job order's lot, each of its parts, or the pellet lot that its
    pellet or witness cell is of. `needed_count` (pellet lots only): so many lots must have passed
    before the pellet lot is released; by default one, for a CCD every witness of the request.
    """

    __test__ = False

    gate: Name
    product_id: Identifier
    operation: Name
    version: int = Field(ge=1)
    characteristics: tuple[Characteristic, ...] = Field(min_length=1)
    decides: Decides
    needed_count: int | None = Field(default=None, ge=1)
    ccd_recipe: CcdRecipeRule | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.gate == EXPOSURE_GATE:
            raise ValueError(f"gate {EXPOSURE_GATE} is decided by exposure_budgets")
        names = [item.characteristic for item in self.characteristics]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"characteristic {twice[0]} stands twice")
        if self.needed_count is not None and self.decides != "pellet_lot":
            raise ValueError(
                f"needed_count is {self.needed_count} and decides is {self.decides}; it is for "
                "pellet_lot"
            )
        return self

    @property
    def judged(self) -> tuple[Characteristic, ...]:
        """The characteristics that act as limits."""
        return tuple(item for item in self.characteristics if item.status == "released")

    @property
    def of_all_witnesses(self) -> bool:
        """Whether every witness of the work request must pass."""
        named = {item.characteristic for item in self.characteristics}
        return self.decides == "pellet_lot" and self.needed_count is None and CCD_SURVIVED in named


class ExposureBudget(Input):
    """How long and in how much moisture a lot may be open in one state.

    The interval runs from the start of `from_operation` to the end of `to_operation` of the lot.
    """

    state: OpenState
    product_id: Identifier
    version: int = Field(default=1, ge=1)
    budget_minutes: float = Field(gt=0)
    budget_dose_ppm_h: float = Field(gt=0)
    warn_ratio: float = Field(default=0.8, gt=0, lt=1)
    from_operation: Name
    to_operation: Name
    room_equipment_id: str = Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")
    source: str = Field(min_length=1)
    status: Status = "released"
    reason: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_reason(f"exposure budget {self.state}", self.status, self.reason)
        return self


def _require_reason(name: str, status: Status, reason: str | None) -> None:
    if status == "suspect" and not reason:
        raise ValueError(f"{name} is suspect; reason must say why")
