"""Splits a work request into job orders: which lot, in which order, after what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.execution.domain import Scope, WorkMaster, WorkRequest
from shared.errors import InvalidInputError

BUILT_KINDS = "('cell', 'witness', 'life_cell')"  # kinds of lots that are cells, as SQL has them


@dataclass(frozen=True, kw_only=True)
class PlannedLot:
    """A lot that an order will make; pellets are members of their pellet lot."""

    lot_id: str
    material_definition_id: str
    kind: str
    quantity: float
    unit: str
    member_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedJobOrder:
    """One job order of a request; it may be released when all of `after` have ended."""

    job_order_id: str
    operation: str
    scope: Scope
    position: int
    lot_id: str
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """All lots and job orders of one work request."""

    lots: tuple[PlannedLot, ...]
    job_orders: tuple[PlannedJobOrder, ...]


def powder_lot_id(work_request_id: str) -> str:
    """Return the id of a request's powder lot."""
    return f"{work_request_id}-PWD"


def pellet_lot_id(work_request_id: str) -> str:
    """Return the id of a request's pellet lot."""
    return f"{work_request_id}-PEL"


def expand(request: WorkRequest, master: WorkMaster) -> Expansion:
    """Return the lots and job orders of a request.

    The powder goes through its operations, is pressed to pellets, the pellets go through theirs;
    then samples are measured, and each cell and each witness is built from the same pellets. The
    lot of a sample's job orders is a place holder until a pellet is chosen when they are released.
    A life cell is built as any cell is, and then tested further.

    Raises:
        InvalidInputError: life cells of a product whose route does not say how they are tested.
    """
    if request.life_quantity and not master.tests_life:
        raise InvalidInputError(
            f"life_quantity of {request.work_request_id} is {request.life_quantity}; the route of "
            f"{master.product_id} version {master.version} has no operation of scope life"
        )
    powder = powder_lot_id(request.work_request_id)
    if master.makes_powder:
        grams = request.quantity * master.powder_g_per_pellet
        made = _powder(powder, master.cell_definition_id, grams)
        return Expansion(lots=(made,), job_orders=tuple(_chain(master, "powder", powder, ())))
    pellet_lot = pellet_lot_id(request.work_request_id)
    samples = _numbered(request.work_request_id, "S", master.sample_count)
    cells = _numbered(request.work_request_id, "C", request.quantity)
    witnesses = _numbered(request.work_request_id, "W", request.witness_quantity)
    life_cells = _numbered(request.work_request_id, "L", request.life_quantity)
    job_orders = list(_chain(master, "powder", powder, ()))
    job_orders += _chain(master, "pellets", pellet_lot, _last(job_orders))
    common = _last(job_orders)
    for sample in samples:
        job_orders += _chain(master, "sample", sample, common)
    for cell in cells:
        job_orders += _chain(master, "cell", cell, common)
    for witness in witnesses:
        job_orders += _chain(master, "witness", witness, common)
    for life_cell in life_cells:
        job_orders += _life(master, life_cell, common)
    lots = (
        *_powder_and_pellets(request, master, powder, pellet_lot),
        *(_planned(cell, master.cell_definition_id, "cell") for cell in cells),
        *(_planned(witness, master.witness_definition_id, "witness") for witness in witnesses),
        *(_planned(life_cell, master.cell_definition_id, "life_cell") for life_cell in life_cells),
    )
    return Expansion(lots=lots, job_orders=tuple(job_orders))


def more_of(
    work_request_id: str, master: WorkMaster, scope: Scope, made_count: int, count: int
) -> Expansion:
    """Return the lots and job orders of `count` further samples, witnesses or life cells.

    made_count: of that scope there are by now; they need nothing but what the pellets went
    through already.
    """
    letter = {"witness": "W", "life": "L"}.get(scope, "S")
    ids = _numbered(work_request_id, letter, made_count + count)[made_count:]
    if scope == "life":
        lots = tuple(_planned(item, master.cell_definition_id, "life_cell") for item in ids)
        steps = [step for item in ids for step in _life(master, item, ())]
        return Expansion(lots=lots, job_orders=tuple(steps))
    steps = [step for item in ids for step in _chain(master, scope, item, ())]
    if scope == "witness":
        lots = tuple(_planned(item, master.witness_definition_id, "witness") for item in ids)
        return Expansion(lots=lots, job_orders=tuple(steps))
    return Expansion(lots=(), job_orders=tuple(steps))


def _powder_and_pellets(
    request: WorkRequest, master: WorkMaster, powder: str, pellet_lot: str
) -> Iterator[PlannedLot]:
    count = master.pellet_count(request)
    grams = count * master.powder_g_per_pellet
    yield _powder(powder, "nzzspo_powder", grams)
    yield PlannedLot(
        lot_id=pellet_lot,
        material_definition_id="ose_pellet",
        kind="pellet_lot",
        quantity=count,
        unit="count",
    )
    for number in range(1, count + 1):
        yield PlannedLot(
            lot_id=f"{pellet_lot}-{number:03d}",
            material_definition_id="ose_pellet",
            kind="pellet",
            quantity=1,
            unit="count",
            member_of=pellet_lot,
        )


def _powder(lot_id: str, definition: str, grams: float) -> PlannedLot:
    return PlannedLot(
        lot_id=lot_id,
        material_definition_id=definition,
        kind="powder",
        quantity=grams,
        unit="g",
    )


def _chain(
    master: WorkMaster, scope: Scope, lot_id: str, after: tuple[str, ...], first: int = 0
) -> Iterator[PlannedJobOrder]:
    own = (rule for rule in master.operations if rule.scope == scope)
    for position, rule in enumerate(own, start=first):
        job_order_id = f"{lot_id}-{rule.operation}"
        yield PlannedJobOrder(
            job_order_id=job_order_id,
            operation=rule.operation,
            scope=scope,
            position=position,
            lot_id=lot_id,
            after=after,
        )
        after = (job_order_id,)


def _life(master: WorkMaster, lot_id: str, after: tuple[str, ...]) -> tuple[PlannedJobOrder, ...]:
    """Return the steps of a cell, and after them those that test its life."""
    built = tuple(_chain(master, "cell", lot_id, after))
    tested = _chain(master, "life", lot_id, _last(built), first=len(built))
    return (*built, *tested)


def _last(job_orders: Sequence[PlannedJobOrder]) -> tuple[str, ...]:
    return (job_orders[-1].job_order_id,) if job_orders else ()


def _numbered(work_request_id: str, letter: str, count: int) -> list[str]:
    return [f"{work_request_id}-{letter}{number:02d}" for number in range(1, count + 1)]


def _planned(lot_id: str, definition: str, kind: str) -> PlannedLot:
    return PlannedLot(
        lot_id=lot_id, material_definition_id=definition, kind=kind, quantity=1, unit="count"
    )
