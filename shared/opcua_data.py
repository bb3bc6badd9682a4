"""Job orders, materials and parameters between our words and the structures of OPC 10031-4."""

from typing import Any

from asyncua import ua

from shared.facts import Material
from shared.stations import JobContent, ParameterValue
from shared.units import UNITS, display_unit, unit_suffix

USES = {"consumed": "Consumed", "processed": "Processed", "produced": "Produced"}


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


def job_order_structure(content: JobContent) -> Any:
    """Return a job order as the structure of OPC 10031-4; its type definition must be loaded."""
    parameters = [
        ua.ISA95ParameterDataType(  # type: ignore[attr-defined]
            ID=name, Value=_variant(value), EngineeringUnits=_unit_of(name)
        )
        for name, value in content.parameters.items()
    ]
    materials = [
        ua.ISA95MaterialDataType(  # type: ignore[attr-defined]
            MaterialDefinitionID=item.material_definition_id,
            MaterialLotID=item.lot_id,
            MaterialUse=USES[item.use],
            Quantity=f"{item.quantity:.9g}",
            EngineeringUnits=_unit_of(f"quantity_{item.unit}"),
        )
        for item in content.materials
    ]
    return ua.ISA95JobOrderDataType(  # type: ignore[attr-defined]
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
    unit = item.EngineeringUnits.DisplayName.Text if item.EngineeringUnits is not None else ""
    return Material(
        lot_id=item.MaterialLotID,
        material_definition_id=item.MaterialDefinitionID or "",
        quantity=float(item.Quantity or 0),
        unit=unit or "",
        use=uses[item.MaterialUse],
    )
