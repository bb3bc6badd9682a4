"""Owns an Arbin cycler over CTI, told and asked in the same words as a Neware tester."""

import asyncio
import contextlib
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TypeVar
from urllib.parse import urlsplit

from services.formation import cti
from services.formation.answers import (
    Channel,
    ChannelPoint,
    ChannelState,
    Counters,
    Device,
    LatestTest,
    Looks,
    StepEnd,
    TestRow,
)
from shared.errors import InvalidInputError, StationFaultError, StationUnreachableError

VENDOR_PORT = 9031
USUAL_CAPACITY_AH = 1.0
ROWS_PER_S = 10  # looks closer together than this are one row
STEP_AND_CYCLE = re.compile(r"\[(\d+)\]\s*(\d+)")
# Arbin's status -> our state, and the word of the step where current can flow.
STATES: dict[str, tuple[ChannelState, str | None]] = {
    "idle": ("finish", None),
    "idle from mcu": ("finish", None),
    "empty": ("finish", None),
    "finished": ("finish", None),
    "go stop": ("stop", None),
    "unsafe": ("protect", None),
    "error": ("protect", None),
    "pause": ("pause", None),
    "charge": ("working", "cc"),
    "discharge": ("working", "dc"),
    "rest": ("working", "rest"),
    "transition": ("working", "rest"),
    "step transfer": ("working", "rest"),
    "start": ("working", "rest"),
    "running": ("working", "rest"),
}
T = TypeVar("T")


