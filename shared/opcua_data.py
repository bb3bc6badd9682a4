"""Job orders, materials and parameters between our words and the structures of OPC 10031-4."""

from collections.abc import Callable
from datetime import UTC
from typing import Any, get_args

from asyncua import ua

from shared.facts import Material
from shared.stations import (
    JobAnswer,
    JobAtStation,
    JobContent,
    ParameterValue,
    StationJobState,
)
from shared.units import UNITS, display_unit, unit_suffix

USES = {"consumed": "Consumed", "processed": "Processed", "produced": "Produced"}
WRONG_SHAPE = (AttributeError, TypeError, ValueError, LookupError)
STATES: dict[int, StationJobState] = dict(enumerate(get_args(StationJobState), start=1))


def _unit_of(name: str) -> Any:
    suffix = unit_suffix(name)
    if suffix is None:
        return None
    text = ua.LocalizedText(display_unit(name))
    return ua.EUInformation(
        NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
        UnitId=_unit_id(UNITS[suffix][1]),
        DisplayName=text,
        Description=text,
    )


def _unit_id(common_code: str) -> int:
    """Return the UnitId of a UNECE common code: its characters as bytes (OPC 10000-8, 5.6.3)."""
    return int.from_bytes(common_code.encode(), "big") if common_code else -1


def _variant(value: ParameterValue) -> ua.Variant:
    first = value[0] if isinstance(value, tuple) and value else value
    kind = ua.VariantType.String if isinstance(first, str) else ua.VariantType.Double
    return ua.Variant(list(value) if isinstance(value, tuple) else value, kind)


def _loaded(name: str, **values: Any) -> Any:
    return getattr(ua, name)(**values)


def job_order_structure(content: JobContent, new: Callable[..., Any] = _loaded) -> Any:
    """Return a job order as the structure of OPC 10031-4.

    new: makes a structure by its name; by default of the types this process has loaded.
    """
    parameters = [
        new(
            "ISA95ParameterDataType",
            ID=name,
            Value=_variant(value),
            EngineeringUnits=_unit_of(name),
        )
        for name, value in content.parameters.items()
    ]
    materials = [
        new(
            "ISA95MaterialDataType",
            MaterialDefinitionID=item.material_definition_id,
            MaterialLotID=item.lot_id,
            MaterialUse=USES[item.use],
            Quantity=f"{item.quantity:.9g}",
            EngineeringUnits=_unit_of(f"quantity_{item.unit}"),
        )
        for item in content.materials
    ]
    return new(
        "ISA95JobOrderDataType",
        JobOrderID=content.job_order_id,
        JobOrderParameters=parameters,
        MaterialRequirements=materials,
    )


def value_of(item: Any) -> ParameterValue:
    """Return the value of an ISA95ParameterDataType.

    Raises:
        TypeError: neither number nor text.
    """
    value = item.Value.Value if isinstance(item.Value, ua.Variant) else item.Value
    if isinstance(value, list):
        if all(isinstance(part, str) for part in value):
            return tuple(value)
        return tuple(_number(item.ID, part) for part in value)
    return value if isinstance(value, str) else _number(item.ID, value)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, expected a number or text")
    return float(value)


def material(item: Any) -> Material:
    """Return a lot from an ISA95MaterialDataType.

    Raises:
        LookupError: a use we do not know.
    """
    uses = {wire: use for use, wire in USES.items()}
    return Material(
        lot_id=item.MaterialLotID,
        material_definition_id=item.MaterialDefinitionID or "",
        quantity=float(item.Quantity or 0),
        unit=_material_unit(item.EngineeringUnits),
        use=uses[item.MaterialUse],
    )


def unit_text(unit: Any) -> str:
    """Return the unit of an EUInformation as we show it; empty for none.

    Its UNECE code decides where it is one of ours: the text beside it is in the machine's language.
    """
    if unit is None:
        return ""
    by_code = {_unit_id(code): shown for shown, code in UNITS.values() if code}
    return by_code.get(int(unit.UnitId)) or unit.DisplayName.Text or ""


def _material_unit(unit: Any) -> str:
    text = unit_text(unit)
    suffixes = [suffix for suffix, (shown, _) in UNITS.items() if shown == text]
    return "count" if "count" in suffixes else next(iter(suffixes), text)


def job_at_station(entry: Any) -> JobAtStation:
    """Return an entry of JobOrderList, an ISA95JobOrderAndStateDataType.

    Content of another shape is told as unreadable: it concerns one job order, not the whole list.

    Raises:
        AttributeError, TypeError, ValueError, LookupError: no id or no state.
    """
    order, state = entry.JobOrder, STATES[int(entry.State[0].StateNumber)]
    if not isinstance(order.JobOrderID, str):
        raise TypeError(f"job order id {order.JobOrderID!r}, expected text")
    try:
        content, units = _content(order)
    except WRONG_SHAPE as error:
        nothing = JobContent(job_order_id=order.JobOrderID, parameters={})
        return JobAtStation(content=nothing, units={}, state=state, unreadable=str(error))
    return JobAtStation(content=content, units=units, state=state)


def _content(order: Any) -> tuple[JobContent, dict[str, str]]:
    parameters = order.JobOrderParameters or []
    names = [item.ID for item in parameters]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"parameter {', '.join(twice)} is there more than once")
    content = JobContent(
        job_order_id=order.JobOrderID,
        parameters={item.ID: value_of(item) for item in parameters},
        materials=tuple(material(item) for item in order.MaterialRequirements or []),
    )
    return content, {item.ID: unit_text(item.EngineeringUnits) for item in parameters}


def job_answer(response: Any) -> JobAnswer | None:
    """Return an ISA95JobResponseDataType, None while its job order has not ended.

    Raises:
        AttributeError, TypeError, ValueError, LookupError: of another shape.
    """
    state = STATES[int(response.JobState[0].StateNumber)]
    if state not in ("ended", "aborted"):
        return None
    return JobAnswer(
        job_order_id=response.JobOrderID,
        state=state,
        started_at=response.StartTime.replace(tzinfo=UTC),
        ended_at=response.EndTime.replace(tzinfo=UTC),
        data={item.ID: value_of(item) for item in response.JobResponseData or []},
    )
