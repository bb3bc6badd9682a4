"""What quality is told to judge: test specifications and exposure budgets, both versioned."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.quality.gas import GasName
from shared.units import UNITS, display_unit

Status = Literal["released", "suspect"]
Decides = Literal["lot", "parts", "sample", "pellet_lot"]
Siblings = Literal["pellet_lot", "zone"]
POSITION_ZONE = "position_zone"  # words: run and zone of it in which a pellet stood last
# A state whose name ends in _oxygen is counted in ppm h of oxygen, each other one of water.
OpenState = Literal[
    "powder",
    "pellet",
    "bare_sodium",
    "coated",
    "powder_oxygen",
    "pellet_oxygen",
    "bare_sodium_oxygen",
    "coated_oxygen",
]
OPENED = "open"  # the operation by which a person opens the container of a material
Mode = Literal["cell", "blocking"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]

GUARD_FACTOR = 1.65  # one-sided risk of a wrong release of 5 %: ISO 14253-1, ILAC-G8 section 4.2
EXPOSURE_GATE = "exposure"
NONCONFORMANCE_GATE = "nonconformance"  # holds what a nonconformance concerns
OTHERS_GATES = {EXPOSURE_GATE: "exposure_budgets", NONCONFORMANCE_GATE: "nonconformances"}
GRADING = "grading"  # the operation under which the figures of a graded cell are judged
CCD_SURVIVED = "ccd_survived_ma_per_cm2"
GRADE = "grade"
CAPACITY = "discharge_capacity_mah"
EFFICIENCY = "coulombic_efficiency_ratio"


def gas_of(state: str) -> GasName:
    """Return the gas whose dose counts in an open state."""
    return "oxygen" if state.endswith("_oxygen") else "water"


class Input(BaseModel):
    """Base of everything that people send: unknown fields and numbers without value are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _is_none(value: object) -> bool:
    return value is None


def _optional(**limits: Any) -> Any:
    """A field that older versions of master data do not have and that is not written if unset."""
    return Field(default=None, exclude_if=_is_none, **limits)


class Characteristic(Input):
    """One measured quantity with its limits; both limits are good values themselves.

    `unit` is the sign that people see (`µm`) or the suffix of the name (`um`). Without `low` and
    `high` the value only has to be known. A suspect characteristic is recorded and never judged.
    The guard band, `guard_factor` (1.65) times the standard uncertainty of the measurement, lies
    inside both limits. The uncertainty is fixed (`standard_uncertainty`, same unit) or measured
    with the value (`uncertainty_from`, a characteristic). With `protocol_id` and
    `protocol_version` a value measured by any other protocol is unknown.
    """

    characteristic: Name
    unit: str
    low: float | None = None
    high: float | None = None
    source: str = Field(min_length=1)
    status: Status = "released"
    reason: str | None = None
    standard_uncertainty: float | None = _optional(gt=0)
    uncertainty_from: Name | None = _optional()
    guard_factor: float | None = _optional(ge=0, le=10)
    protocol_id: Identifier | None = _optional()
    protocol_version: int | None = _optional(ge=1)

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
        self._check_guard()
        if (self.protocol_id is None) != (self.protocol_version is None):
            raise ValueError(
                f"protocol of {self.characteristic} needs protocol_id and protocol_version"
            )
        return self

    def _check_guard(self) -> None:
        name, fixed = self.characteristic, self.standard_uncertainty
        if fixed is not None and self.uncertainty_from is not None:
            raise ValueError(f"{name} has standard_uncertainty and uncertainty_from; give one")
        if self.guard_factor is not None and fixed is None and self.uncertainty_from is None:
            raise ValueError(f"guard_factor of {name} needs the uncertainty it multiplies")
        carrier = self.uncertainty_from
        if carrier is not None and display_unit(carrier) != self.unit:
            raise ValueError(f"uncertainty_from of {name} is {carrier}; it is not in {self.unit}")
        if fixed is None or self.low is None or self.high is None:
            return
        if self.low + self.guard(fixed) > self.high - self.guard(fixed):
            raise ValueError(
                f"guard band of {name} is {self.guard(fixed):g} {self.unit}: between low "
                f"{self.low:g} and high {self.high:g} no value is left; measure more exactly"
            )

    def guard(self, standard_uncertainty: float) -> float:
        """Return the width of the guard band for a standard uncertainty, in the unit."""
        return (GUARD_FACTOR if self.guard_factor is None else self.guard_factor) * (
            standard_uncertainty
        )

    @property
    def protocol(self) -> str | None:
        """The protocol it must be measured by, None where any will do."""
        return None if self.protocol_id is None else f"{self.protocol_id}@{self.protocol_version}"


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


