"""The glove box: two sensors of water and two of oxygen in ppm, no jobs."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from simulators.machine import Machine, Readings

WATER_PPM, OXYGEN_PPM = 0.08, 0.4


class Glovebox(Machine):
    """The sensors of a box with its own purifier.

    Faults: `purifier_weak` = factor on both contents, `oxygen_1_offset` = ppm shown too much,
    `oxygen_1_lost`, `oxygen_2_lost` = no reading.
    """

    kind = "glovebox"
    model = "Glove box monitor GB-2"
    uses = ()
    signals = ("water_1_ppm", "water_2_ppm", "oxygen_1_ppm", "oxygen_2_ppm")
    fault_names: ClassVar[Mapping[str, float]] = {
        "purifier_weak": 50.0,
        "oxygen_1_offset": 20.0,
        "oxygen_1_lost": 1.0,
        "oxygen_2_lost": 1.0,
    }

    def idle_values(self, instant: datetime) -> Readings:
        """Return what the sensors show."""
        faults = self.faults()
        wave = 1.0 + 0.2 * math.sin(instant.timestamp() / 5400.0)
        factor = (faults.magnitude("purifier_weak", instant) or 1.0) * wave
        water, oxygen = WATER_PPM * factor, OXYGEN_PPM * factor
        offset = faults.magnitude("oxygen_1_offset", instant) or 0.0
        first = max(0.0, self.noisy("oxygen 1", instant, oxygen + offset, 0.01))
        second = max(0.0, self.noisy("oxygen 2", instant, oxygen, 0.01))
        return {
            "water_1_ppm": max(0.0, self.noisy("water 1", instant, water, 0.002)),
            "water_2_ppm": max(0.0, self.noisy("water 2", instant, water, 0.002)),
            "oxygen_1_ppm": None if faults.acts("oxygen_1_lost", instant) else first,
            "oxygen_2_ppm": None if faults.acts("oxygen_2_lost", instant) else second,
        }
