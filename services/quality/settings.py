"""Settings of the quality service: its own below those every service has."""

from pydantic import Field

from shared.settings import ServiceSettings


class QualitySettings(ServiceSettings):
    """What a plant sets for its spectra and its dry room sensors.

    `interface_tau_min_s`: arcs slower than this are interfaces, faster ones electrolyte.
    `sample_every_s`: plant seconds between two kept samples of one sensor. `longest_gap_wall_s`:
    wall seconds beyond that in which a sensor may be silent. `sensor_wait_wall_s`: wall seconds to
    wait for the samples of an interval that has ended.
    """

    interface_tau_min_s: float = Field(default=1e-5, gt=0)
    sample_every_s: float = Field(default=10.0, gt=0)
    longest_gap_wall_s: float = Field(default=5.0, gt=0)
    sensor_wait_wall_s: float = Field(default=6.0, gt=0)
    sample_retention_days: float = Field(default=30.0, gt=0)

    def longest_gap_s(self, speed: float) -> float:
        """Return how many plant seconds may lie between two kept samples of a living sensor.

        Thinning lets a living sensor look silent for as long, so that it is added to the gap.
        """
        return self.sample_every_s + self.longest_gap_wall_s * speed
