"""A job order as a station holds it: what was asked, how far it is, when it will end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulators.machine import Job, Run
from simulators.world import JobRecord


@dataclass
class HeldJob:
    """A job order this station holds."""

    record: JobRecord
    order: Any
    job: Job
    run: Run | None = None

    @property
    def state(self) -> int:
        """The state number of OPC 10031-4."""
        return self.record.state

    @property
    def ends_at(self) -> datetime | None:
        """The plant time at which the run ends by itself."""
        if self.run is None or self.begun_at is None:
            return None
        return self.begun_at + timedelta(seconds=self.run.duration_s)

    @property
    def begun_at(self) -> datetime | None:
        """The plant time at which it would have started without its pauses."""
        started_at = self.record.started_at
        if started_at is None:
            return None
        return started_at + timedelta(seconds=self.record.paused_s)
