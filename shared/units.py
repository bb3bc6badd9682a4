"""Unit suffixes of names, their OPC UA engineering units, and conversions made at the doors."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.errors import InvalidInputError

# Suffix -> (display, UNECE Recommendation 20 common code as used by OPC 10000-8 EUInformation).
UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ohm_cm2": ("Ω·cm²", ""),
        "s_per_cm": ("S/cm", ""),
        "mg_per_cm2": ("mg/cm²", ""),
        "g_per_cm3": ("g/cm³", "23"),
        "mah_per_cm2": ("mAh/cm²", ""),
        "ma_per_cm2": ("mA/cm²", ""),
        "mah_per_g": ("mAh/g", ""),
        "degc_per_min": ("°C/min", ""),
        "ml_per_min": ("mL/min", "41"),
        "mbar_l_per_s": ("mbar·L/s", ""),
        "mpas": ("mPa·s", "C24"),
        "ppm_h": ("ppm·h", ""),
        "kj_per_mol": ("kJ/mol", ""),
        "degc": ("°C", "CEL"),
        "ratio": ("1", "C62"),
        "count": ("1", "C62"),
        "mwh": ("mWh", ""),
        "mah": ("mAh", ""),
        "mbar": ("mbar", "MBR"),
        "mpa": ("MPa", "MPA"),
        "kpa": ("kPa", "KPA"),
        "ohm": ("Ω", "OHM"),
        "rpm": ("1/min", "RPM"),
        "deg": ("°", "DD"),
        "cm2": ("cm²", "CMK"),
        "ppm": ("ppm", "59"),
        "min": ("min", "MIN"),
        "hz": ("Hz", "HTZ"),
        "kw": ("kW", "KWT"),
        "ma": ("mA", "4K"),
        "mv": ("mV", "2Z"),
        "um": ("µm", "4H"),
        "mm": ("mm", "MMT"),
        "ul": ("µL", "4G"),
        "ml": ("mL", "MLT"),
        "mg": ("mg", "MGM"),
        "kg": ("kg", "KGM"),
        "g": ("g", "GRM"),
        "h": ("h", "HUR"),
        "n": ("N", "NEW"),
        "s": ("s", "SEC"),
        "v": ("V", "VLT"),
        "a": ("A", "AMP"),
    }
)


def unit_suffix(name: str) -> str | None:
    """Return the unit suffix of a parameter name (`needle_voltage_v` -> `v`), or None."""
    parts = name.split("_")
    for start in range(1, len(parts)):
        suffix = "_".join(parts[start:])
        if suffix in UNITS:
            return suffix
    return None


def display_unit(name: str) -> str:
    """Return the unit shown to people for a parameter name; empty where it has none."""
    suffix = unit_suffix(name)
    return UNITS[suffix][0] if suffix else ""


def to_kelvin(temperature_degc: float) -> float:
    """Convert degrees Celsius to kelvin.

    Raises:
        InvalidInputError: below absolute zero.
    """
    if temperature_degc < -273.15:
        raise InvalidInputError(f"temperature {temperature_degc} °C is below -273.15 °C")
    return temperature_degc + 273.15
