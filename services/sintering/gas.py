"""Judges the gas that a furnace measured in its chamber against the band of its recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from services.sintering.problem import Flags
from services.sintering.profile import Floats, Judgement, Profile
from services.sintering.schedule import Value

AIR = "air"


@dataclass(frozen=True, kw_only=True)
class Gas:
    """What the gas sensors gave, arrays (n_samples,) at the times of the profile; NaN: no number.

    oxygen_ppm, hydrogen_ratio: of the volume.
    """

    oxygen_ppm: tuple[float, ...] = ()
    hydrogen_ratio: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GasBand:
    """What the gas must keep while the furnace is at `gas_from_degc` or hotter.

    Below it the chamber is still purged. None where the recipe does not say.
    """

    gas_from_degc: float | None = None
    highest_oxygen_ppm: float | None = None
    lowest_hydrogen_ratio: float | None = None
    highest_hydrogen_ratio: float | None = None


def gas_band_of(parameters: Mapping[str, Value]) -> GasBand:
    """Return the band of the gas that judged recipe parameters describe."""
    given = {name: parameters.get(name) for name in (item.name for item in fields(GasBand))}
    return GasBand(**{name: x for name, x in given.items() if isinstance(x, float)})


def with_gas(
    judgement: Judgement, profile: Profile, gas: Gas, atmosphere: str, band: GasBand
) -> Judgement:
    """Return a judgement of the heat with that of the gas: it touches each place alike.

    Air is not measured. Any other gas without a band, a sensor or a number is unknown.
    """
    if atmosphere == AIR:
        return judgement
    lacking = [name for name, value in vars(band).items() if value is None]
    unknown = [f"the recipe has no released {name}" for name in lacking]
    count = len(profile.time_s)
    for name, values in vars(gas).items():
        if len(values) != count:
            unknown.append(f"the furnace gave {len(values)} values of {name} for {count} samples")
    deviations: list[str] = []
    if not unknown:
        unknown, deviations = _judged(profile, gas, band)
    return replace(
        judgement,
        deviations=(*judgement.deviations, *deviations),
        unknown=(*judgement.unknown, *unknown),
        everywhere=(*judgement.everywhere, *deviations),
        soak_in_band_s=None if unknown else judgement.soak_in_band_s,
    )


def _judged(profile: Profile, gas: Gas, band: GasBand) -> tuple[list[str], list[str]]:
    """Return what of the gas is unknown, and where it left its band."""
    from_degc = band.gas_from_degc or 0.0
    # Where the thermocouple gave no number nobody knows that it was cold.
    hot = ~(np.array(profile.temperature_degc) < from_degc)
    time_s, unknown, deviations = np.array(profile.time_s), [], []
    limits = {
        "oxygen_ppm": (None, band.highest_oxygen_ppm),
        "hydrogen_ratio": (band.lowest_hydrogen_ratio, band.highest_hydrogen_ratio),
    }
    for name, values in vars(gas).items():
        measured = np.array(values)
        lost = int((hot & ~np.isfinite(measured)).sum())
        if lost:
            unknown.append(
                f"{lost} of {int(hot.sum())} samples at {from_degc:g} °C or hotter have no {name}"
            )
        low, high = limits[name]
        if high is not None and (hot & (measured > high)).any():
            worst = f"{name}: highest {measured[hot & (measured > high)].max():.4g}"
            deviations.append(_told(worst, high, time_s, hot & (measured > high), from_degc))
        if low is not None and (hot & (measured < low)).any():
            worst = f"{name}: lowest {measured[hot & (measured < low)].min():.4g}"
            deviations.append(_told(worst, low, time_s, hot & (measured < low), from_degc))
    return unknown, deviations


def _told(worst: str, limit: float, time_s: Floats, outside: Flags, from_degc: float) -> str:
    first, last = time_s[outside][0], time_s[outside][-1]
    return (
        f"{worst}, limit {limit:g}, at {from_degc:g} °C or hotter, from {first:.0f} s to "
        f"{last:.0f} s, {int(outside.sum())} samples"
    )