class ArbinClient:
    """One cycler; commands go over one line in turn, opened again at the next after a failure.

    CTI downloads nothing: rows are what `inquire` saw since this client began and what it was told
    to `remember`; the cycler's own database is the record. Schedules are made in Arbin's editor and
    started by their name; a test is known by its name, of which `latest_test` makes a number.

    Raises, in every method:
        StationUnreachableError: no connection or no whole answer in time; try again later.
        StationFaultError: refused, or an answer that cannot be right; a person must look.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        username: str = "admin",
        password: str = "000000",
        timeout_s: float = 10.0,
        device_type: int = 0,
        device_id: int = 1,
    ) -> None:
        """Keep what is needed to connect; endpoint: `tcp://host:port`."""
        parts = urlsplit(endpoint)
        if parts.scheme != "tcp" or not parts.hostname:
            raise InvalidInputError(f"endpoint {endpoint!r} is not tcp://host:port")
        self.endpoint = endpoint
        self._host, self._port = parts.hostname, parts.port or VENDOR_PORT
        self._login, self._timeout_s = (username, password), timeout_s
        self._device = (device_type, device_id)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._channel_count = 0
        self._rows: dict[str, list[TestRow]] = {}
        self._tests: dict[str, str] = {}
        self._steps: dict[str, Counters] = {}
        self._first: dict[str, tuple[float, float]] = {}  # counters at the first look at a test

    @property
    def leaves_files(self) -> bool:
        """False: the cycler keeps its tests in a database of its own."""
        return False

    def looks(self, channel: Channel, after: int) -> Looks | None:
        """Return what was seen of the newest test, with the rows behind row `after`."""
        name = self._tests.get(channel.name)
        if not name:
            return None
        rows = tuple(row for row in self._rows[channel.name] if row.row > after)
        return Looks(test_name=name, rows=rows, counters=self._steps.get(channel.name))

    def remember(self, channel: Channel, looks: Looks) -> None:
        """Take up what an earlier client saw of a test; looks that were made meanwhile stay.

        These counted from the first of them on: now they count from where the step began.
        """
        name, before = channel.name, looks.counters
        seen = self._rows.get(name, []) if self._tests.get(name) == looks.test_name else []
        last_row = looks.rows[-1].row if looks.rows else 0
        seen = [row for row in seen if row.row > last_row]
        now, first = self._steps.get(name), self._first.get(name)
        if before is not None and seen and now is not None and first is not None:
            step = (seen[0].cycle, seen[0].step_id)
            begun = before.begun if step == before.step else before.last
            missed = (first[0] - begun[0], first[1] - begun[1])
            seen = [_from(row, missed) if (row.cycle, row.step_id) == step else row for row in seen]
            self._steps[name] = replace(now, begun=begun) if now.step == step else now
        elif before is not None:
            self._steps[name] = before
        self._tests[name] = looks.test_name
        self._rows[name] = [*looks.rows, *seen]

    async def program_ran(self, channel: Channel) -> str | None:
        """Return the schedule that the channel has loaded."""
        info = await self._info(channel)
        return info.schedule or None

    def program_of(self, share: PurePath, job_order_id: str, protocol: str) -> PurePath:
        """Return the name of the schedule that stands for a protocol on the cycler."""
        return PurePath(f"{protocol}.sdx")

    async def close(self) -> None:
        """Close the line; the next command opens it again."""
        async with self._turn:
            self._drop()

    async def devices(self) -> tuple[Device, ...]:
        """Return all channels of the cycler."""
        points = await self.inquire([self._channel(1)])
        others = [self._channel(number) for number in range(2, self._channel_count + 1)]
        points += await self.inquire(others)
        return tuple(Device(channel=p.channel, free=p.state != "working") for p in points)

    async def inquire(self, channels: Sequence[Channel]) -> list[ChannelPoint]:
        """Return the live point of each channel, in the order asked, and keep it as a row."""
        points = []
        for channel in channels:
            points.append(self._point(channel, await self._info(channel)))
        return points

    async def _info(self, channel: Channel) -> cti.ChannelInfo:
        info = await self._ask(
            cti.CHANNEL_INFO, cti.channel_info(channel.channel_id - 1), cti.read_channel
        )
        if info.channel != channel.channel_id - 1:
            raise StationFaultError(
                f"channel info {channel.name}: the answer is of channel {info.channel + 1}"
            )
        return info

    async def start(
        self,
        channel: Channel,
        path: str | PurePath,
        barcode: str,
        backup_dir: str | PurePath,
        *,
        test_name: str = "",
        capacity_mah: float | None = None,
    ) -> None:
        """Assign the schedule named by `path` and start it as a test of that name.

        Machine effect: current flows. `backup_dir` says nothing to an Arbin, which keeps its own
        database. test_name: tells this test from the cell's others; the barcode where it is empty.
        capacity_mah: what the schedule's C rates refer to; 1 Ah where it is not known.
        """
        schedule = PurePath(path).name
        number = channel.channel_id - 1
        capacity_ah = USUAL_CAPACITY_AH if capacity_mah is None else capacity_mah / 1e3
        await self._order(cti.ASSIGN, cti.assign(number, schedule, capacity_ah, barcode), channel)
        started = cti.start(number, test_name or barcode)
        await self._order(cti.START, started, channel)

    async def stop(self, channel: Channel) -> bool:
        """Stop what runs; False when nothing ran. Safe to repeat."""
        [before] = await self.inquire([channel])
        await self._order(cti.STOP, cti.stop(channel.channel_id - 1), channel)
        return before.state == "working"

    async def set_variable(self, channel: Channel, number: int, value: float) -> None:
        """Set variable `number` (1-16) of the schedule that runs."""
        wanted = cti.set_variable(channel.channel_id - 1, number, value)
        await self._order(cti.SET_VARIABLE, wanted, channel)

    async def latest_test(self, channel: Channel) -> LatestTest:
        """Return a number made of the newest test's name (0: none), and the rows seen of it."""
        [point] = await self.inquire([channel])
        name = self._tests.get(channel.name, "")
        return LatestTest(
            channel=channel,
            test_id=zlib.crc32(name.encode()) >> 1 if name else 0,
            row_count=len(self._rows.get(channel.name, ())),
            free=point.state != "working",
        )

    async def all_rows(
        self, channel: Channel, *, after: int = 0, test_id: int = 0
    ) -> tuple[TestRow, ...]:
        """Return the rows seen of the newest test behind row `after`."""
        return tuple(row for row in self._rows.get(channel.name, ()) if row.row > after)

    async def step_layer(self, channel: Channel) -> tuple[StepEnd, ...]:
        """Return the steps seen of the newest test, the running one too."""
        groups: list[list[TestRow]] = []
        for row in self._rows.get(channel.name, ()):
            last = groups[-1][-1] if groups else None
            if last is None or (last.cycle, last.step_id) != (row.cycle, row.step_id):
                groups.append([])
            groups[-1].append(row)
        return tuple(_step(number, rows) for number, rows in enumerate(groups, start=1))

    def _channel(self, number: int) -> Channel:
        return Channel(*self._device, 1, number, self._host)

    def _point(self, channel: Channel, info: cti.ChannelInfo) -> ChannelPoint:
        state, word = STATES.get(info.status, ("unknown", None))
        if info.communication_lost:
            state = "unknown"
        found = STEP_AND_CYCLE.search(info.step_and_cycle)
        cycle, step_id = (int(found.group(1)), int(found.group(2))) if found else (1, 0)
        if self._tests.get(channel.name) != info.test_name:
            self._tests[channel.name] = info.test_name
            self._rows[channel.name] = []
            self._steps.pop(channel.name, None)
        charge, energy = info.charge_ah - info.discharge_ah, info.charge_wh - info.discharge_wh
        begun = self._begun(channel.name, (cycle, step_id), charge, energy)
        working = state == "working"
        point = ChannelPoint(
            channel=channel,
            state=state,
            barcode=info.barcode,
            cycle=cycle,
            step_id=step_id if working else None,
            step_type=word if working else None,
            current_ma=1e3 * info.current_a,
            voltage_v=info.voltage_v,
            capacity_mah=1e3 * abs(charge - begun[0]),
            energy_mwh=1e3 * abs(energy - begun[1]),
            total_time_s=info.test_time_s,
            step_time_s=info.step_time_s,
            log_code=0,
            temperature_degc=info.temperature_degc,
        )
        if working and word is not None:
            self._keep(point, step_id, word)
        return point

    def _begun(
        self, name: str, step: tuple[int, int], charge_ah: float, energy_wh: float
    ) -> tuple[float, float]:
        """Return where the counters stood when the step began, as far as it was seen."""
        now = (charge_ah, energy_wh)
        before = self._steps.get(name)
        if before is None:
            self._first[name] = now
        begun = now if before is None else before.begun if before.step == step else before.last
        self._steps[name] = Counters(step=step, begun=begun, last=now)
        return begun

    def _keep(self, point: ChannelPoint, step_id: int, word: str) -> None:
        """Keep a look as a row; its number comes of the test's time, so a restart keeps it."""
        rows = self._rows[point.channel.name]
        number = 1 + int(ROWS_PER_S * point.total_time_s)
        if rows and number <= rows[-1].row:
            return
        rows.append(
            TestRow(
                row=number,
                step_id=step_id,
                cycle=point.cycle,
                step_type=word,
                step_time_s=point.step_time_s,
                at=datetime.now(UTC),
                voltage_v=point.voltage_v,
                current_ma=point.current_ma,
                capacity_mah=point.capacity_mah,
                energy_mwh=point.energy_mwh,
            )
        )

    async def _order(self, command: int, frame: bytes, channel: Channel) -> None:
        why = await self._ask(command, frame, lambda payload: cti.read_result(payload, command))
        if why is not None:
            raise StationFaultError(f"{self.endpoint} channel {channel.name} refuses: {why}")

    async def _ask(self, command: int, frame: bytes, read: Callable[[bytes], T]) -> T:
        """Send one request and return what `read` makes of its answer; a failure drops the line."""
        async with self._turn:
            answered = False
            try:
                async with asyncio.timeout(self._timeout_s):
                    streams = self._streams or await self._opened()
                    self._streams = streams
                    found = read(cti.opened(await _exchange(streams, frame), command))
                answered = True
                return found
            except TimeoutError as error:
                raise StationUnreachableError(
                    f"{self.endpoint}: no answer in {self._timeout_s:g} s"
                ) from error
            except (OSError, asyncio.IncompleteReadError) as error:
                raise StationUnreachableError(f"{self.endpoint}: {error}") from error
            finally:
                if not answered:
                    self._drop()

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection(self._host, self._port, limit=cti.MAX_FRAME_BYTES)
        self._streams = streams
        answer = await _exchange(streams, cti.login(*self._login))
        self._channel_count = cti.read_login(cti.opened(answer, cti.LOGIN))
        return streams

    def _drop(self) -> None:
        if self._streams is not None:
            with contextlib.suppress(OSError):
                self._streams[1].close()
        self._streams = None


