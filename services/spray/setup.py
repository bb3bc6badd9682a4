"""What must hold at a station before it sprays: nozzle and calibration."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BlockedError
from shared.instants import Instant


class SpraySetup(BaseModel):
    """Who and what stands at a station, and until when each is good; a change is a new version.

    operator: who answers for it while nobody has taken it over. trained_until: until when this
    plant vouches for its training; a training on record counts before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    station: str = Field(min_length=1)
    version: int = Field(ge=1)
    nozzle_id: str = Field(min_length=1)
    nozzle_due_at: Instant
    calibrated_until: Instant
    operator: str = Field(min_length=1)
    trained_until: Instant | None = None
    source: str = Field(min_length=3)


def check_setup(setup: SpraySetup | None, station: str, end: datetime) -> SpraySetup:
    """Return the setup if it is good until a job's end.

    Raises:
        BlockedError: not known, or something of it ends before; names the instant and the remedy.
    """
    if setup is None:
        raise BlockedError(
            f"{station}: nozzle, calibration and operator are unknown; enter its setup in spray's "
            "master data"
        )
    for what, until, remedy in (
        (f"nozzle {setup.nozzle_id}", setup.nozzle_due_at, "change the nozzle"),
        ("calibration", setup.calibrated_until, "calibrate the station"),
    ):
        if until < end:
            raise BlockedError(
                f"{station}: {what} is valid until {until.isoformat()}, the job would end at "
                f"{end.isoformat()}; {remedy} and enter a new version of the setup"
            )
    return setup
