"""The page of one cell: asked of five services, whole or with its missing parts named."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.gateway.peers import Peers
from shared.errors import InvalidInputError, MesError, NotFoundError, ServiceUnreachableError

CELL = [
    "cell_id",
    "product_id",
    "work_request_id",
    "kind",
    "operation",
    "state",
    "disposition",
    "grade",
    "discharge_capacity_mah",
    "reason",
    "updated_at",
]
LOT = [
    "lot_id",
    "material_definition_id",
    "quantity",
    "unit",
    "state",
    "work_request_id",
    "location",
    "updated_at",
]
NODE = ["lot_id", "material_definition_id", "rank", "quantity", "unit", "operation", "equipment_id"]
EDGE = ["from", "to", "quantity", "unit"]
OPERATION = ["operation", "job_order_id", "equipment_id", "state", "started_at", "ended_at"]
TIME_LIMIT = ["name", "kind", "from_event", "to_event", "started_at", "limit_at", "state"]
EXPOSURE = ["state", "minutes", "budget_minutes", "dose_ppm_h", "reason"]
GATE = [
    "gate",
    "characteristic",
    "value",
    "unit",
    "low",
    "high",
    "disposition",
    "reason",
    "evaluated_at",
]
FORMATION = ["series_id", "protocol_id", "channel", "state", "stop_reason", "area_cm2", "cycles"]
CCD = {
    "ccd_survived_ma_per_cm2": "survived_ma_per_cm2",
    "ccd_failed_ma_per_cm2": "failed_ma_per_cm2",
    "ccd_charge_mah_per_cm2": "charge_mah_per_cm2",
    "ccd_mode": "mode",
}
CURVE = ["time_s", "voltage_v", "current_ma"]
CURVE_POINTS = 4000  # of lowest and highest each; more than a screen has pixels
CYCLE = [
    "cycle",
    "charge_capacity_mah",
    "discharge_capacity_mah",
    "coulombic_efficiency_ratio",
    "coulombic_efficiency_uncertainty_ratio",
    "energy_efficiency_ratio",
    "mean_charge_voltage_v",
    "mean_discharge_voltage_v",
    "constant_voltage_ratio",
    "retention_ratio",
    "reference_cycle",
    "flag",
]
SPECTRUM = ["frequency_hz", "z_real_ohm", "z_imag_ohm"]
WORSE = ("within", "near", "unknown", "over")
MOST_LOTS = 1000
NO_GENEALOGY: dict[str, Any] = {"nodes": [], "edges": []}


async def cell_page(peers: Peers, cell_id: str) -> dict[str, Any]:
    """Return all that is known of a cell.

    A part that a service could not give is None and named in `missing` with the reason; a part
    that does not exist yet is None or empty.

    Raises:
        NotFoundError: execution knows no such cell.
        ServiceUnreachableError: no service gave any part.
    """
    missing: list[str] = []
    record, genealogy, gates, exposure, ccd, spectrum, formation = await asyncio.gather(
        _part("cell", missing, peers.ask("execution", "cells", cell_id), _record_of, _no_cell),
        _part("genealogy", missing, _genealogy(peers, cell_id), genealogy_of, _no_genealogy),
        _part("gates", missing, peers.ask("quality", "lots", cell_id, "results"), gates_of, list),
        _part("exposure", missing, peers.ask("quality", "lots", cell_id, "exposure"), exposure_of),
        _part("ccd", missing, peers.ask("quality", "lots", cell_id, "figures"), ccd_of),
        _part("spectrum", missing, peers.ask("quality", "lots", cell_id, "spectra"), spectrum_of),
        _part("formation", missing, peers.ask("formation", "lots", cell_id, "run"), formation_of),
    )
    if record is _NO_CELL:
        raise NotFoundError(f"cell {cell_id} does not exist")
    if len(missing) == 7:
        raise ServiceUnreachableError("; ".join(missing))
    if formation is not None:
        formation["curve"] = await _part("curve", missing, _curve(peers, formation), curve_of)
    record = record or {"cell": None, "operations": None, "time_limits": None}
    return record | {
        "genealogy": genealogy,
        "exposure": exposure,
        "gates": gates,
        "ccd": ccd,
        "formation": formation,
        "spectrum": spectrum,
        "missing": missing,
    }


async def lot_page(peers: Peers, lot_id: str) -> dict[str, Any]:
    """Return one lot and what it was made of.

    Raises:
        NotFoundError: execution knows no such lot.
        ServiceUnreachableError: execution does not answer.
    """
    missing: list[str] = []
    found, genealogy = await asyncio.gather(
        peers.ask("execution", "lots", query={"search": lot_id, "limit": MOST_LOTS}),
        _part("genealogy", missing, _genealogy(peers, lot_id), genealogy_of, _no_genealogy),
    )
    for lot in _items(found):
        if lot.get("lot_id") == lot_id:
            return {"lot": _picked(lot, LOT), "genealogy": genealogy, "missing": missing}
    raise NotFoundError(f"lot {lot_id} does not exist")


def interests(page: Mapping[str, Any]) -> frozenset[str]:
    """Return the lots whose news change a cell's page: itself and what it was made of."""
    cell, genealogy = page["cell"] or {}, page["genealogy"] or NO_GENEALOGY
    own = {cell["work_request_id"] + suffix for suffix in ("-PWD", "-PEL")} if cell else set()
    return frozenset(own | {node["lot_id"] for node in genealogy["nodes"]})


