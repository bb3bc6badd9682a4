"""When the topics of the live link are composed anew: the overview at 5 Hz, cells on their news."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from services.gateway import cellpage
from services.gateway.live import CELL, OVERVIEW, Hub
from services.gateway.overview import Overview
from services.gateway.peers import Peers
from shared.clock import Clock
from shared.errors import MesError

log = structlog.get_logger()
OVERVIEW_EVERY_S = 0.2
HEARTBEAT_S = 1.0
CELL_EVERY_S = 1.0
SETTLED_S = 3.0  # other services take in the same event a little later than the gateway
LOOK_AGAIN_S = 5.0  # while a part is missing, or a tester's curve grows without events
AT_ONCE = 8


@dataclass(kw_only=True)
class _Watched:
    """One cell that someone looks at; times are monotonic wall seconds."""

    interests: frozenset[str]
    due_s: float
    composed_s: float = 0.0
    settles: bool = False


class Pusher:
    """Feeds the hub. A topic that nobody watches costs nothing."""

    def __init__(self, hub: Hub, overview: Overview, peers: Peers, clock: Clock) -> None:
        self._hub, self._overview, self._peers, self._clock = hub, overview, peers, clock
        self._cells: dict[str, _Watched] = {}
        self._news = asyncio.Event()

    def touch(self, lot_ids: frozenset[str]) -> None:
        """Take the lots an event is about: pages of cells that show them are due."""
        now_s = _now_s()
        for watched in self._cells.values():
            if watched.interests & lot_ids:
                watched.due_s = min(watched.due_s, max(now_s, watched.composed_s + CELL_EVERY_S))
                watched.settles = True
                self._news.set()

    def look(self) -> None:
        """Take note that what is watched may have changed."""
        now_s = _now_s()
        wanted = {name[len(CELL) :] for name in self._hub.topics if name.startswith(CELL)}
        for cell_id in self._cells.keys() - wanted:
            del self._cells[cell_id]
        for cell_id in wanted - self._cells.keys():
            self._cells[cell_id] = _Watched(interests=frozenset({cell_id}), due_s=now_s)
        self._news.set()

    async def heartbeats(self) -> None:
        """Say plant time and server time to every client each second, for ever."""
        while True:
            beat = {
                "type": "heartbeat",
                "plant_time": self._clock.now().isoformat(),
                "server_time": datetime.now(UTC).isoformat(),
            }
            self._hub.beat(json.dumps(beat))
            await asyncio.sleep(HEARTBEAT_S)

    async def overviews(self) -> None:
        """Publish the overview for ever when it changed; plant time alone is no change."""
        while True:
            await asyncio.sleep(OVERVIEW_EVERY_S)
            if OVERVIEW in self._hub.topics:
                state = self._overview.compose()
                compared = json.dumps({**state, "plant_time": None})
                self._hub.publish(OVERVIEW, json.dumps(state), compared)

    async def cells(self) -> None:
        """Publish the pages of watched cells for ever when they are due."""
        while True:
            self._news.clear()
            now_s = _now_s()
            due = [item for item in self._cells.items() if item[1].due_s <= now_s]
            due.sort(key=lambda item: item[1].due_s)
            if due:
                await asyncio.gather(*(self._compose(*item) for item in due[:AT_ONCE]))
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._news.wait()

    async def _compose(self, cell_id: str, watched: _Watched) -> None:
        watched.composed_s, watched.due_s = _now_s(), float("inf")
        settles, watched.settles = watched.settles, False
        try:
            page = await cellpage.cell_page(self._peers, cell_id)
        except MesError as error:
            log.info("cell page waits", lot_id=cell_id, error=str(error))
            watched.due_s = min(watched.due_s, _now_s() + LOOK_AGAIN_S)
            return
        watched.interests = cellpage.interests(page) | {cell_id}
        self._hub.publish(CELL + cell_id, json.dumps(page))
        running = any(item["state"] == "running" for item in page["operations"] or ())
        if settles:
            watched.due_s = min(watched.due_s, _now_s() + SETTLED_S)
        elif page["missing"] or running:
            watched.due_s = min(watched.due_s, _now_s() + LOOK_AGAIN_S)

    def _wait_s(self) -> float:
        next_s = min((watched.due_s for watched in self._cells.values()), default=float("inf"))
        return min(60.0, max(0.0, next_s - _now_s()))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
