"""Products and orders: what a work master says, and which moves a job order may make."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import IllegalTransitionError
from shared.facts import MaterialUse
from shared.instants import Instant

Scope = Literal["powder", "pellets", "sample", "cell", "witness", "life"]
GateOf = Literal["lot", "pellet_lot", "parts"]
JobState = Literal[
    "not_allowed_to_start",
    "allowed_to_start",
    "running",
    "interrupted",
    "ended",
    "aborted",
    "cancelled",  # it never started and never will (OPC 10031-4: Cancel)
]
LotState = Literal["planned", "available", "consumed", "scrapped", "released", "cancelled"]
MOVES: frozenset[tuple[JobState, JobState]] = frozenset(
    {
        ("not_allowed_to_start", "allowed_to_start"),
        ("not_allowed_to_start", "cancelled"),
        ("allowed_to_start", "cancelled"),
        ("interrupted", "cancelled"),
        ("allowed_to_start", "running"),
        ("allowed_to_start", "interrupted"),
        ("allowed_to_start", "ended"),
        ("allowed_to_start", "aborted"),
        ("running", "interrupted"),
        ("running", "ended"),
        ("running", "aborted"),
        ("interrupted", "running"),
        ("interrupted", "interrupted"),  # held once more after a person resumed it
        ("interrupted", "ended"),
        ("interrupted", "aborted"),
    }
)
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]


def move(job_order_id: str, before: JobState, after: JobState) -> JobState:
    """Return `after`.

    Raises:
        IllegalTransitionError: the table of moves has no such move.
    """
    if (before, after) not in MOVES:
        raise IllegalTransitionError(f"{job_order_id}: {before} -> {after}", {"state": before})
    return after


class Input(BaseModel):
    """Base of everything that people send: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StockRule(Input):
    """Material taken from stock for one job order: `quantity` for each `per`."""

    material_definition_id: Identifier
    quantity: float = Field(gt=0)
    unit: Identifier
    per: Literal["pellet", "part", "job_order"]


class StackRule(Input):
    """Layers of a stack from bottom to top: `pattern` repeated, then `top`."""

    pattern: tuple[Identifier, ...] = ()
    repeat: int = Field(default=0, ge=0)
    top: tuple[Identifier, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """Material definitions from bottom to top."""
        return self.pattern * self.repeat + self.top


class GateRule(Input):
    """A gate that must have released something before an operation may start."""

    gate: Identifier
    of: GateOf = "lot"


class OperationRule(Input):
    """One operation of a product's route."""

    operation: Identifier
    scope: Scope
    service: Literal["sintering", "spray", "lamination", "formation"]
    station_kind: Identifier
    recipe_id: Identifier
    parameters: dict[str, float | str] = Field(default_factory=dict)
    use: MaterialUse = "processed"
    stock: tuple[StockRule, ...] = ()
    stack: StackRule | None = None
    requires: tuple[GateRule, ...] = ()


class TimeLimitRule(Input):
    """A window between the end of one operation and the start of another of the same lot."""

    name: Identifier
    kind: Literal["min", "max"]
    from_operation: Identifier
    to_operation: Identifier
    limit_s: float = Field(gt=0)
    warn_ratio: float = Field(default=0.8, gt=0, lt=1)
    source: str
    status: Literal["released", "suspect"] = "released"


class WorkMaster(Input):
    """A product and its route, in one version.

    A route of powder operations alone makes powder of `cell_definition_id`: an order's quantity
    counts portions of `powder_g_per_pellet`, and it has no pellets, samples, cells or witnesses.
    Operations of scope `life` follow those of the cell, for cells that are tested to the end of
    their life instead of being delivered.
    """

    product_id: Identifier
    version: int = Field(ge=1)
    description: str
    cell_definition_id: Identifier
    witness_definition_id: Identifier
    pellets_per_cell: int = Field(ge=0)
    spare_ratio: float = Field(ge=0, le=1)
    sample_count: int = Field(ge=0)
    powder_g_per_pellet: float = Field(gt=0)
    operations: tuple[OperationRule, ...]
    time_limits: tuple[TimeLimitRule, ...] = ()
    release_requires: tuple[GateRule, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = {(rule.scope, rule.operation) for rule in self.operations}
        if len(named) != len(self.operations):
            raise ValueError("an operation stands twice in the same scope")
        if self.tests_life and not any(scope == "cell" for scope, _ in named):
            raise ValueError(f"{self.product_id} has operations of scope life and none of a cell")
        least = 0 if self.makes_powder else 1
        for name in ("pellets_per_cell", "sample_count"):
            if (count := getattr(self, name)) < least or (self.makes_powder and count):
                wanted = "0 for a route that makes powder" if self.makes_powder else "at least 1"
                raise ValueError(f"{name} of {self.product_id} is {count}; it must be {wanted}")
        for limit in self.time_limits:
            between = {limit.from_operation, limit.to_operation}
            if not any({(scope, name) for name in between} <= named for scope, _ in named):
                raise ValueError(
                    f"time limit {limit.name}: no scope has both operations "
                    f"{limit.from_operation} and {limit.to_operation}"
                )
        return self

    @property
    def makes_powder(self) -> bool:
        """Whether the route ends with its powder."""
        return all(rule.scope == "powder" for rule in self.operations)

    @property
    def tests_life(self) -> bool:
        """Whether the route says how a cell is tested over its life."""
        return any(rule.scope == "life" for rule in self.operations)

    def rule(self, scope: str, operation: str) -> OperationRule:
        """Return the rule of one operation; it exists, for job orders are made from these."""
        return next(
            rule for rule in self.operations if rule.scope == scope and rule.operation == operation
        )

    def pellet_count(self, request: "WorkRequest") -> int:
        """Return how many pellets to press for an order, with spares."""
        cells = request.quantity + request.life_quantity
        needed = cells * self.pellets_per_cell + request.witness_quantity + self.sample_count
        return needed + max(1, round(needed * self.spare_ratio))


class ReceivedLot(Input):
    """A lot that came into the plant."""

    lot_id: Identifier
    material_definition_id: Identifier
    quantity: float = Field(gt=0)
    unit: Identifier
    supplier: str | None = None


class WorkRequest(Input):
    """An order for cells of one product.

    life_quantity: cells made beside them whose life is tested; none of them is delivered.
    order_number: what the ERP system calls it.
    """

    work_request_id: Identifier
    product_id: Identifier
    quantity: int = Field(ge=1, le=1000)
    witness_quantity: int = Field(default=2, ge=1, le=50)
    life_quantity: int = Field(default=0, ge=0, le=50)
    priority: int = Field(default=50, ge=0, le=100)
    due_at: Instant
    order_number: str | None = Field(default=None, min_length=1, max_length=100)


class WorkSchedule(Input):
    """What to make: received lots and work requests."""

    work_schedule_id: Identifier
    material_lots: tuple[ReceivedLot, ...] = ()
    work_requests: tuple[WorkRequest, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, ids in (
            ("lot", [lot.lot_id for lot in self.material_lots]),
            ("work request", [request.work_request_id for request in self.work_requests]),
        ):
            twice = {item for item in ids if ids.count(item) > 1}
            if twice:
                raise ValueError(f"{name} {sorted(twice)[0]} stands twice")
        return self
