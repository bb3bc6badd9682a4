"""Owns what a Neware tester can answer, in our words and units, each field checked at the door."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import isfinite
from typing import Literal, cast, get_args
from xml.etree.ElementTree import Element

from shared.errors import StationFaultError

ChannelState = Literal["finish", "working", "stop", "protect", "pause", "unknown"]
WALL_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, order=True, slots=True)
class Channel:
    """Where a cell is clamped in, in the numbers of the tester's own address."""

    device_type: int
    device_id: int
    unit_id: int
    channel_id: int
    host: str = "127.0.0.1"

    @property
    def name(self) -> str:
        """The name people and aurora use, such as `1-3-5`."""
        return f"{self.device_id}-{self.unit_id}-{self.channel_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One channel of the tester's list; `free`: nothing runs there now."""

    channel: Channel
    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPoint:
    """A channel at the moment of the question; current is + on charge, charge is that of the step.

    `step_id` and `step_type` are None while nothing runs; then only voltage and barcode mean
    something. temperature_degc: None where the tester tells none (BTS `inquire` does not).
    """

    channel: Channel
    state: ChannelState
    barcode: str
    cycle: int
    step_id: int | None
    step_type: str | None
    current_ma: float
    voltage_v: float
    capacity_mah: float
    energy_mwh: float
    total_time_s: float
    step_time_s: float
    log_code: int
    temperature_degc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestTest:
    """The newest test of a channel: its number (0 = never any), its rows so far, if it is over."""

    channel: Channel
    test_id: int
    row_count: int
    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """One recorded row; `row` counts from 1 through the test, charge from the start of the step.

    `at` has the tester's resolution of one second; step_time_s has a millisecond.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    row: int
    step_id: int
    cycle: int
    step_type: str
    step_time_s: float
    at: datetime
    voltage_v: float
    current_ma: float
    capacity_mah: float
    energy_mwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Net charge (Ah) and energy (Wh) of a channel when its step began, and at the last look."""

    step: tuple[int, int]
    begun: tuple[float, float]
    last: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What was seen of a test by looks alone, which its tester does not give again."""

    test_name: str
    rows: tuple[TestRow, ...]
    counters: Counters | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """One ended step; `step` counts executed steps from 1, `step_id` is that of the file."""

    first_row: int
    last_row: int
    step: int
    step_id: int
    cycle: int
    step_type: str
    duration_s: float
    ended_at: datetime
    start_voltage_v: float
    end_voltage_v: float
    start_current_ma: float
    end_current_ma: float
    capacity_mah: float
    energy_mwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry of a test's log; 100000 is its start, 100001 its end, others are the maker's."""

    row: int
    code: int
    at: datetime


class Fields:
    """The attributes of one element of an answer, read by name with their type.

    Every method raises StationFaultError when the field is absent or cannot be what it should.
    """

    def __init__(self, element: Element, what: str, zone: tzinfo) -> None:
        self._element, self._what, self._zone = element, what, zone

    def text(self, name: str) -> str:
        """Return a field as text."""
        value = self._element.get(name)
        if value is None:
            raise StationFaultError(f"{self._what}: the answer has no field {name}")
        return value

    def whole(self, name: str) -> int:
        """Return a whole number that is not negative."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise StationFaultError(f"{self._what}: {name} is {text[:40]!r}, not a whole number")
        return int(text)

    def number(self, name: str, factor: float = 1.0) -> float:
        """Return a finite number times a factor that brings it to our unit."""
        text = self.text(name)
        try:
            value = float(text)
        except ValueError as error:
            raise StationFaultError(f"{self._what}: {name} is {text[:40]!r}, no number") from error
        if not isfinite(value):
            raise StationFaultError(f"{self._what}: {name} is {text[:40]!r}, not finite")
        return value * factor

    def instant(self, name: str) -> datetime:
        """Return an instant of the tester's wall clock as aware time."""
        text = self.text(name)
        try:
            return datetime.strptime(text, WALL_FORMAT).replace(tzinfo=self._zone)
        except ValueError as error:
            raise StationFaultError(f"{self._what}: {name} is {text[:40]!r}, no date") from error

    def step(self) -> tuple[int | None, str | None]:
        """Return number and word of the running step; an idle channel has neither."""
        word = self._element.get("step_type", "--")
        if word == "--":
            return None, None
        return self.whole("step_id"), word


