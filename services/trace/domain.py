"""What an event says about lots: which it names, what was made of what, and how far from raw."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from shared.envelope import Envelope
from shared.events import GenealogyRecorded
from shared.facts import Material

Direction = Literal["backward", "forward", "both"]
NodeKind = Literal[
    "equipment",
    "fixture",
    "recipe",
    "person",
    "operator",
    "software",
    "sensor",
    "furnace_load",
    "furnace_place",
    "work_request",
]
WORKED_ON = ("processed", "produced")
PERSONS = ("person", "by", "operator", "verified_by")
# Types of events that a person's act leads to; table act and index record_act are made of them.
ACTS = (
    "cell_graded",
    "cure_measured",
    "job_order_paused",
    "job_order_resumed",
    "lots_recalled",
    "lots_scrapped",
    "material_opened",
    "nonconformance_changed",
    "operator_acted",
    "operator_changed",
    "pellet_marked",
    "person_trained",
    "recall_ended",
    "record_signed",
    "shift_handed_over",
    "shift_taken_over",
    "sodium_moved",
    "sodium_scrapped",
    "waiver_changed",
    "work_request_closed_short",
)


class Edge(NamedTuple):
    """A part of one lot that went into another; `quantity` in `unit` of the parent."""

    parent_lot_id: str
    child_lot_id: str
    quantity: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """The lots and job orders that an event names.

    about: those of the lots that it says something of; what was only consumed is none of them.
    """

    lot_ids: frozenset[str]
    job_order_ids: frozenset[str]
    about: frozenset[str]


@dataclass(frozen=True, kw_only=True, order=True)
class Node:
    """What may have to be answered for beside a lot: equipment, a recipe, a person ...

    lot_id: the one lot of the event that it touched, empty for all that the event is about.
    """

    kind: NodeKind
    node_id: str
    lot_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Touch:
    """The nodes that an event names, and from when to when it says so."""

    nodes: tuple[Node, ...]
    from_at: datetime
    to_at: datetime


def canonical(envelope: Envelope) -> str:
    """Return the one text of an envelope, whichever way it arrived."""
    values = envelope.model_dump(mode="json")
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def mentions(data: Mapping[str, Any]) -> Mentions:
    """Return what the data of an event names, also of a type this service does not know."""
    about = {data.get("lot_id"), *_listed(data, "lot_ids"), *_listed(data, "members")}
    for part in ("results", "parts"):
        about |= {item.get("lot_id") for item in _listed(data, part) if isinstance(item, dict)}
    materials = [item for item in _listed(data, "materials") if isinstance(item, dict)]
    about |= {item.get("lot_id") for item in materials if item.get("use") in WORKED_ON}
    lots = about | {item.get("lot_id") for item in materials}
    job_orders = {data.get("job_order_id"), *_listed(data, "job_order_ids")}
    return Mentions(lot_ids=_texts(lots), job_order_ids=_texts(job_orders), about=_texts(about))


def is_act(event_type: str, touch: Touch) -> bool:
    """Say whether a person did what an event tells: not every event of such a type names one."""
    named = any(node.kind == "person" for node in touch.nodes)
    return named and event_type.split(".")[-2] in ACTS


def touch_of(envelope: Envelope) -> Touch:
    """Return what an event says was at work, also of a type this service does not know.

    A job order that is only released has touched nothing yet. A channel stands below its tester,
    a recipe's version, a machine's software and its operator behind an `@`; an operator who left
    stands as nobody. A place in a furnace stands below it, and is of one lot.
    """
    data = envelope.data
    found: set[tuple[NodeKind, object]] = {("work_request", data.get("work_request_id"))}
    equipment_id = data.get("equipment_id")
    if "released_at" not in data:
        found |= {
            ("equipment", equipment_id),
            ("equipment", _joined(equipment_id, "/", data.get("channel"))),
            ("software", _joined(equipment_id, "@", data.get("software_version"))),
            ("fixture", data.get("fixture_id")),
            ("furnace_load", data.get("furnace_load_id")),
            ("recipe", _joined(data.get("recipe_id"), "@", data.get("recipe_version"))),
            ("recipe", _joined(data.get("protocol_id"), "@", data.get("protocol_version"))),
        }
        if "operator" in data and "changed_at" in data and equipment_id:
            found.add(("operator", f"{equipment_id}@{data['operator'] or ''}"))
        found |= {("sensor", sensor) for sensor in _texts(_listed(data, "sensors"))}
        persons = {data.get(name) for name in PERSONS} | set(_texts(_listed(data, "persons")))
        found |= {("person", person) for person in _texts(persons)}
    from_at, to_at = _instant(data.get("started_at")), _instant(data.get("ended_at"))
    nodes = {
        Node(kind=kind, node_id=text) for kind, text in found if isinstance(text, str) and text
    }
    nodes |= _places(data)
    return Touch(
        nodes=tuple(sorted(nodes)),
        from_at=from_at or to_at or envelope.time,
        to_at=to_at or from_at or envelope.time,
    )


def _places(data: Mapping[str, Any]) -> set[Node]:
    equipment_id = data.get("equipment_id")
    stood = [item for item in _listed(data, "places") if isinstance(item, dict)]
    return {
        Node(
            kind="furnace_place",
            node_id=f"{equipment_id}/{item.get('tray')}/{item.get('position')}",
            lot_id=str(item.get("lot_id", "")),
        )
        for item in stood
    }


def _joined(whole: object, mark: str, part: object) -> str | None:
    return f"{whole}{mark}{part}" if whole and part is not None else None


def _instant(value: object) -> datetime | None:
    """Return an instant that an event gives, None where it is none."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _listed(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else []


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str) and value)


