"""Settings of the historian service."""

from pydantic import Field

from shared.settings import ServiceSettings


class HistorianSettings(ServiceSettings):
    """Times in wall seconds: rates and disks do not follow plant time.

    buffer_rows: kept in memory at most while the database is away; then the oldest are dropped.
    """

    commit_every_s: float = Field(default=1.0, gt=0)
    seal_every_s: float = Field(default=60.0, gt=0)
    seal_rows: int = Field(default=50_000, ge=1)
    silent_s: float = Field(default=5.0, gt=0)
    buffer_rows: int = Field(default=200_000, ge=1)
    most_signals: int = Field(default=20_000, ge=1)
