"""The channels of a battery tester: which test runs where since when, kept in a file."""

import hashlib
import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from simulators.physics.cell import CellProperties, CellState, Span
from simulators.physics.fullcell import soc_at
from simulators.physics.stepfile import StepFileError, read_step_file
from simulators.physics.trajectory import Course, Order
from simulators.recording import archive_of, info_text, save, wall_text
from simulators.world import Fault, World

SCHEMA = """
CREATE TABLE IF NOT EXISTS tests (
    test_id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, path TEXT NOT NULL,
    barcode TEXT NOT NULL, content BLOB NOT NULL, backup_dir TEXT NOT NULL, cell TEXT NOT NULL,
    state TEXT NOT NULL, started_at TEXT NOT NULL, stopped_at TEXT,
    cleared INTEGER NOT NULL DEFAULT 0, recorded INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS tests_by_channel ON tests (channel, test_id);
CREATE INDEX IF NOT EXISTS tests_by_barcode ON tests (barcode, test_id);
"""
COLUMNS = (
    "test_id, channel, path, barcode, content, backup_dir, cell, state, started_at, stopped_at,"
    " cleared, recorded"
)
# Faults that change the course of a test; a channel's own stand under `tester-1/1-3-5`.
COURSE_FAULTS = frozenset({"contact_loss", "chamber_drift", "clipped_range"})


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """What the plant file says of one tester.

    ranges: patterns of channel names with another current range in mA; the first that fits counts.
    """

    name: str
    channel_count: int = 160
    device_type: int = 27
    device_id: int = 1
    current_range_ma: float = 200.0
    voltage_range_v: float = 5.0
    channels_per_unit: int = 8
    ranges: tuple[tuple[tuple[str, ...], float], ...] = ()

    def range_ma(self, channel: str) -> float:
        """Return the current range of a channel."""
        fit = (
            range_ma
            for patterns, range_ma in self.ranges
            if any(fnmatchcase(channel, pattern) for pattern in patterns)
        )
        return next(fit, self.current_range_ma)


@dataclass(frozen=True, order=True)
class Address:
    """Where a channel is: device, sub-device and channel number as the BTS counts them."""

    device_id: int
    unit_id: int
    channel_id: int

    @property
    def name(self) -> str:
        """The channel's name, such as `1-3-5`."""
        return f"{self.device_id}-{self.unit_id}-{self.channel_id}"


@dataclass(frozen=True, kw_only=True)
class ChannelTest:
    """One test of one channel as it was started; cell and state are the truth at that moment."""

    test_id: int
    channel: str
    path: str
    barcode: str
    content: bytes
    backup_dir: str
    cell: CellProperties
    state: CellState
    started_at: datetime
    stopped_at: datetime | None = None
    cleared: bool = False
    recorded: bool = False


@dataclass(frozen=True, kw_only=True)
class View:
    """A channel at one moment: its state as the BTS says it, its test and how far that is."""

    word: str
    test: ChannelTest | None = None
    course: Course | None = None
    elapsed_s: float = 0.0