def edges_of(event: GenealogyRecorded) -> list[Edge]:
    """Return what went into what in one job order.

    What was consumed went into each produced and processed lot; what was produced also came from
    the processed lots. A parent is shared among its children by their quantities where these have
    one unit, else equally.
    """
    consumed = _summed(event.materials, "consumed")
    processed = _summed(event.materials, "processed")
    produced = _summed(event.materials, "produced")
    edges = _shared(consumed, produced + processed)
    return edges + _shared(processed, produced)


def _summed(materials: Sequence[Material], use: str) -> list[Material]:
    """A lot may be listed many times (a stack has one entry a layer): return each once."""
    totals: dict[tuple[str, str], Material] = {}
    for item in materials:
        if item.use == use:
            key = (item.lot_id, item.unit)
            before = totals[key].quantity if key in totals else 0.0
            totals[key] = item.model_copy(update={"quantity": before + item.quantity})
    return list(totals.values())


def _shared(parents: Sequence[Material], children: Sequence[Material]) -> list[Edge]:
    total = sum(child.quantity for child in children)
    same_unit = len({child.unit for child in children}) == 1 and total > 0
    return [
        Edge(
            parent_lot_id=parent.lot_id,
            child_lot_id=child.lot_id,
            quantity=parent.quantity * (child.quantity / total if same_unit else 1 / len(children)),
            unit=parent.unit,
        )
        for parent in parents
        for child in children
        if parent.lot_id != child.lot_id
    ]


def ranks(lot_ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return for each lot its longest way from a lot without parents, which has rank 0.

    edges: (parent, child). Lots in a circle, which only wrong data can make, stand behind the
    last lot that leads into it.
    """
    children: dict[str, list[str]] = {lot_id: [] for lot_id in lot_ids}
    open_parents = dict.fromkeys(children, 0)
    for parent, child in set(edges):
        children[parent].append(child)
        open_parents[child] += 1
    rank = dict.fromkeys(children, 0)
    done: set[str] = set()
    ready = [lot_id for lot_id in children if open_parents[lot_id] == 0]
    while len(done) < len(children):
        if not ready:
            left = children.keys() - done
            ready = [min(left, key=lambda lot_id: (rank[lot_id], lot_id))]
        here = ready.pop()
        done.add(here)
        below = rank[here] + 1
        for child in children[here]:
            if child in done:
                continue
            if rank[child] < below:  # a call of max takes five times as long
                rank[child] = below
            open_parents[child] -= 1
            if open_parents[child] == 0:
                ready.append(child)
    return rank
