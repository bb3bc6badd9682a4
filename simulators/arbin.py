"""An Arbin cycler that speaks CTI on a real TCP port, over the same channels as the BTS server.

A schedule of this cycler is a step file of the other tester under the schedule's name: what Arbin's
own editor would make has no open format. Faults: `silent`, `late_answers` and those of a course.
"""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path

from simulators.channels import Address, Bench, View
from simulators.line import Line

HEADER = 0x11DDDDDDDDDDDDDD
FRAME_LIMIT_BYTES = 4096
ANSWER_BYTES = 128
LOGIN_BYTES, INFO_BYTES = 8678, 1779
SUCCESS, NO_CHANNEL, NO_SCHEDULE, RUNS, REFUSED = 0, 16, 19, 20, 38
UNASSIGNED, NOT_RUNNING, NO_VARIABLE = 21, 17, 18
STATUS = {"cc": 2, "dc": 3, "rest": 4, "cv": 2, "cccv": 2}
IDLE, UNSAFE, FINISHED = 0, 8, 15
AUX_TEMPERATURES = 0x100


class ArbinServer:
    """Serves the channels of one bench, numbered from 0 in the bench's order."""

    def __init__(
        self,
        bench: Bench,
        schedules: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        username: str = "admin",
        password: str = "000000",
        temperature_degc: float = 25.0,
    ) -> None:
        self.bench, self._schedules = bench, schedules
        self._login = (username, password)
        self.temperature_degc = temperature_degc
        self._assigned: dict[Address, tuple[str, str]] = {}
        self.variables: dict[tuple[int, int], float] = {}
        self.capacity_ah: dict[int, float] = {}  # of the cell, as the assignment said
        broken = (struct.error, UnicodeDecodeError)  # as the real server, which then hangs up
        self._line = Line(host, port, self._converse, broken=broken)
        self._acts: dict[int, Callable[[bytes], bytes]] = {
            0xEEAB0003: self._info,
            0xBB210001: self._assign,
            0xBB320004: self._start,
            0xBB310001: self._stop,
            0xBB150001: self._set,
        }

    async def start(self) -> None:
        """Open the port."""
        await self._line.start()

    @property
    def port(self) -> int:
        """The port that is open; 0 before the start."""
        return self._line.port

    async def stop(self) -> None:
        """Close the port and every connection; tests go on in plant time."""
        await self._line.stop()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        welcome = False
        while True:
            head = await reader.readexactly(12)
            header, size = struct.unpack("<QL", head)
            if header != HEADER or not 10 <= size <= FRAME_LIMIT_BYTES:
                return
            frame = head + await reader.readexactly(size)
            [told] = struct.unpack("<H", frame[-2:])
            if told != sum(frame[:-2]) & 0xFFFF:
                return
            if self.bench.acts("silent") is not None:
                continue
            delay_s = self.bench.acts("late_answers")
            if delay_s is not None:
                await asyncio.sleep(delay_s)
            [command] = struct.unpack_from("<L", frame, 12)
            if command == 0xEEAB0001:
                answer, welcome = self._welcome(frame)
            elif not welcome or command not in self._acts:
                return
            else:
                answer = self._acts[command](frame)
            writer.write(answer)
            await writer.drain()

    def _welcome(self, frame: bytes) -> tuple[bytes, bool]:
        name, word = (frame[at : at + 32].rstrip(b"\0").decode() for at in (20, 52))
        knows = (name, word) == self._login
        body = bytearray(LOGIN_BYTES - 22)
        struct.pack_into("<I", body, 0, 1 if knows else 2)
        struct.pack_into("<I", body, 8664 - 20, len(self.bench.addresses))
        return _framed(0xEEBA0001, bytes(body)), knows

    def _address(self, number: int) -> Address | None:
        known = self.bench.addresses
        return known[number] if 0 <= number < len(known) else None

    def _assign(self, frame: bytes) -> bytes:
        [number] = struct.unpack_from("<i", frame, 20)
        schedule, barcode = _words(frame, 25, 400), _words(frame, 429, 144)
        address = self._address(number)
        if address is None:
            return _told(0xBB120001, number, NO_CHANNEL)
        if self.bench.view(address).word == "working":
            return _told(0xBB120001, number, RUNS)
        if not schedule or not (self._schedules / Path(schedule).name).is_file():
            return _told(0xBB120001, number, NO_SCHEDULE)
        self._assigned[address] = (Path(schedule).name, barcode)
        [self.capacity_ah[number]] = struct.unpack_from("<f", frame, 425)
        return _told(0xBB120001, number, SUCCESS)

    def _start(self, frame: bytes) -> bytes:
        name = _words(frame, 20, 144)
        [number] = struct.unpack_from("<H", frame, 168)
        address = self._address(number)
        if address is None:
            return _told(0xBB230004, number, NO_CHANNEL)
        if self.bench.view(address).word == "working":
            return _told(0xBB230004, number, 18)
        if address not in self._assigned:
            return _told(0xBB230004, number, UNASSIGNED)
        schedule, barcode = self._assigned[address]
        records = self._schedules / "records" / Path(name).name
        began = self.bench.start(address, str(self._schedules / schedule), barcode, str(records))
        return _told(0xBB230004, number, SUCCESS if began else REFUSED)

    def _stop(self, frame: bytes) -> bytes:
        [number] = struct.unpack_from("<I", frame, 20)
        address = self._address(number)
        if address is None:
            return _told(0xBB130001, number, NO_CHANNEL)
        self.bench.stop(address)
        return _told(0xBB130001, number, SUCCESS)

    def _set(self, frame: bytes) -> bytes:
        number, _, code = struct.unpack_from("<Iii", frame, 20)
        [value] = struct.unpack_from("<f", frame, 52)
        address = self._address(number)
        if code not in (52, 53, 54, 55, *range(105, 117)):
            return _told(0xBB510001, number, NO_VARIABLE)
        if address is None or self.bench.view(address).word != "working":
            return _told(0xBB510001, number, NOT_RUNNING)
        self.variables[number, code] = value
        return _told(0xBB510001, number, SUCCESS)

    def _info(self, frame: bytes) -> bytes:
        number, _, options = struct.unpack_from("<hhI", frame, 20)
        address = self._address(number)
        view = self.bench.view(address) if address is not None else View(word="finish")
        body = bytearray(INFO_BYTES - 22)
        struct.pack_into("<IIhB", body, 0, 1, number, _status(view), 0)
        if view.test is not None:
            _put(body, 31, Path(view.test.path).name, 400)
            _put(body, 431, Path(view.test.backup_dir).name, 144)
            _put(body, 739, view.test.barcode, 144)
        point = view.course.point(view.elapsed_s) if view.course else None
        if view.test is not None and view.course is not None and point is not None:
            step = f"[{point.cycle}] {point.step.step_id}: Step, {point.step.word}".encode()
            body[675 - 20 : 675 - 20 + len(step)] = step
            up, down = _moved(view)
            struct.pack_into("<dd", body, 1685 - 20, view.elapsed_s, point.step_s)
            current_a = point.current_ma / 1e3 if view.word == "working" else 0.0
            power_w = point.voltage_v * current_a
            values = (point.voltage_v, current_a, power_w, up[0], down[0], up[1], down[1])
            struct.pack_into("<7f", body, 1701 - 20, *values)
        aux = b""
        if options & AUX_TEMPERATURES:
            struct.pack_into("<H", body, 1751 - 20, 1)
            aux = struct.pack("<ff", self.temperature_degc, 0.0)
        return _framed(0xEEBA0003, bytes(body) + aux)


