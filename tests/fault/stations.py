"""The simulated stations without a wire: their jobs survive, calls and answers may be lost."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.errors import StationFaultError, StationUnreachableError
from shared.opcua import INVALID_STATE, NO_ERROR, Access, StationClient
from shared.opcua_data import job_answer, job_at_station, job_order_structure
from shared.settings import StationSettings
from shared.stationoffer import TRACE
from shared.stations import JobAnswer, JobAtStation, JobContent, Sample
from shared.traces import Trace, checked_trace
from simulators import job_structures
from simulators.machine import Machine
from simulators.station import Station
from tests.fault.chance import Chance
from tests.fault.life import Life
from tests.fault.loop import EPOCH

CONNECT_S = 0.2
WATCH_S = 0.5
CALL_S = (0.001, 0.02)
NOTIFY_S = (0.01, 0.3)
GOOD, BAD = "Good", "BadSensorFailure"


class Panel:
    """What a station shows to those who watch it: the place of its OPC UA server."""

    def __init__(self) -> None:
        self.orders: list[Any] = []
        self.samples: dict[str, Sample] = {}
        self.state = ""
        self.watchers: list[MemoryStation] = []

    async def prepare(self, signals: tuple[str, ...], methods: Mapping[str, Any]) -> None:
        """Nothing to build."""

    async def start(self) -> None:
        """No port to open."""

    async def stop(self) -> None:
        """No port to close."""

    async def write_jobs(self, orders: list[Any], responses: list[Any], at: datetime) -> None:
        """Show the jobs."""
        self.orders = orders

    async def write_state(self, state: str, at: datetime) -> None:
        """Show the machine state, and tell those who watch when it is another."""
        if state != self.state:
            self.state = state
            for watcher in self.watchers:
                watcher.notify()

    async def write_signal(self, signal: str, value: float | None, at: datetime) -> None:
        """Show a process value, and tell it to those who watch."""
        sample = Sample(
            signal=signal,
            value=value,
            status=GOOD if value is not None else BAD,
            source_at=at.astimezone(UTC),
        )
        self.samples[signal] = sample
        for watcher in self.watchers:
            watcher.see(sample)


class Floor:
    """All stations of the plant by name; they run on whatever happens to the services."""

    def __init__(self, machines: Mapping[str, Machine], clock: Clock) -> None:
        self.panels = {name: Panel() for name in machines}
        self.stations = {
            name: Station(machine, self.panels[name], clock)  # type: ignore[arg-type]
            for name, machine in machines.items()
        }

    async def start(self) -> None:
        """Switch all stations on."""
        for station in self.stations.values():
            await station.start()

    async def stop(self) -> None:
        """Switch all stations off."""
        for station in self.stations.values():
            await station.stop()


class MemoryStation(StationClient):
    """One life's line to a station; a call may be lost before or after it took effect."""

    def __init__(
        self, settings: StationSettings, access: Access, floor: Floor, life: Life, chance: Chance
    ) -> None:
        super().__init__(settings, access)
        self._station, self._panel = floor.stations[settings.name], floor.panels[settings.name]
        self._life, self._chance, self._up = life, chance, False

    @property
    def connected(self) -> bool:
        """Say whether the station answered at the last look."""
        return self._up

    async def run(self) -> None:
        """Stay connected until the line is lost."""
        await asyncio.sleep(CONNECT_S)
        self._reach("connect")
        self._up = True
        self.connected_at = EPOCH + timedelta(seconds=self._chance.wall_s())
        self._panel.watchers.append(self)
        self.samples.update(self._panel.samples)
        self.changed.set()
        try:
            while True:
                await asyncio.sleep(WATCH_S)
                self._reach("read the state")
        finally:
            self._up, self.connected_at = False, None
            self._panel.watchers.remove(self)
            self.samples.clear()
            self.changed.set()

    async def jobs(self) -> dict[str, JobAtStation]:
        """Return every job order the station holds."""
        await self._call("JobOrderList")
        held = [job_at_station(entry) for entry in self._panel.orders]
        self._lose_answer("JobOrderList")
        return {job.content.job_order_id: job for job in held}

    async def read(self, signals: Sequence[str]) -> dict[str, Sample]:
        """Return what the panel shows of some signals."""
        await self._call("ProcessValues")
        shown = self._panel.samples
        return {signal: shown[signal] for signal in signals if signal in shown}

    async def answer(self, job_order_id: str) -> JobAnswer | None:
        """Return the response of a finished job order, None while it goes on."""
        await self._call("JobResponse")
        response, status = self._station.answer(job_order_id)
        self._lose_answer("JobResponse")
        if status & INVALID_STATE:
            return None
        if not status & NO_ERROR:
            raise StationFaultError(f"{self.equipment_id}: no response for {job_order_id}")
        return job_answer(response)

    async def trace(self, job_order_id: str, part: int, face: str) -> Trace:
        """Return what the recorder kept of one face."""
        await self._call(TRACE)
        found = await self._station.trace(job_order_id, part, face)
        self._lose_answer(TRACE)
        if isinstance(found, int):
            raise StationFaultError(f"{self.equipment_id}: no trace, status {found}")
        kept = (found.started_at, found.interval_s, found.signals, found.scale, found.offset)
        return checked_trace(*kept, found.counts.astype("<i2").tobytes())

    async def _command(
        self, method: str, job_order_id: str, argument: JobContent | str, accept: int = NO_ERROR
    ) -> None:
        await self._call(method)
        act = {
            "Store": self._station.store,
            "Start": self._station.allow,
            "Abort": self._station.abort,
            "Cancel": self._station.cancel,
            "Clear": self._station.clear,
            "Update": self._station.update,
            "RevokeStart": self._station.revoke,
            "Pause": self._station.pause,
            "Resume": self._station.resume,
            "Stop": self._station.end,
        }[method]
        given: Any = argument
        if isinstance(argument, JobContent):  # over a wire the station has a copy of its own
            sent = job_order_structure(argument)
            given = job_structures.from_bytes(job_structures.to_bytes(sent))
        status = await act(given)
        self._lose_answer(method)
        if not status & accept:
            raise StationFaultError(
                f"{self.equipment_id}: {method} {job_order_id} refused, return status {status}"
            )

    def notify(self) -> None:
        """The machine state is another: wake whoever waits, a little later."""
        delay_s = self._chance.stream("notify").uniform(*NOTIFY_S)
        asyncio.get_running_loop().call_later(delay_s, self.changed.set)

    def see(self, sample: Sample) -> None:
        """Take a process value."""
        self.samples[sample.signal] = sample
        for call in self.on_samples:
            call([sample])

    async def _call(self, what: str) -> None:
        await asyncio.sleep(self._chance.stream("calls").uniform(*CALL_S))
        self._reach(what)
        if self._chance.strikes("call_lost", self.settings.name):
            raise StationUnreachableError(f"{self.equipment_id}: {what}: no answer")

    def _reach(self, what: str) -> None:
        self._life.check()
        if self._chance.acts("station_away", self.settings.name) is not None:
            self._up = False
            raise StationUnreachableError(f"{self.equipment_id}: {what}: connection lost")

    def _lose_answer(self, what: str) -> None:
        """The call had its effect; its answer may be lost, or the service dies before it comes."""
        if self._chance.strikes("crash_in_call", self._life.name):
            self._life.end()
        if self._chance.strikes("answer_lost", self.settings.name):
            raise StationUnreachableError(f"{self.equipment_id}: {what}: no answer")