class Bench:
    """All channels of one tester."""

    def __init__(
        self, config: BenchConfig, path: Path, world: World, now: Callable[[], datetime]
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.config, self.world, self.now = config, world, now
        self._sql = sqlite3.connect(path, isolation_level=None)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.executescript(SCHEMA)
        per_unit = config.channels_per_unit
        self.addresses = tuple(
            Address(config.device_id, index // per_unit + 1, index % per_unit + 1)
            for index in range(config.channel_count)
        )
        self.known = frozenset(self.addresses)
        self._latest = {address: self._load_latest(address) for address in self.addresses}
        self._courses: dict[int, Course] = {}

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    def _load(self, where: str, value: str | int) -> ChannelTest | None:
        """Return the newest test that fits, from the file."""
        row = self._sql.execute(
            f"SELECT {COLUMNS} FROM tests WHERE {where} = ? ORDER BY test_id DESC LIMIT 1", (value,)
        ).fetchone()
        return None if row is None else _test(row)

    def _load_latest(self, address: Address) -> ChannelTest | None:
        return self._load("channel", address.name)

    def faults(self, address: Address | None = None) -> tuple[Fault, ...]:
        """Return the fault spans of the tester, and of one channel where given."""
        spans = self.world.faults(self.config.name).spans
        if address is not None:
            spans += self.world.faults(f"{self.config.name}/{address.name}").spans
        return spans

    def acts(self, name: str, address: Address | None = None) -> float | None:
        """Return the magnitude of a fault that acts now, or None."""
        instant = self.now()
        found = [f.magnitude for f in self.faults(address) if f.name == name and f.acts_at(instant)]
        return found[-1] if found else None

    def view(self, address: Address, whole: tuple[Fault, ...] | None = None) -> View:
        """Return a channel as it is now; `whole`: the tester's faults where the caller has them."""
        test = self._latest[address]
        if test is None:
            return View(word="finish")
        return self._view(test, address, self.faults() if whole is None else whole)

    def _view(self, test: ChannelTest, address: Address, whole: tuple[Fault, ...]) -> View:
        own = self.world.faults(f"{self.config.name}/{address.name}").spans
        course = self._course(test, whole + own)
        until = test.stopped_at or self.now()
        elapsed_s = max((until - test.started_at).total_seconds(), 0.0)
        ended = course.has_ended(elapsed_s)
        word = str(course.ended) if ended else "stop" if test.stopped_at else "working"
        if word == "protect" and test.cleared:
            word = "finish"
        if word != "working" and not test.recorded:
            test = self._record(test, address, course, min(elapsed_s, course.end_s))
        return View(word=word, test=test, course=course, elapsed_s=elapsed_s)

    def view_test(self, address: Address, test_id: int) -> View:
        """Return one test of a channel by its number, 0 for the latest; unknown: without a test."""
        latest = self._latest[address]
        if test_id == 0 or (latest is not None and latest.test_id == test_id):
            return self.view(address)
        test = self._load("test_id", test_id)
        if test is None or test.channel != address.name:
            return View(word="finish")
        return self._view(test, address, self.faults())

    def _course(self, test: ChannelTest, faults: tuple[Fault, ...]) -> Course:
        """Return the course of a test under the faults known now; its past never changes."""
        spans = tuple(
            Span(
                name=fault.name,
                magnitude=fault.magnitude,
                since_s=(fault.since - test.started_at).total_seconds(),
                until_s=(fault.until - test.started_at).total_seconds()
                if fault.until
                else math.inf,
            )
            for fault in faults
            if fault.name in COURSE_FAULTS
        )
        course = self._courses.get(test.test_id)
        if course is None or course.order.spans != spans:
            course = Course(
                Order(
                    seed=self.world.seed,
                    barcode=test.barcode,
                    digest=hashlib.sha256(test.content).hexdigest(),
                    file=read_step_file(test.content),
                    cell=test.cell,
                    state=test.state,
                    spans=spans,
                    range_v=self.config.voltage_range_v,
                    range_ma=self.config.range_ma(test.channel),
                )
            )
            self._courses[test.test_id] = course
        return course

    def start(self, address: Address, path: str, barcode: str, backup_dir: str) -> bool:
        """Start a test; False when the channel works, the file cannot be read or cannot be run."""
        if self.view(address).word == "working":
            return False
        try:
            content = Path(path).read_bytes()
            read_step_file(content)
        except (OSError, StepFileError, ValueError):
            return False
        barcode = self._found_barcode(address, barcode)
        cell = CellProperties.from_world(self.world.get(barcode))
        state = self._state_of(barcode, cell)
        cursor = self._sql.execute(
            "INSERT INTO tests"
            " (channel, path, barcode, content, backup_dir, cell, state, started_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                address.name,
                path,
                barcode,
                content,
                backup_dir,
                json.dumps(cell.to_json()),
                json.dumps(asdict(state)),
                self.now().isoformat(),
            ),
        )
        self._latest[address] = self._load("test_id", int(cursor.lastrowid or 0))
        newest = {test.test_id for test in self._latest.values() if test is not None}
        self._courses = {key: made for key, made in self._courses.items() if key in newest}
        return True

    def _found_barcode(self, address: Address, barcode: str) -> str:
        """Return what is clamped in: with `swapped_barcode` the cell of a neighbour channel."""
        if self.acts("swapped_barcode", address) is None:
            return barcode
        place = self.addresses.index(address)
        neighbours = (self.addresses[place - 1], self.addresses[(place + 1) % len(self.addresses)])
        tests = (self._latest[neighbour] for neighbour in neighbours)
        others = [test.barcode for test in tests if test is not None and test.barcode != barcode]
        return others[0] if others else barcode[::-1]

    def _state_of(self, barcode: str, cell: CellProperties) -> CellState:
        """Return the cell's state as its last test here left it, else as it was assembled."""
        last = self._load("barcode", barcode)
        if last is not None:
            view = self._view(last, _address(last.channel), self.faults())
            if view.course is not None:
                return view.course.state_at(min(view.elapsed_s, view.course.end_s))
        if cell.kind in ("symmetric", "open_circuit"):
            return CellState()
        return CellState(soc=soc_at(cell.kind, cell.ocv_v))

    def stop(self, address: Address) -> bool:
        """Stop a working channel; False when it does not work."""
        view = self.view(address)
        if view.word != "working" or view.test is None:
            return False
        stopped_at = self.now()
        self._update(view.test, "stopped_at", stopped_at.isoformat())
        self._latest[address] = replace(view.test, stopped_at=stopped_at)
        self.view(address)
        return True

    def clear(self, address: Address) -> bool:
        """Clear the alarm of a channel that ended by protection; False when there is none."""
        view = self.view(address)
        if view.word != "protect" or view.test is None:
            return False
        self._update(view.test, "cleared", 1)
        self._latest[address] = replace(view.test, cleared=True)
        return True

    def _update(self, test: ChannelTest, column: str, value: str | int) -> None:
        self._sql.execute(f"UPDATE tests SET {column} = ? WHERE test_id = ?", (value, test.test_id))

    def _record(
        self, test: ChannelTest, address: Address, course: Course, elapsed_s: float
    ) -> ChannelTest:
        """Write the record of an ended test to its backup folder, once."""
        config = self.config
        fields: dict[str, str | int | float] = {
            "DevType": config.device_type,
            "DevID": config.device_id,
            "UnitID": 0,
            "ChlID": (address.unit_id - 1) * config.channels_per_unit + address.channel_id,
            "TestID": test.test_id,
            "CurrRange": f"{config.range_ma(address.name):g}",
            "VoltRange": f"{config.voltage_range_v:g}",
            "StepName": Path(test.path).name,
            "StartTime": wall_text(test.started_at),
            "EndTime": wall_text(test.started_at, elapsed_s),
            "Barcode": test.barcode,
        }
        texts = {"Step.xml": test.content, "TestInfo.xml": info_text(fields)}
        name = f"{address.name.replace('-', '_')}_{test.test_id}.ndax"
        if test.backup_dir:
            content = archive_of(course, elapsed_s, test.started_at, texts)
            save(Path(test.backup_dir), name, content)
        self._update(test, "recorded", 1)
        recorded = replace(test, recorded=True)
        latest = self._latest[address]
        if latest is not None and latest.test_id == test.test_id:
            self._latest[address] = recorded
        return recorded


def _address(name: str) -> Address:
    device_id, unit_id, channel_id = (int(part) for part in name.split("-"))
    return Address(device_id, unit_id, channel_id)


def _test(row: tuple[Any, ...]) -> ChannelTest:
    """Return a test from a row of the file, in the order of COLUMNS."""
    return ChannelTest(
        test_id=row[0],
        channel=row[1],
        path=row[2],
        barcode=row[3],
        content=row[4],
        backup_dir=row[5],
        cell=CellProperties(**json.loads(row[6])),
        state=CellState(**json.loads(row[7])),
        started_at=datetime.fromisoformat(row[8]),
        stopped_at=datetime.fromisoformat(row[9]) if row[9] else None,
        cleared=bool(row[10]),
        recorded=bool(row[11]),
    )