def listed(answer: Any, fields: Sequence[str]) -> dict[str, Any]:
    """Return a list answer with exactly the agreed fields in each item."""
    items = [_picked(item, fields) for item in _items(answer)]
    return {"items": items, "total": int(answer.get("total", len(items)))}


def genealogy_of(answer: Any) -> dict[str, Any]:
    """Return lots with their rank and what went into what."""
    return {
        "nodes": [_picked(node, NODE) for node in answer["nodes"]],
        "edges": [_picked(edge, EDGE) for edge in answer["edges"]],
    }


def gates_of(answer: Any) -> list[dict[str, Any]]:
    """Return what each gate decided, newest first; values that no gate judged are left out."""
    return [_picked(item, GATE) for item in _items(answer) if item["disposition"] is not None]


def ccd_of(answer: Any) -> dict[str, Any] | None:
    """Return what the newest staircase of currents showed; None where none was run.

    `failed_ma_per_cm2` is None where the test ended before the cell failed, `survived_ma_per_cm2`
    where no level was survived or none is known; `reason` says which.
    """
    newest = {item.get("characteristic"): item for item in _items(answer)}
    survived = newest.get("ccd_survived_ma_per_cm2")
    if survived is None:
        return None
    told = {name: newest.get(word, {}).get("value") for word, name in CCD.items()}
    return told | {"reason": newest.get("ccd_mode", survived).get("reason")}


def exposure_of(answer: Any) -> dict[str, Any] | None:
    """Return the worst of the newest evaluations, one for each budget; None before the first."""
    newest: dict[Any, Any] = {}
    for item in _items(answer):
        newest.setdefault(item.get("open_state"), item)
    worst = max(newest.values(), key=lambda item: WORSE.index(item["state"]), default=None)
    return None if worst is None else _picked(worst, EXPOSURE)


def spectrum_of(answer: Any) -> dict[str, Any] | None:
    """Return the newest spectrum, which comes first; None before the first."""
    found = _items(answer)
    return _picked(found[0], SPECTRUM) if found else None


def curve_of(answer: Any) -> dict[str, Any]:
    """Return the rows of a test as columns, reduced by lowest and highest, and how many it has."""
    return {"row_count": answer["row_count"], **_picked(answer["columns"], CURVE)}


def formation_of(answer: Any) -> dict[str, Any]:
    """Return the newest test of a cell with its cycles."""
    run = _picked(answer, FORMATION)
    return run | {"cycles": [_picked(cycle, CYCLE) for cycle in run["cycles"] or []]}


def _record_of(answer: Any) -> dict[str, Any]:
    return {
        "cell": _picked(answer["cell"], CELL),
        "operations": [_picked(item, OPERATION) for item in answer["operations"]],
        "time_limits": [_picked(item, TIME_LIMIT) for item in answer["time_limits"]],
    }


_NO_CELL: dict[str, Any] = {}


def _no_cell() -> dict[str, Any]:
    return _NO_CELL


def _no_genealogy() -> dict[str, Any]:
    return NO_GENEALOGY


def _nothing() -> None:
    return None


def _genealogy(peers: Peers, lot_id: str) -> Awaitable[Any]:
    return peers.ask("trace", "lots", lot_id, "genealogy", query={"direction": "backward"})


def _curve(peers: Peers, formation: Mapping[str, Any]) -> Awaitable[Any]:
    query: dict[str, str | int] = {"series_id": formation["series_id"], "points": CURVE_POINTS}
    return peers.ask("historian", "test-curve", query=query)


async def _part(
    name: str,
    missing: list[str],
    asked: Awaitable[Any],
    shape: Callable[[Any], Any],
    absent: Callable[[], Any] = _nothing,
) -> Any:
    """Return one part of a page, `absent()` where there is none, None where it cannot be had."""
    try:
        return shape(await asked)
    except NotFoundError:
        return absent()
    except MesError as error:
        missing.append(f"{name}: {error}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        missing.append(f"{name}: the answer has another shape than agreed: {error!r}")
    return None


def _items(answer: Any) -> list[Any]:
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise InvalidInputError("the answer has no list of items")
    return items


def _picked(record: Any, fields: Sequence[str]) -> dict[str, Any]:
    return {field: record.get(field) for field in fields}
