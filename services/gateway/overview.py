"""The line overview: kept from events and telemetry, with what execution and health tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.gateway import store
from services.gateway.alarmdesk import shown_alarms
from services.gateway.health import Health
from services.gateway.peers import Peers
from services.gateway.shifts import shift_at
from services.gateway.stationtile import JobAtStation, StationFacts, tile
from services.gateway.values import LiveValues
from shared.app import Service
from shared.errors import MesError

COPY_EVERY_S = 0.5
COPY_AT_LATEST_S = 5.0
EXECUTION_EVERY_S = 2.0
ANSWER_WITHIN_S = 2.0
WANTED_FOR_S = 15.0
MOST_ALARMS = 200
MOST_REQUESTS = 50
ENDED_REQUESTS = 5
WIP = ["operation", "waiting", "running", "held", "ended"]
WORK_REQUEST = [
    *("work_request_id", "product_id", "quantity", "graded", "held", "scrapped", "cancelled"),
    *("state", "closed_at"),
]


@dataclass(kw_only=True)
class _Copy:
    """What the database holds, as last read."""

    stations: dict[str, StationFacts] = field(default_factory=dict)
    jobs: list[JobAtStation] = field(default_factory=list)
    usual_s: dict[str, float] = field(default_factory=dict)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    alarms_left_off: int = 0


class Overview:
    """Keeps everything the overview shows within reach, so that composing it takes no wait."""

    def __init__(self, service: Service, peers: Peers, values: LiveValues, health: Health) -> None:
        self._service, self._peers, self._values = service, peers, values
        self._health = health
        self._plant, self._database = service.plant, service.database
        self._equipment: list[tuple[str, str, str, bool]] = [
            *(
                (item.equipment_id, item.kind, item.service, item.takes_jobs)
                for item in service.plant.station
            ),
            *((item.equipment_id, "tester", "formation", True) for item in service.plant.tester),
        ]
        self._copy = _Copy()
        self._wip: list[dict[str, Any]] = []
        self._work_requests: list[dict[str, Any]] = []
        self._requests_left_off = 0
        self._execution_answers = True
        self._asked_s: float | None = None
        self._asking = asyncio.Lock()
        self._wanted_s: float | None = None

    async def answer(self) -> dict[str, Any]:
        """Return the overview, asking execution when its last answer is older than two seconds."""
        await self._ask_execution()
        return self.compose()

    def compose(self) -> dict[str, Any]:
        """Return the overview from what is known now; whoever calls it keeps execution asked."""
        self._wanted_s = _now_s()
        now = self._service.clock.now()
        return {
            "line": self._plant.line,
            "plant_time": now.isoformat(),
            "speed": self._service.clock.speed,
            "shift": shift_at(self._plant.shift, self._plant.time_zone, now),
            "stations": [self._station(*item) for item in self._equipment],
            "wip": self._wip,
            "work_requests": self._work_requests,
            "work_requests_left_off_count": self._requests_left_off,
            "alarms": self._copy.alarms,
            "alarms_left_off_count": self._copy.alarms_left_off,
            "services": [self._service_health(name) for name in self._peers.urls],
        }

    async def refresh(self) -> None:
        """Read the copy from the database; raises RetryLaterError when it is away."""
        async with self._database.quiet() as tx:
            alarms, left_off = await shown_alarms(tx, self._service.clock.now(), MOST_ALARMS)
            self._copy = _Copy(
                stations=await store.stations(tx),
                jobs=await store.jobs(tx),
                usual_s=dict(await store.usual_durations(tx)),
                alarms=alarms,
                alarms_left_off=left_off,
            )

    async def follow_events(self) -> None:
        """Read the copy anew after commits, for ever, at most twice a wall second."""
        while True:
            committed = asyncio.create_task(self._database.committed.wait(COPY_AT_LATEST_S))
            try:
                await self.refresh()
                await asyncio.sleep(COPY_EVERY_S)
                await committed
            finally:
                committed.cancel()

    async def follow_execution(self) -> None:
        """Ask execution for ever while someone looks at the overview."""
        while True:
            if self._wanted_s is not None and _now_s() - self._wanted_s < WANTED_FOR_S:
                await self._ask_execution()
            await asyncio.sleep(EXECUTION_EVERY_S / 4)

    async def _ask_execution(self) -> None:
        async with self._asking:
            if self._asked_s is not None and _now_s() - self._asked_s < EXECUTION_EVERY_S:
                return
            try:
                wip, requests = await asyncio.gather(
                    self._peers.ask("execution", "wip", timeout_s=ANSWER_WITHIN_S),
                    self._peers.ask(
                        "execution",
                        "work-requests",
                        query={"limit": MOST_REQUESTS},
                        timeout_s=ANSWER_WITHIN_S,
                    ),
                )
                self._wip = [_picked(item, WIP) for item in wip["items"]]
                items = requests["items"]
                self._work_requests = [
                    _picked(item, WORK_REQUEST) for item in requests_shown(items)
                ]
                total = requests.get("total", len(items))
                self._requests_left_off = total - len(self._work_requests)
                self._execution_answers = True
            except (MesError, LookupError, TypeError):
                self._execution_answers = False
            self._asked_s = _now_s()

    def _service_health(self, name: str) -> dict[str, Any]:
        answers = name != "execution" or self._execution_answers
        return self._health.shown(name, answers=answers)

    def _station(
        self, equipment_id: str, kind: str, driver: str, takes_jobs: bool
    ) -> dict[str, Any]:
        copy = self._copy
        _, area, _, name = equipment_id.split("/")
        shown = tile(
            copy.stations.get(equipment_id, StationFacts(equipment_id=equipment_id)),
            [job for job in copy.jobs if job.equipment_id == equipment_id],
            copy.usual_s,
            self._values.shown(equipment_id, _now_s()),
            self._values.sampled_at(equipment_id),
            self._service.clock.now(),
        )
        updated_at = shown["updated_at"]
        return {
            "equipment_id": equipment_id,
            "name": name,
            "area": area,
            "kind": kind,
            "service": driver,
            "takes_jobs": takes_jobs,
            **shown,
            "updated_at": updated_at.isoformat() if updated_at else None,
        }


def requests_shown(requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the work requests of the overview: the open ones, and the last few that ended.

    requests: in the order of their acceptance, which is kept.
    """
    ended = [item for item in requests if item["state"] != "open"]
    left_off = {item["work_request_id"] for item in ended[:-ENDED_REQUESTS]}
    return [item for item in requests if item["work_request_id"] not in left_off]


def _picked(record: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    return {name: record[name] for name in fields}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