def flag(element: Element, what: str) -> bool:
    """Return an element's own true or false."""
    text = (element.text or "").strip()
    if text not in ("true", "false"):
        raise StationFaultError(f"{what}: {text[:40]!r} is neither true nor false")
    return text == "true"


def state_of(word: str) -> ChannelState:
    """Return a state word of the tester; one we do not know is `unknown`, never good."""
    return cast(ChannelState, word) if word in get_args(ChannelState) else "unknown"


def device_of(element: Element, what: str, zone: tzinfo) -> Device:
    """Read one channel of getdevinfo."""
    fields = Fields(element, what, zone)
    channel = Channel(
        fields.whole("devtype"),
        fields.whole("devid"),
        fields.whole("subdevid"),
        fields.whole("Channelid"),
        fields.text("ip"),
    )
    return Device(channel=channel, free=flag(element, what))


def point_of(element: Element, channel: Channel, zone: tzinfo) -> ChannelPoint:
    """Read one point of inquire; A, Ah and Wh become mA, mAh and mWh."""
    fields = Fields(element, f"inquire {channel.name}", zone)
    step_id, step_type = fields.step()
    return ChannelPoint(
        channel=channel,
        state=state_of(fields.text("workstatus")),
        barcode=fields.text("barcode"),
        cycle=fields.whole("cycle_id"),
        step_id=step_id,
        step_type=step_type,
        current_ma=fields.number("current", 1e3),
        voltage_v=fields.number("voltage"),
        capacity_mah=fields.number("capacity", 1e3),
        energy_mwh=fields.number("energy", 1e3),
        total_time_s=fields.number("totaltime"),
        step_time_s=fields.number("relativetime"),
        log_code=fields.whole("log_code"),
    )


def latest_of(element: Element, channel: Channel, zone: tzinfo) -> LatestTest:
    """Read one answer of inquiredf."""
    what = f"inquiredf {channel.name}"
    fields = Fields(element, what, zone)
    return LatestTest(
        channel=channel,
        test_id=fields.whole("testid"),
        row_count=fields.whole("count"),
        free=flag(element, what),
    )


def row_of(element: Element, channel: Channel, zone: tzinfo) -> TestRow:
    """Read one row of download; ms, A, Ah and Wh become s, mA, mAh and mWh."""
    fields = Fields(element, f"download {channel.name}", zone)
    return TestRow(
        row=fields.whole("seqid"),
        step_id=fields.whole("stepid"),
        cycle=fields.whole("cycleid"),
        step_type=fields.text("steptype"),
        step_time_s=fields.number("testtime", 1e-3),
        at=fields.instant("atime"),
        voltage_v=fields.number("volt"),
        current_ma=fields.number("curr", 1e3),
        capacity_mah=fields.number("cap", 1e3),
        energy_mwh=fields.number("eng", 1e3),
    )


def step_of(element: Element, channel: Channel, zone: tzinfo) -> StepEnd:
    """Read one step of downloadStepLayer."""
    fields = Fields(element, f"downloadStepLayer {channel.name}", zone)
    return StepEnd(
        first_row=fields.whole("startseqid"),
        last_row=fields.whole("endseqid"),
        step=fields.whole("stepindex"),
        step_id=fields.whole("stepid"),
        cycle=fields.whole("cycleid"),
        step_type=fields.text("steptype"),
        duration_s=fields.number("steptime", 1e-3),
        ended_at=fields.instant("endatime"),
        start_voltage_v=fields.number("startvolt"),
        end_voltage_v=fields.number("endvolt"),
        start_current_ma=fields.number("startcurr", 1e3),
        end_current_ma=fields.number("endcurr", 1e3),
        capacity_mah=fields.number("cap", 1e3),
        energy_mwh=fields.number("eng", 1e3),
    )


def log_of(element: Element, channel: Channel, zone: tzinfo) -> LogEntry:
    """Read one entry of downloadlog."""
    fields = Fields(element, f"downloadlog {channel.name}", zone)
    return LogEntry(
        row=fields.whole("seqid"), code=fields.whole("log_code"), at=fields.instant("atime")
    )
