"""Settings of the spray service."""

from pydantic import Field

from shared.settings import ServiceSettings


class SpraySettings(ServiceSettings):
    """Those every service has, and how patiently it looks at a station before a start.

    vacuum_wait_s: wall seconds a chuck may take to hold its parts. living_s: wall seconds after
    which a value that was not renewed says nothing any more. sensor_wait_s: wall seconds a job
    waits for a hygrometer that says nothing before the station counts as down. trace_keep_days:
    plant days after which the samples of a trace within its limits are given up, None: never; its
    verdict, figures and hash stay, and so do all samples of other traces.
    """

    vacuum_wait_s: float = Field(default=10.0, ge=0.0)
    living_s: float = Field(default=10.0, gt=0.0)
    sensor_wait_s: float = Field(default=60.0, ge=0.0)
    trace_keep_days: float | None = Field(default=None, gt=0.0)
