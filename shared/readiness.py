"""Whether a service is ready and how long its events have waited, told also without a database."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database
from shared.errors import RetryLaterError
from shared.inbox import Inbox
from shared.observability import Metrics
from shared.outbox import Outbox

log = structlog.get_logger()
LOOK_EVERY_S = 10.0
WAIT_LIMIT_S = 30.0  # above it a log line tells that events wait


@dataclass(kw_only=True)
class Readiness:
    """What a service says of itself. While its database is away it says what it knew last.

    Nothing is published then: what waited waits on, and grows older.
    """

    outbox: Outbox
    database: Database
    bus: Bus
    clock: Clock
    data_dir: Path
    inbox: Inbox | None = None
    _waiting_since_s: float | None = None
    _known: dict[str, int] = field(default_factory=dict)
    _told: bool = False

    async def answer(self) -> dict[str, Any]:
        """Return the answer to `GET /readyz`; with `code` and `detail` when it is not ready."""
        reason = await self._look()
        said = {
            "service": self.outbox.service,
            "ready": reason is None,
            "plant_time": self.clock.now().isoformat(),
            "clock_drift_s": round(self.clock.drift_s(), 3),
            "oldest_event_age_s": self._age_s(),
            "last_sequence": 0,
            "read": self.inbox.passed() if self.inbox else {},
            "set_aside_count": 0,
            "disk_free_mb": _free_mb(self.data_dir),
        } | self._known
        return said if reason is None else said | {"code": "RetryLaterError", "detail": reason}

    async def measure(self, metrics: Metrics) -> None:
        """Set the figures that are asked for only when somebody looks.

        Raises:
            RetryLaterError: the database is away.
        """
        metrics.outbox_oldest_s.set(await self.outbox.oldest_waiting_s() or 0)
        metrics.outbox_waiting.set(await self.outbox.waiting_count())
        metrics.event_sequence.set(await self.outbox.last_sequence())
        metrics.clock_drift_s.set(self.clock.drift_s())
        size, wal = await self.database.sizes_bytes()
        metrics.database_bytes.set(size)
        metrics.wal_bytes.set(float("nan") if wal is None else wal)
        if self.inbox is not None:
            for source, sequence in self.inbox.passed().items():
                metrics.events_read.labels(source).set(sequence)
            metrics.set_aside.set(await self.inbox.set_aside_count())
        free_mb = _free_mb(self.data_dir)
        metrics.disk_free_bytes.set(float("nan") if free_mb is None else 1e6 * free_mb)

    async def watch(self) -> None:
        """Log for ever when events wait too long, once, and when they are published again."""
        while True:
            reason, age_s = await self._look(), self._age_s() or 0.0
            if (age_s > WAIT_LIMIT_S) != self._told:
                self._told = not self._told
                if self._told:
                    log.warning("events wait", oldest_s=round(age_s, 1), reason=reason)
                else:
                    log.info("events are published again")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> str | None:
        """Ask the database; return why the service is not ready, or None."""
        try:
            await self.database.ping()
            age_s = await self.outbox.oldest_waiting_s()
            self._known = {
                "last_sequence": await self.outbox.last_sequence(),
                "set_aside_count": await self.inbox.set_aside_count() if self.inbox else 0,
            }
        except RetryLaterError as error:
            return str(error)
        self._waiting_since_s = None if age_s is None else _now_s() - age_s
        return None if self.bus.connected else "broker: not connected"

    def _age_s(self) -> float | None:
        return None if self._waiting_since_s is None else _now_s() - self._waiting_since_s


def _free_mb(folder: Path) -> float | None:
    try:
        return shutil.disk_usage(folder).free / 1e6
    except OSError:  # not made yet, or its disk is gone
        return None


def _now_s() -> float:
    return asyncio.get_running_loop().time()
