"""Rules of a cell's assembly: what a stack and a seal need."""

from shared.errors import InvalidInputError
from shared.events import JobOrderReleased
from shared.facts import Material

# Parameters of a job order that choose the stack plan and are not told to the laminator.
NOT_SENT = frozenset({"stack_plan_id"})
USES = {"laminator": "produced", "sealer": "processed"}


def cell_of(job_order: JobOrderReleased) -> Material:
    """Return the one cell that a job order stacks or seals.

    Raises:
        InvalidInputError: not a kind of this service, not exactly one cell, or no parts to stack.
    """
    use = USES.get(job_order.station_kind)
    if use is None:
        raise InvalidInputError(
            f"{job_order.job_order_id}: lamination drives laminators and sealers, given "
            f"{job_order.station_kind}"
        )
    cells = [item for item in job_order.materials if item.use != "consumed"]
    if len(cells) != 1 or cells[0].use != use:
        given = [f"{item.use} {item.lot_id}" for item in cells]
        raise InvalidInputError(
            f"{job_order.job_order_id}: needs exactly one cell that is {use}, given {given}"
        )
    if use == "produced" and not parts_of(job_order):
        raise InvalidInputError(f"{job_order.job_order_id}: no parts to stack")
    return cells[0]


def parts_of(job_order: JobOrderReleased) -> tuple[Material, ...]:
    """Return the consumed parts, from the bottom of the stack to its top."""
    return tuple(item for item in job_order.materials if item.use == "consumed")


def plan_named(job_order: JobOrderReleased) -> str | None:
    """Return the stack plan that a job order names, or None.

    Raises:
        InvalidInputError: what it names is a number.
    """
    name = job_order.parameters.get("stack_plan_id")
    if isinstance(name, float):
        raise InvalidInputError(
            f"{job_order.job_order_id}: stack_plan_id is {name}, expected the id of a stack plan"
        )
    return name


# What is judged against the order itself, whatever the product: ratio, or difference in degC.
ORDERED = {
    "force_n": "force_deviation_ratio",
    "temperature_degc": "press_temperature_deviation_degc",
    "seal_temperature_degc": "seal_temperature_deviation_degc",
    "seal_pressure_kpa": "seal_pressure_deviation_ratio",
}


def deviation(name: str, ordered: float, found: float) -> float:
    """Return how far a value is from what was ordered: in degC, else as a ratio (0-1)."""
    if name.endswith("_degc") or ordered == 0.0:
        return abs(found - ordered)
    return abs(found - ordered) / abs(ordered)
