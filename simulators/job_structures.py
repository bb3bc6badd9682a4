"""Job orders and responses between the structures of OPC 10031-4 and the machine's own words."""

from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from shared.units import UNITS, display_unit, unit_suffix
from simulators.machine import Job, Part, RefusedError, Use, Value

NOT_ALLOWED, ALLOWED, RUNNING, INTERRUPTED, ENDED, ABORTED = range(1, 7)
STATE_TEXTS = {
    NOT_ALLOWED: "NotAllowedToStart",
    ALLOWED: "AllowedToStart",
    RUNNING: "Running",
    INTERRUPTED: "Interrupted",
    ENDED: "Ended",
    ABORTED: "Aborted",
}
CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"


def is_order(value: object) -> bool:
    """Whether a method argument is a job order."""
    return isinstance(value, ua.ISA95JobOrderDataType)  # type: ignore[attr-defined]


def to_bytes(order: Any) -> bytes:
    """Return the order as one comparable, storable string of bytes."""
    return struct_to_binary(order)


def from_bytes(content: bytes) -> Any:
    """Return the order that `to_bytes` wrote."""
    return struct_from_binary(ua.ISA95JobOrderDataType, Buffer(content))  # type: ignore[attr-defined]


def read_job(order: Any) -> Job:
    """Return what the order asks for.

    Raises:
        RefusedError: no id, an entry twice, a value of another type or unit, or an unknown use.
    """
    if not order.JobOrderID:
        raise RefusedError("the job order has no id", invalid=True)
    parameters: dict[str, Value] = {}
    for entry in order.JobOrderParameters or []:
        if not entry.ID or entry.ID in parameters:
            raise RefusedError(f"parameter {entry.ID!r} is there twice or has no id", invalid=True)
        parameters[entry.ID] = _read_value(entry)
    parts = tuple(_read_part(entry) for entry in order.MaterialRequirements or [])
    return Job(job_order_id=order.JobOrderID, parameters=parameters, parts=parts)


def _read_value(entry: Any) -> Value:
    variant = entry.Value
    kinds = (ua.VariantType.Double, ua.VariantType.String)
    if not isinstance(variant, ua.Variant) or variant.VariantType not in kinds:
        raise RefusedError(f"{entry.ID} is neither Double nor String", invalid=True)
    unit = entry.EngineeringUnits.DisplayName.Text if entry.EngineeringUnits is not None else None
    if unit and display_unit(entry.ID) and unit != display_unit(entry.ID):
        raise RefusedError(
            f"{entry.ID} is in {unit}, expected {display_unit(entry.ID)}", invalid=True
        )
    kind = float if variant.VariantType == ua.VariantType.Double else str
    items = variant.Value if isinstance(variant.Value, list) else [variant.Value]
    if not all(isinstance(item, kind) for item in items):
        raise RefusedError(f"{entry.ID} holds a null", invalid=True)
    value: Value = list(items) if isinstance(variant.Value, list) else variant.Value
    return value


def _read_part(entry: Any) -> Part:
    if entry.MaterialUse not in get_args(Use):
        raise RefusedError(f"unknown material use {entry.MaterialUse!r}", invalid=True)
    try:
        quantity = float(entry.Quantity) if entry.Quantity else None
    except (TypeError, ValueError) as error:
        raise RefusedError(f"quantity {entry.Quantity!r} is no number", invalid=True) from error
    return Part(
        lot_id=entry.MaterialLotID or "",
        definition_id=entry.MaterialDefinitionID or "",
        use=entry.MaterialUse,
        quantity=quantity,
        unit=(entry.EngineeringUnits.DisplayName.Text or "") if entry.EngineeringUnits else "",
    )


def garbled(order: Any, factor: float) -> Any:
    """Return the order as a machine with a broken memory holds it: its first number is wrong."""
    entries = list(order.JobOrderParameters or [])
    for index, entry in enumerate(entries):
        if isinstance(entry.Value.Value, float):
            wrong = ua.Variant(entry.Value.Value * factor, ua.VariantType.Double)
            entries[index] = replace(entry, Value=wrong)
            break
    return replace(order, JobOrderParameters=entries)


def state_list(state: int) -> list[Any]:
    """Return a job state as the structure of OPC 10031-4."""
    text = ua.LocalizedText(STATE_TEXTS[state])
    return [ua.ISA95StateDataType(StateText=text, StateNumber=state)]  # type: ignore[attr-defined]


def listed(order: Any, state: int) -> Any:
    """Return an entry of JobOrderList."""
    return ua.ISA95JobOrderAndStateDataType(  # type: ignore[attr-defined]
        JobOrder=order, State=state_list(state)
    )


def response(
    job_order_id: str,
    state: int,
    started_at: datetime | None,
    ended_at: datetime | None,
    data: dict[str, Value],
) -> Any:
    """Return a job response; times are plant time."""
    return ua.ISA95JobResponseDataType(  # type: ignore[attr-defined]
        JobResponseID=f"{job_order_id}.response",
        JobOrderID=job_order_id,
        StartTime=started_at,
        EndTime=ended_at,
        JobState=state_list(state),
        JobResponseData=[_entry(name, value) for name, value in data.items()],
    )


def no_response() -> Any:
    """Return the empty response that goes with a status other than 1."""
    return ua.ISA95JobResponseDataType()  # type: ignore[attr-defined]


def _entry(name: str, value: Value) -> Any:
    first = value[0] if isinstance(value, list) and value else value
    kind = ua.VariantType.String if isinstance(first, str) else ua.VariantType.Double
    return ua.ISA95ParameterDataType(  # type: ignore[attr-defined]
        ID=name,
        Value=ua.Variant(value, kind, is_array=isinstance(value, list)),
        EngineeringUnits=_unit(name),
    )


def _unit(name: str) -> Any:
    suffix = unit_suffix(name)
    if suffix is None:
        return None
    shown, code = UNITS[suffix]
    return ua.EUInformation(
        NamespaceUri=CEFACT,
        UnitId=int.from_bytes(code.encode(), "big") if code else -1,
        DisplayName=ua.LocalizedText(shown),
        Description=ua.LocalizedText(shown),
    )
