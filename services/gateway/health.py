"""How each service is: whether it answers, and the events that wait in it, with their alarms."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway import domain, store
from services.gateway.peers import Peers
from shared.app import Service
from shared.clock import DRIFT_LIMIT_S
from shared.errors import MesError

EVERY_S = 3.0
ANSWER_WITHIN_S = 4.0  # a service needs two seconds to find out that its database hangs


class Readiness(BaseModel):
    """What a service says on `GET /readyz`. oldest_event_age_s: wall seconds.

    read: by source, the sequence up to which the service has read it. clock_drift_s: how far the
    wall clock of its machine has been set away from the passing of time. disk_free_mb: on the disk
    of its data folder.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    ready: bool = False
    oldest_event_age_s: float | None = None
    last_sequence: int = 0
    read: dict[str, int] = Field(default_factory=dict)
    set_aside_count: int = 0
    clock_drift_s: float = 0.0
    disk_free_mb: float | None = None


SILENT = Readiness()


@dataclass(kw_only=True)
class Health:
    """Asks each service for its readiness and keeps the newest answer.

    wait_limit_s: wall seconds that an event may wait for the broker before it is an alarm.
    disk_limit_mb: free space below which a disk is one.
    """

    service: Service
    peers: Peers
    wait_limit_s: float
    disk_limit_mb: float
    said: dict[str, Readiness] = field(default_factory=dict)
    _conditions: dict[str, domain.Alarm | None] = field(default_factory=dict)

    async def run(self) -> None:
        """Ask for ever; raises RetryLaterError while the gateway's database is away."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Ask each service once and raise or end the alarms that follow."""
        names = list(self.peers.urls)
        answers = await asyncio.gather(*map(self._ask, names))
        self.said = {
            name: self._known(name) if said is SILENT else said
            for name, said in zip(names, answers, strict=True)
        }
        name, said = max(self.said.items(), key=lambda item: abs(item[1].clock_drift_s))
        found = domain.clock_alarm(name, said.clock_drift_s, DRIFT_LIMIT_S)
        free_mb = {
            name: said.disk_free_mb
            for name, said in self.said.items()
            if said.disk_free_mb is not None
        }
        if free_mb:
            name = min(free_mb, key=lambda name: free_mb[name])
            found |= domain.disk_alarm(name, free_mb[name], self.disk_limit_mb)
        for name, said in zip(names, answers, strict=True):
            if said is SILENT:  # its alarms stand until it answers again
                continue
            found |= domain.waiting_alarms(
                name, said.oldest_event_age_s, said.set_aside_count, self.wait_limit_s
            )
        await self._tell({key: alarm for key, alarm in found.items() if self._is_news(key, alarm)})

    def shown(self, name: str, *, answers: bool = True) -> dict[str, Any]:
        """Return what the overview says of a service; `answers`: False is worse than it says."""
        said = self.said.get(name, SILENT)
        return {
            "service": name,
            "ready": said.ready and answers,
            "oldest_event_age_s": said.oldest_event_age_s,
            "behind_count": self._behind(said),
            "set_aside_count": said.set_aside_count,
            "late": (said.oldest_event_age_s or 0.0) > self.wait_limit_s,
        }

    def silent(self) -> list[str]:
        """Return the services that are not ready or late: alarms of theirs may be missing."""
        shown = [self.shown(name) for name in self.peers.urls]
        return [item["service"] for item in shown if not item["ready"] or item["late"]]

    def _known(self, name: str) -> Readiness:
        """What a service that gives no answer said last; it falls behind while others go on."""
        return self.said.get(name, SILENT).model_copy(update={"ready": False})

    def _behind(self, said: Readiness) -> int:
        """Events that others have said and this service has not read yet."""
        return sum(
            max(0, self.said[source].last_sequence - sequence)
            for source, sequence in said.read.items()
            if source in self.said
        )

    def _is_news(self, condition: str, alarm: domain.Alarm | None) -> bool:
        return condition not in self._conditions or self._conditions[condition] != alarm

    async def _tell(self, news: Mapping[str, domain.Alarm | None]) -> None:
        if not news:
            return
        now = self.service.clock.now()
        async with self.service.database.begin() as tx:
            for condition, alarm in news.items():
                await store.end_condition(tx, condition, None, now)
                if alarm is not None:
                    await store.raise_alarm(tx, uuid4().hex[:20], alarm, now)
        self._conditions |= news

    async def _ask(self, name: str) -> Readiness:
        try:
            body = await self.peers.look(name, "readyz", timeout_s=ANSWER_WITHIN_S)
            return Readiness.model_validate(body)
        except (MesError, ValidationError):
            return SILENT