async def _exchange(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], frame: bytes
) -> bytes:
    reader, writer = streams
    writer.write(frame)
    await writer.drain()
    head = await reader.readexactly(cti.BEFORE_COUNT)
    return head + await reader.readexactly(cti.answer_size(head) - cti.BEFORE_COUNT)


def _from(row: TestRow, missed: tuple[float, float]) -> TestRow:
    """Return a row that counts also what went through in its step before: net Ah and Wh."""
    way = {"cc": 1.0, "dc": -1.0}.get(row.step_type, 0.0)
    return replace(
        row,
        capacity_mah=abs(1e3 * missed[0] + way * row.capacity_mah),
        energy_mwh=abs(1e3 * missed[1] + way * row.energy_mwh),
    )


def _step(number: int, rows: Sequence[TestRow]) -> StepEnd:
    first, last = rows[0], rows[-1]
    return StepEnd(
        first_row=first.row,
        last_row=last.row,
        step=number,
        step_id=first.step_id,
        cycle=first.cycle,
        step_type=first.step_type,
        duration_s=last.step_time_s,
        ended_at=last.at,
        start_voltage_v=first.voltage_v,
        end_voltage_v=last.voltage_v,
        start_current_ma=first.current_ma,
        end_current_ma=last.current_ma,
        capacity_mah=last.capacity_mah,
        energy_mwh=last.energy_mwh,
    )
