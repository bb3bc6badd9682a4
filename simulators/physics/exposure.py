"""Moisture: the dry room's dew point over plant time, and what the dose does to a part.

Dose is the integral of water above that of the limit dew point (-35 degC, paper L56) in ppm h.
Anchors (paper L77-79, L92): bare sodium is bad after 2 h in room air of 30-45 % RH; sodium under
the cured glue is still clean after 5 h; a glued electrolyte stays clean for half a year.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

LIMIT_DEW_POINT_DEGC = -35.0
USUAL_DEW_POINT_DEGC = -45.0
ROOM_AIR_DEW_POINT_DEGC = 8.5  # 25 degC, 35 % RH
PRESSURE_PA = 101_325.0
BARE_DOSE_PPM_H = 5000.0  # a dose that doubles the resistance of an interface with bare sodium
PROTECTED_SHARE = 0.05  # share of the dose that reaches sodium below cured glue
COATED_SHARE = 0.0005  # share that matters to a glued electrolyte without sodium
EXPOSED_PPM_H = 50.0
WINDOW_S = 6 * 3600.0


def water_ppm(dew_point_degc: float) -> float:
    """Return the water content of air in ppm by volume (Magnus, over ice below 0 degC)."""
    a, b = (22.46, 272.62) if dew_point_degc < 0 else (17.62, 243.12)
    return 611.2 * math.exp(a * dew_point_degc / (b + dew_point_degc)) / PRESSURE_PA * 1e6


def excess_ppm(dew_point_degc: float) -> float:
    """Return the water above what the limit dew point allows, in ppm."""
    return max(0.0, water_ppm(dew_point_degc) - water_ppm(LIMIT_DEW_POINT_DEGC))


def resistance_factor(dose_ppm_h: float) -> float:
    """Return by which factor a dose raises the resistance of an interface with bare sodium."""
    return 1.0 + max(0.0, dose_ppm_h) / BARE_DOSE_PPM_H


@lru_cache(maxsize=512)
def _excursion(seed: int, window: int, per_day: float) -> tuple[float, float, float] | None:
    """Return (start in s within the window, length in s, height in degC), None if it is quiet."""
    rng = np.random.default_rng([seed, window])
    if rng.random() >= per_day * WINDOW_S / 86_400.0:
        return None
    return (
        float(rng.uniform(0.0, WINDOW_S - 3000.0)),
        float(rng.uniform(600.0, 2700.0)),
        float(rng.uniform(13.0, 22.0)),
    )


@lru_cache(maxsize=8)
def _phases(seed: int) -> tuple[float, ...]:
    return tuple(np.random.default_rng([seed, 1]).uniform(0.0, 2 * math.pi, 4).tolist())


class Room:
    """A room, by default dry: its dew point follows from plant time, the seed and faults.

    raised_degc: by how much a fault raises the dew point at a plant time, 0 when none acts.
    excursions_per_day: how often somebody leaves the door open.
    """

    def __init__(
        self,
        seed: int,
        raised_degc: Callable[[datetime], float] = lambda instant: 0.0,
        excursions_per_day: float = 0.05,
        usual_dew_point_degc: float = USUAL_DEW_POINT_DEGC,
    ) -> None:
        self._seed, self._raised_degc = seed, raised_degc
        self._per_day, self._usual_degc = excursions_per_day, usual_dew_point_degc

    def dew_point_degc(self, instant: datetime) -> float:
        """Return the true dew point at a plant time."""
        now_s = instant.astimezone(UTC).timestamp()
        slow, day, quick, week = _phases(self._seed)
        value = self._usual_degc + self._raised_degc(instant)
        value += 1.0 * math.sin(now_s / 11_300.0 + slow) + 1.2 * math.sin(now_s / 13_751.0 + day)
        value += 0.5 * math.sin(now_s / 1_900.0 + quick) + 0.8 * math.sin(now_s / 96_000.0 + week)
        window = int(now_s // WINDOW_S)
        if (excursion := _excursion(self._seed, window, self._per_day)) is not None:
            start_s, length_s, height_degc = excursion
            share = (now_s - window * WINDOW_S - start_s) / length_s
            if 0.0 < share < 1.0:
                value += height_degc * math.sin(math.pi * share) ** 0.5
        return value

    def dose_ppm_h(self, since: datetime, until: datetime) -> float:
        """Return the dose of air above the limit dew point between two plant times, in ppm h."""
        span_s = (until - since).total_seconds()
        if span_s <= 0:
            return 0.0
        steps = int(min(4000, max(8, span_s / 60.0)))
        step_s = span_s / steps
        total = sum(
            excess_ppm(self.dew_point_degc(since + timedelta(seconds=(index + 0.5) * step_s)))
            for index in range(steps)
        )
        return total * step_s / 3600.0
