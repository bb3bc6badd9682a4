"""Settings of the historian service."""

from pydantic import Field

from shared.settings import ServiceSettings


class HistorianSettings(ServiceSettings):
    """Times in wall seconds: rates and disks do not follow plant time.

    seal_test_rows, most_rows_in_file: rows of tests that wait before a file is written, and that
    go into one. A row takes some 170 bytes of memory while its file is written; a container has
    768 MB for that process and the service. keep_telemetry_days, keep_tests_days: plant days a
    sealed file stays; None: for ever.

    buffer_rows: kept in memory at most while the database is away; then the oldest are dropped.
    """

    commit_every_s: float = Field(default=1.0, gt=0)
    seal_every_s: float = Field(default=60.0, gt=0)
    seal_rows: int = Field(default=50_000, ge=1)
    silent_s: float = Field(default=5.0, gt=0)
    buffer_rows: int = Field(default=200_000, ge=1)
    most_signals: int = Field(default=20_000, ge=1)
    seal_tests_every_s: float = Field(default=300.0, gt=0)
    seal_test_rows: int = Field(default=1_500_000, ge=1)
    most_rows_in_file: int = Field(default=1_500_000, ge=1)
    register_every_s: float = Field(default=600.0, gt=0)
    keep_telemetry_days: float | None = Field(default=None, gt=0)
    keep_tests_days: float | None = Field(default=None, gt=0)
