"""Stack plans: which part lies on which in a cell, and the N/P ratio that follows."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import InvalidInputError
from shared.facts import Material

Role = Literal["sodium", "electrolyte", "cathode", "other"]
Face = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
SODIUM_MAH_PER_G = 1166.0  # process.md section 2, N/P
SODIUM_G_PER_CM3 = 0.968


def _is_none(value: object) -> bool:
    return value is None


class StackPlan(BaseModel):
    """The layers of a product's stack from bottom to top: `pattern` repeated, then `top`.

    `roles` says what each material is. Thickness of the sodium, loading (active material) and
    capacity of the cathode are those of one facing pair; the last two only where there is one.
    `needs_measurements`: no foil or cathode goes in whose own thickness or loading is unknown;
    tolerances and N/P limits act on what was measured. `needs_scan`: nothing starts before each
    part was scanned in the plan's order; without it the parts are taken by position. `face_up`
    says by material which face of a scanned part must be up. `force_band_ratio`: how far the force
    may lie from the ordered one while pressed. `layer_offset_limit_um`: how far off a layer may
    lie. Dimensions are those of one cathode's
    coating.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stack_plan_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    description: str
    product_ids: tuple[str, ...] = Field(min_length=1)
    operation: str = "stack"
    pattern: tuple[str, ...] = ()
    repeat: int = Field(default=0, ge=0, le=1000)
    top: tuple[str, ...] = ()
    roles: dict[str, Role]
    sodium_thickness_um: float = Field(gt=0)
    cathode_loading_mg_per_cm2: float | None = Field(default=None, gt=0)
    cathode_capacity_mah_per_g: float | None = Field(default=None, gt=0)
    needs_measurements: bool = False
    sodium_tolerance_um: float | None = Field(default=None, gt=0)
    loading_tolerance_mg_per_cm2: float | None = Field(default=None, gt=0)
    np_low_ratio: float | None = Field(default=None, gt=0)
    np_high_ratio: float | None = Field(default=None, gt=0)
    cathode_length_mm: float | None = Field(default=None, gt=0)
    cathode_width_mm: float | None = Field(default=None, gt=0)
    cathode_faces_count: Literal[1, 2] | None = None
    rated_capacity_mah: float | None = Field(default=None, gt=0)
    # older versions do not have these, so that they are not written where they say nothing
    needs_scan: bool = Field(default=False, exclude_if=lambda value: not value)
    force_band_ratio: float | None = Field(default=None, gt=0, lt=1, exclude_if=_is_none)
    layer_offset_limit_um: float | None = Field(default=None, gt=0, exclude_if=_is_none)
    face_up: dict[str, Face] = Field(default_factory=dict, exclude_if=lambda value: not value)
    source: str = Field(min_length=3)
    status: Literal["released", "suspect"] = "released"
    reason: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.layers:
            raise ValueError("a stack needs layers: pattern with repeat, or top")
        without = sorted(set(self.layers) - self.roles.keys())
        if without:
            raise ValueError(f"roles: none is given for {without[0]}")
        if self.has_cathode and not (
            self.cathode_loading_mg_per_cm2 and self.cathode_capacity_mah_per_g
        ):
            raise ValueError(
                "a stack with a cathode needs cathode_loading_mg_per_cm2 and "
                "cathode_capacity_mah_per_g"
            )
        unknown = sorted(self.face_up.keys() - set(self.layers))
        if unknown or (self.face_up and not self.needs_scan):
            raise ValueError(
                f"face_up names {unknown[0]}, which is no layer"
                if unknown
                else "face_up needs needs_scan: only who scans a part sees its faces"
            )
        if self.status == "suspect" and not self.reason:
            raise ValueError("a suspect plan needs a reason")
        return self

    @property
    def layers(self) -> tuple[str, ...]:
        """Material definitions from bottom to top."""
        return self.pattern * self.repeat + self.top

    @property
    def has_cathode(self) -> bool:
        """Say whether a layer is a cathode; a symmetric cell has none."""
        return any(self.roles[layer] == "cathode" for layer in self.layers)

    @property
    def np_ratio(self) -> float | None:
        """Capacity of the sodium over that of the cathode; None for a stack without cathode."""
        if self.cathode_loading_mg_per_cm2 is None or self.cathode_capacity_mah_per_g is None:
            return None
        return np_ratio(
            self.sodium_thickness_um,
            self.cathode_loading_mg_per_cm2,
            self.cathode_capacity_mah_per_g,
        )


