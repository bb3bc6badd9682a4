"""The fixtures that stacks and seals are made in: jigs and sealing bars with their calibration."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BlockedError
from shared.instants import Instant


class Fixture(BaseModel):
    """What a station holds its cells in, and until when it is calibrated; a change is a version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    station: str = Field(min_length=1)
    version: int = Field(ge=1)
    fixture_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")
    calibrated_until: Instant
    certificate: str = Field(min_length=1)
    source: str = Field(min_length=3)


def check_fixture(fixture: Fixture | None, at: datetime) -> None:
    """Refuse a job in a fixture whose calibration has run out; a station may have none.

    Raises:
        BlockedError: names the fixture, both instants and the remedy.
    """
    if fixture is not None and fixture.calibrated_until <= at:
        raise BlockedError(
            f"{fixture.station}: fixture {fixture.fixture_id} is calibrated until "
            f"{fixture.calibrated_until:%Y-%m-%d %H:%M:%S}, now is {at:%Y-%m-%d %H:%M:%S}; "
            "calibrate or change it, enter a new version of the fixture and resume the job order"
        )


def newest(fixtures: Sequence[Fixture], station: str) -> Fixture | None:
    """Return the newest version of a station's fixture, or None."""
    own = [fixture for fixture in fixtures if fixture.station == station]
    return max(own, key=lambda fixture: fixture.version, default=None)