class SamplingRule(Input):
    """How many parts of a lot are measured and what is accepted.

    `iso_2859_1`: by lot size, `level` and `aql_percent`, with switching; with `stages` double or
    multiple a further sample is drawn only where the ones before say too little. `fixed`:
    `sample_count` and `accept_count`, as for destructive tests. `variables`: ISO 3951, s-method,
    for each characteristic by itself; a lot with `good_ratio` nonconforming is refused with
    probability `producer_risk_ratio`, one with `bad_ratio` accepted with `consumer_risk_ratio`.
    """

    method: Literal["iso_2859_1", "fixed", "variables"]
    level: Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"] | None = _optional()
    aql_percent: float | None = _optional(gt=0, le=10)
    stages: Literal["double", "multiple"] | None = _optional()
    sample_count: int | None = _optional(ge=1, le=10_000)
    accept_count: int | None = _optional(ge=0)
    good_ratio: float | None = _optional(gt=0, lt=0.5)
    bad_ratio: float | None = _optional(gt=0, lt=0.5)
    producer_risk_ratio: float | None = _optional(gt=0, lt=0.5)
    consumer_risk_ratio: float | None = _optional(gt=0, lt=0.5)

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed = _OF_METHOD[self.method]
        given = {name for name, value in self if value is not None} - {"method"}
        if self.method == "iso_2859_1":
            given -= {"stages"}
        if given != needed:
            raise ValueError(
                f"sampling {self.method} has {', '.join(sorted(given)) or 'nothing'}; it needs "
                f"{', '.join(sorted(needed))}"
            )
        if self.method == "fixed" and (self.accept_count or 0) >= (self.sample_count or 0):
            raise ValueError(
                f"accept_count is {self.accept_count}; it must be below sample_count "
                f"{self.sample_count}"
            )
        if self.method == "variables" and (self.good_ratio or 0) >= (self.bad_ratio or 0):
            raise ValueError(
                f"good_ratio is {self.good_ratio}; it must be below bad_ratio {self.bad_ratio}"
            )
        return self


_OF_METHOD: dict[str, set[str]] = {
    "iso_2859_1": {"level", "aql_percent"},
    "fixed": {"sample_count", "accept_count"},
    "variables": {"good_ratio", "bad_ratio", "producer_risk_ratio", "consumer_risk_ratio"},
}


class Extension(Input):
    """A second sample: with at most `failed_count` failed in the first, `count` more must pass."""

    count: int = Field(ge=1, le=100)
    failed_count: int = Field(default=1, ge=1, le=10)


class TestSpecification(Input):
    """The characteristics that one gate looks at when an operation of a product has ended.

    `decides` says over what: the job order's lot, each of its parts, all its parts by a drawn
    `sampling` of them, or the pellet lot that its pellet or witness cell is of. Only for pellet
    lots: `needed_count`, so many must have passed before it is released (by default one, for a
    CCD every witness of the request); `siblings`, whether a witness speaks for its whole pellet
    lot or for its position zone; `zone`, the characteristic that names it where pellets see more
    than one furnace (`sinter_position_zone`; by default the newest run's); `extension`, the second
    sample after a failure.
    `material_definition_ids`: only for lots of these, where one operation makes cells and symmetric
    cells of a product; a lot of which the definition is not known is judged all the same.
    `may_release`: roles of those who may sign a waiver of this gate; empty: the rule of all.
    `release` signed: what the gate finds good stays blocked until a person has signed it.
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
    siblings: Siblings | None = _optional()
    zone: Name | None = _optional()
    extension: Extension | None = _optional()
    sampling: SamplingRule | None = _optional()
    material_definition_ids: tuple[Identifier, ...] | None = _optional(min_length=1)
    may_release: tuple[Name, ...] | None = _optional(min_length=1)
    release: Literal["automatic", "signed"] | None = _optional()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.gate in OTHERS_GATES:
            raise ValueError(f"gate {self.gate} is decided by {OTHERS_GATES[self.gate]}")
        names = [item.characteristic for item in self.characteristics]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"characteristic {twice[0]} stands twice")
        for name in ("needed_count", "siblings", "extension"):
            if getattr(self, name) is not None and self.decides != "pellet_lot":
                raise ValueError(
                    f"{name} is {getattr(self, name)} and decides is {self.decides}; it is for "
                    "pellet_lot"
                )
        if self.zone is not None and self.siblings != "zone":
            raise ValueError(f"zone is {self.zone} and siblings is {self.siblings}; it is for zone")
        if (self.sampling is not None) != (self.decides == "sample"):
            raise ValueError(f"decides is {self.decides}; sampling is given exactly for sample")
        return self

    @property
    def is_signed(self) -> bool:
        """Whether a person signs what this gate releases."""
        return self.release == "signed"

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

    The interval runs from the start of `from_operation`, of the lot or of a lot it was made of, to
    the end of `to_operation`: powder lies open until it is pressed, a pellet until it is sprayed.
    `product_id` is a product, or with `from_operation` open the material definition whose lots are
    opened; what is built of them inherits the time and dose from the opening on.
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

    @property
    def gas(self) -> GasName:
        """The gas whose dose is counted."""
        return gas_of(self.state)

    @property
    def of_cell(self) -> bool:
        """Whether cells are in this state, and not the powder or pellets they are made of."""
        return self.state.startswith(("bare_sodium", "coated"))


def decided_with(budget: ExposureBudget, budgets: Sequence[ExposureBudget]) -> list[ExposureBudget]:
    """Return the released budgets that one lot must keep along with `budget`, itself among them.

    They end at the operations of one lot: those of cells and what was sprayed into them together,
    what ends before with the pellets or the powder alone.
    """
    of_cells = {one.from_operation for one in budgets if one.of_cell}
    of_cells |= {one.to_operation for one in budgets if one.of_cell}
    ends = of_cells if budget.to_operation in of_cells else {budget.to_operation}
    return [one for one in budgets if one.status == "released" and one.to_operation in ends]


def _require_reason(name: str, status: Status, reason: str | None) -> None:
    if status == "suspect" and not reason:
        raise ValueError(f"{name} is suspect; reason must say why")