def sodium_mah_per_cm2(thickness_um: float) -> float:
    """Return the areal capacity of sodium foil: 5.64 mAh/cm² at 50 µm (process.md section 2)."""
    return SODIUM_MAH_PER_G * SODIUM_G_PER_CM3 * thickness_um * 1e-4


def np_ratio(
    sodium_thickness_um: float, loading_mg_per_cm2: float, capacity_mah_per_g: float
) -> float:
    """Return N/P of one foil facing one cathode (process.md section 2).

    Known answers at 50 µm and 15 mg/cm²: 3.09 with 121.8 mAh/g, 4.53 with 83.1 mAh/g.
    """
    return sodium_mah_per_cm2(sodium_thickness_um) / (
        loading_mg_per_cm2 * 1e-3 * capacity_mah_per_g
    )


def check_order(plan: StackPlan, parts: Sequence[Material]) -> None:
    """Compare the consumed parts, from bottom to top, with a stack plan.

    Raises:
        InvalidInputError: a part stands twice, or another material than the plan's lies at a
            position; names the position, what is expected, what is given, and the remedy.
    """
    name = f"stack plan {plan.stack_plan_id} version {plan.version}"
    first_at: dict[str, int] = {}
    for position, part in enumerate(parts, start=1):
        if part.lot_id in first_at:
            raise InvalidInputError(
                f"part {part.lot_id} lies at positions {first_at[part.lot_id]} and {position}; a "
                "part can be used once: give each layer a part of its own"
            )
        first_at[part.lot_id] = position
    for index in range(max(len(plan.layers), len(parts))):
        expected = plan.layers[index] if index < len(plan.layers) else "no part"
        given = parts[index].material_definition_id if index < len(parts) else "no part"
        if given != expected:
            lot = f" (lot {parts[index].lot_id})" if index < len(parts) else ""
            raise InvalidInputError(
                f"{name}, position {index + 1} from the bottom of {len(plan.layers)}: expected "
                f"{expected}, given {given}{lot}; list the parts in the plan's order, or name "
                "the right plan in stack_plan_id"
            )


def choose(
    plans: Mapping[str, StackPlan], product_id: str, operation: str, stack_plan_id: str | None
) -> StackPlan:
    """Return the plan named, or else the only one for a product and operation.

    `plans` holds the newest version of each plan by its id.

    Raises:
        InvalidInputError: no plan, several plans, or one that is suspect or of another product.
    """
    fitting = {
        name: plan
        for name, plan in plans.items()
        if product_id in plan.product_ids
        and (name == stack_plan_id if stack_plan_id is not None else operation == plan.operation)
    }
    if stack_plan_id is not None and not fitting:
        own = sorted(name for name, plan in plans.items() if product_id in plan.product_ids)
        raise InvalidInputError(
            f"stack_plan_id {stack_plan_id} is none of the plans of {product_id}: {own}"
        )
    if len(fitting) != 1:
        raise InvalidInputError(
            f"{operation} of {product_id} has {len(fitting)} stack plans {sorted(fitting)}; name "
            "one in the job order's parameter stack_plan_id, or post one as master data"
        )
    [plan] = fitting.values()
    if plan.status == "suspect":
        raise InvalidInputError(
            f"stack plan {plan.stack_plan_id} version {plan.version} is suspect: {plan.reason}; "
            "post a released version"
        )
    return plan