def _status(view: View) -> int:
    point = view.course.point(view.elapsed_s) if view.course else None
    if view.word == "working" and point is not None:
        return STATUS.get(point.step.word, 22)
    if view.test is None:
        return IDLE
    return {"protect": UNSAFE, "stop": IDLE}.get(view.word, FINISHED)


def _moved(view: View) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return charge (Ah) and energy (Wh) that went in, and out, since the test began."""
    up, down = [0.0, 0.0], [0.0, 0.0]
    if view.course is None:
        return (0.0, 0.0), (0.0, 0.0)
    point = view.course.point(view.elapsed_s)
    if point is None:
        return (0.0, 0.0), (0.0, 0.0)
    begun_s = view.elapsed_s - point.step_s
    parts = [
        (block.step.word, float(block.capacity_mah[-1]), float(block.energy_mwh[-1]))
        for block in view.course.blocks
        if block.end_s <= begun_s + 1e-6
    ]
    for word, mah, mwh in [*parts, (point.step.word, point.capacity_mah, point.energy_mwh)]:
        way = down if word == "dc" else up
        way[0] += abs(mah) / 1e3
        way[1] += abs(mwh) / 1e3
    return (up[0], up[1]), (down[0], down[1])


def _words(frame: bytes, place: int, size: int) -> str:
    return frame[place : place + size].decode("utf-16-le").split("\0", 1)[0]


def _put(body: bytearray, place: int, value: str, size: int) -> None:
    content = value.encode("utf-16-le")[: size - 2]
    body[place - 20 : place - 20 + len(content)] = content


def _told(command: int, channel: int, code: int) -> bytes:
    return _framed(command, struct.pack("<IB", channel, code) + bytes(ANSWER_BYTES - 27))


def _framed(command: int, body: bytes) -> bytes:
    """Return an answer, whose length counts the whole frame."""
    size = 20 + len(body) + 2
    frame = struct.pack("<QLLL", HEADER, size, command, 0) + body
    return frame + struct.pack("<H", sum(frame) & 0xFFFF)
