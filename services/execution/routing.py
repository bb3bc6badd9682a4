"""Splits a work request into job orders: which lot, in which order, after what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.execution.domain import Scope, WorkMaster, WorkRequest
from shared.errors import InvalidInputError

_LETTERS: Mapping[Scope, str] = {"cell": "C", "witness": "W", "life": "L"}
_KINDS: Mapping[Scope, str] = {"cell": "cell", "witness": "witness", "life": "life_cell"}
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


def letter_of(scope: Scope) -> str:
    """Return what the number of a cell, witness, life cell or sample begins with."""
    return _LETTERS.get(scope, "S")


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
    job_orders = list(_chain(master, "powder", powder, ()))
    job_orders += _chain(master, "pellets", pellet_lot, _last(job_orders))
    lots = list(_powder_and_pellets(request, master, powder, pellet_lot))
    common = _last(job_orders)
    counts: dict[Scope, int] = {
        "sample": master.sample_count,
        "cell": request.quantity,
        "witness": request.witness_quantity,
        "life": request.life_quantity,
    }
    for scope, count in counts.items():
        ids = _numbered(request.work_request_id, scope, count)
        built = _built(master, scope, ids, common)
        lots += built.lots
        job_orders += built.job_orders
    return Expansion(lots=tuple(lots), job_orders=tuple(job_orders))


def more_of(
    work_request_id: str, master: WorkMaster, scope: Scope, made_count: int, count: int
) -> Expansion:
    """Return the lots and job orders of `count` further samples, witnesses or life cells.

    made_count: of that scope there are by now; they need nothing but what the pellets went
    through already.
    """
    ids = _numbered(work_request_id, scope, made_count + count)[made_count:]
    return _built(master, scope, ids, ())


def _built(
    master: WorkMaster, scope: Scope, ids: Sequence[str], after: tuple[str, ...]
) -> Expansion:
    """Return what is built of the pellets with its steps; a sample has no lot of its own."""
    definition = master.cell_definition_id
    if scope == "witness":
        definition = master.witness_definition_id
    kind = _KINDS.get(scope)
    lots = () if kind is None else tuple(_planned(item, definition, kind) for item in ids)
    steps = [step for item in ids for step in _steps(master, scope, item, after)]
    return Expansion(lots=lots, job_orders=tuple(steps))


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


def _steps(
    master: WorkMaster, scope: Scope, lot_id: str, after: tuple[str, ...]
) -> Iterator[PlannedJobOrder]:
    """Yield the steps of a lot; those of a life cell follow the steps of any cell."""
    if scope != "life":
        yield from _chain(master, scope, lot_id, after)
        return
    built = tuple(_chain(master, "cell", lot_id, after))
    yield from built
    yield from _chain(master, scope, lot_id, _last(built), first=len(built))


def _last(job_orders: Sequence[PlannedJobOrder]) -> tuple[str, ...]:
    return (job_orders[-1].job_order_id,) if job_orders else ()


def _numbered(work_request_id: str, scope: Scope, count: int) -> list[str]:
    return [f"{work_request_id}-{letter_of(scope)}{number:02d}" for number in range(1, count + 1)]


def _planned(lot_id: str, definition: str, kind: str) -> PlannedLot:
    return PlannedLot(
        lot_id=lot_id, material_definition_id=definition, kind=kind, quantity=1, unit="count"
    )
