"""The air of a dry room, or of another room: two dew point sensors and a thermometer, no jobs."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from simulators.machine import Machine, Readings


class Dryroom(Machine):
    """The sensors of the room.

    Faults: `dew_point_high` = degC added to the room's true dew point (parts suffer),
    `sensor_1_offset` = degC shown too much, `sensor_1_lost`, `sensor_2_lost` = no reading.
    """

    kind = "dryroom"
    model = "Dry room monitor DR-2"
    uses = ()
    signals = ("dew_point_1_degc", "dew_point_2_degc", "temperature_degc")
    fault_names: ClassVar[Mapping[str, float]] = {
        "dew_point_high": 20.0,
        "sensor_1_offset": 4.0,
        "sensor_1_lost": 1.0,
        "sensor_2_lost": 1.0,
    }

    def idle_values(self, instant: datetime) -> Readings:
        """Return what the sensors show."""
        faults, dew_degc = self.faults(), self.room.dew_point_degc(instant)
        offset = faults.magnitude("sensor_1_offset", instant) or 0.0
        first = self.noisy("dew 1", instant, dew_degc + offset, 0.15)
        second = self.noisy("dew 2", instant, dew_degc - 0.2, 0.15)
        warm = 22.0 + 0.4 * math.sin(instant.timestamp() / 9000.0)
        return {
            "dew_point_1_degc": None if faults.acts("sensor_1_lost", instant) else first,
            "dew_point_2_degc": None if faults.acts("sensor_2_lost", instant) else second,
            "temperature_degc": self.noisy("air", instant, warm, 0.05),
        }
