"""Owns robust statistics of the cells of one lot and one recipe: outliers, and what they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

FEWEST_CELLS = 5
NORMAL_RATIO = 1.4826  # MAD times this is the standard deviation of normal data
OUTLIER_Z = 3.5  # Iglewicz and Hoaglin's limit of the modified z
LEVEL_Z = 3.0


@dataclass(frozen=True, kw_only=True)
class Robust:
    """Median and scaled MAD of `count` values; None: too few, or all alike."""

    count: int
    median: float | None
    deviation: float | None
    reason: str | None = None

    def z(self, value: float) -> float | None:
        """Return how many deviations a value lies from the median."""
        if self.median is None or self.deviation is None:
            return None
        return (value - self.median) / self.deviation


def robust(values: Sequence[float]) -> Robust:
    """Return median and 1.4826 MAD; a single wild cell moves neither."""
    count = len(values)
    if count < FEWEST_CELLS:
        why = f"{count} cells, {FEWEST_CELLS} needed"
        return Robust(count=count, median=None, deviation=None, reason=why)
    middle = median(values)
    deviation = NORMAL_RATIO * median(abs(value - middle) for value in values)
    if not deviation > 0.0:
        why = "more than half of the cells are alike; no deviation"
        return Robust(count=count, median=middle, deviation=None, reason=why)
    return Robust(count=count, median=middle, deviation=deviation)


def outliers(values: Mapping[str, float]) -> dict[str, float]:
    """Return the cells beyond 3.5 deviations of their lot, with their z."""
    shape = robust(list(values.values()))
    found = {cell: shape.z(value) for cell, value in values.items()}
    return {cell: z for cell, z in found.items() if z is not None and abs(z) > OUTLIER_Z}


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of a factor, such as channel 1-3-5: its cells, their median z, if they stand out.

    stands_out: the median of at least two cells is beyond 3 standard errors of a median (1.2533
    over the root of the count). All cells of a channel off together: look at the channel.
    """

    level: str
    count: int
    median_z: float
    stands_out: bool


def levels(values: Mapping[str, float], level_of: Mapping[str, str]) -> list[Level]:
    """Return the levels of one factor, those farthest from their lot first.

    Empty where the lot has no deviation to measure with. A cell without a level is left out.
    """
    shape = robust(list(values.values()))
    grouped: dict[str, list[float]] = {}
    for cell, value in values.items():
        z = shape.z(value)
        if z is not None and cell in level_of:
            grouped.setdefault(level_of[cell], []).append(z)
    found = [
        Level(
            level=level,
            count=len(zs),
            median_z=median(zs),
            stands_out=len(zs) > 1 and abs(median(zs)) > LEVEL_Z * 1.2533 / len(zs) ** 0.5,
        )
        for level, zs in grouped.items()
    ]
    return sorted(found, key=lambda item: (-abs(item.median_z), item.level))
