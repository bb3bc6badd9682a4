"""Owns the frames of Arbin's CTI: packed and read field by field, each checked at the door.

A frame: header, length, command, extended command, payload, sum of all bytes before it. Requests
count their length from behind the length field, answers count the whole frame (captured frames of
a real cycler in pyctiarbin's tests).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import InvalidInputError, StationFaultError

HEADER = 0x11DDDDDDDDDDDDDD
HEAD = struct.Struct("<QLLL")
BEFORE_COUNT = 12
SUM_BYTES = 2
MAX_FRAME_BYTES = 1 << 20
LOGIN, CHANNEL_INFO = 0xEEAB0001, 0xEEAB0003
ASSIGN, START, STOP, SET_VARIABLE = 0xBB210001, 0xBB320004, 0xBB310001, 0xBB150001
# Request -> answer: the two bytes below the top one change places.
ANSWERS: Mapping[int, int] = {
    LOGIN: 0xEEBA0001,
    CHANNEL_INFO: 0xEEBA0003,
    ASSIGN: 0xBB120001,
    START: 0xBB230004,
    STOP: 0xBB130001,
    SET_VARIABLE: 0xBB510001,
}
REFUSALS: Mapping[int, Mapping[int, str]] = {
    ASSIGN: {
        16: "the channel does not exist",
        17: "somebody uses the monitor window",
        18: "the schedule has no name",
        19: "the schedule is not found",
        20: "the channel runs",
        21: "the channel loads another schedule",
        22: "a batch file is open",
        23: "assigning failed",
    },
    START: {
        16: "the channel does not exist",
        17: "somebody uses the monitor window",
        18: "the channel runs or is unsafe",
        19: "the channel is not connected",
        20: "the schedule does not fit the cycler",
        21: "no schedule is assigned",
        22: "the schedule is of another version",
        33: "the schedule is still being loaded",
        34: "the cycler's database does not answer",
        35: "the test has no name",
        38: "the schedule's safety check failed",
    },
    STOP: {16: "the channel does not exist", 17: "somebody uses the monitor window"},
    SET_VARIABLE: {
        16: "setting failed",
        17: "the channel does not run",
        18: "no such variable",
    },
}
VARIABLE_CODES = (52, 53, 54, 55, *range(105, 117))  # of MV_UD1 to MV_UD16
STATUS = (
    "idle", "transition", "charge", "discharge", "rest", "wait", "external charge", "calibration",
    "unsafe", "pulse", "internal resistance", "ac impedance", "aci cell", "test settings", "error",
    "finished", "volt meter", "waiting for acs", "pause", "empty", "idle from mcu", "start",
    "running", "step transfer", "resume", "go pause", "go stop", "go next step", "online update",
    "daq memory unsafe", "acr",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """What CTI says of one channel, in its own units; capacities count up through a cycle."""

    channel: int
    status: str
    communication_lost: bool
    schedule: str
    test_name: str
    step_and_cycle: str
    barcode: str
    test_time_s: float
    step_time_s: float
    voltage_v: float
    current_a: float
    charge_ah: float
    discharge_ah: float
    charge_wh: float
    discharge_wh: float
    temperature_degc: float | None


def request(command: int, payload: bytes) -> bytes:
    """Return the frame of a request."""
    count = HEAD.size - BEFORE_COUNT + len(payload) + SUM_BYTES
    frame = HEAD.pack(HEADER, count, command, 0) + payload
    return frame + struct.pack("<H", sum(frame) & 0xFFFF)


def login(username: str, password: str) -> bytes:
    """Return a login; plain text, so the line needs a network of its own."""
    return request(LOGIN, _text(username, 32, "utf-8") + _text(password, 32, "utf-8"))


def channel_info(channel: int) -> bytes:
    """Ask for one channel (from 0) with its auxiliary temperatures."""
    return request(CHANNEL_INFO, struct.pack("<hhI", channel, 1, 0x100) + bytes(32))


def assign(channel: int, schedule: str, capacity_ah: float, barcode: str) -> bytes:
    """Assign a schedule, by its name on the cycler, to one channel."""
    head = struct.pack("<iB", channel, 0) + _text(schedule, 400, "utf-16-le")
    cell = struct.pack("<f", capacity_ah) + _text(barcode, 144, "utf-16-le")
    return request(ASSIGN, head + cell + struct.pack("<16f", *([0.0] * 16)) + bytes(32))


def start(channel: int, test_name: str) -> bytes:
    """Start what is assigned to one channel under a name."""
    return request(START, _text(test_name, 144, "utf-16-le") + struct.pack("<IH", 1, channel))


def stop(channel: int) -> bytes:
    """Stop one channel."""
    return request(STOP, struct.pack("<IB", channel, 0) + bytes(101))


def set_variable(channel: int, number: int, value: float) -> bytes:
    """Set one of the 16 variables of a running schedule.

    Raises:
        InvalidInputError: a number outside 1-16.
    """
    if not 1 <= number <= len(VARIABLE_CODES):
        raise InvalidInputError(f"variable {number}; a schedule has 1 to {len(VARIABLE_CODES)}")
    code = VARIABLE_CODES[number - 1]
    head = struct.pack("<Iii", channel, 1, code) + bytes(16)
    return request(SET_VARIABLE, head + struct.pack("<if", 1, value) + bytes(16))


def answer_size(head: bytes) -> int:
    """Return how many bytes an answer has, from its first 12.

    Raises:
        StationFaultError: no CTI header, or a size that no answer has.
    """
    header, size = struct.unpack_from("<QL", head)
    if header != HEADER or not HEAD.size + SUM_BYTES <= size <= MAX_FRAME_BYTES:
        raise StationFaultError(f"no CTI answer: header {header:#x}, {size} bytes")
    return int(size)


def opened(frame: bytes, command: int) -> bytes:
    """Return the payload of the answer to a command.

    Raises:
        StationFaultError: another command's answer, or a sum that is not that of the bytes.
    """
    found = HEAD.unpack_from(frame)[2]
    if found != ANSWERS[command]:
        raise StationFaultError(f"answer {found:#x} to {command:#x}")
    [told] = struct.unpack_from("<H", frame, len(frame) - SUM_BYTES)
    made = sum(frame[:-SUM_BYTES]) & 0xFFFF
    if told != made:
        raise StationFaultError(f"answer {found:#x}: its sum says {told}, its bytes {made}")
    return frame[HEAD.size : -SUM_BYTES]


def read_login(payload: bytes) -> int:
    """Return how many channels the cycler has.

    Raises:
        StationFaultError: refused, or too short.
    """
    _enough(payload, 8656, "login")
    [result] = struct.unpack_from("<I", payload)
    if result not in (1, 3):  # 3: this user is signed in already
        raise StationFaultError(f"the cycler refuses the login (result {result})")
    [count] = struct.unpack_from("<I", payload, 8664 - HEAD.size)
    return int(count)


def read_result(payload: bytes, command: int) -> str | None:
    """Return why a command was refused, or None.

    Raises:
        StationFaultError: too short.
    """
    _enough(payload, 5, "result")
    code = payload[4]
    return None if code == 0 else REFUSALS[command].get(code, f"code {code}")


def read_channel(payload: bytes) -> ChannelInfo:
    """Return the one channel that was asked for.

    Raises:
        StationFaultError: too short, not one channel, an unknown status.
    """
    _enough(payload, 1777 - HEAD.size, "channel info")
    count, channel, status, lost = struct.unpack_from("<IIhB", payload)
    if count != 1 or not 0 <= status < len(STATUS):
        raise StationFaultError(f"channel info of {count} channels, status {status}")
    at = HEAD.size
    times = struct.unpack_from("<dd", payload, 1685 - at)
    values = struct.unpack_from("<7f", payload, 1701 - at)
    voltage_v, current_a, _, charge_ah, discharge_ah, charge_wh, discharge_wh = values
    aux_voltages, temperatures = struct.unpack_from("<HH", payload, 1749 - at)
    temperature: float | None = None
    if temperatures:
        place = 1777 - at + 8 * aux_voltages
        _enough(payload, place + 4, "auxiliary temperature")
        [temperature] = struct.unpack_from("<f", payload, place)
    return ChannelInfo(
        channel=channel,
        status=STATUS[status],
        communication_lost=bool(lost),
        schedule=_word(payload, 31 - at, 400, "utf-16-le"),
        test_name=_word(payload, 431 - at, 144, "utf-16-le"),
        step_and_cycle=_word(payload, 675 - at, 64, "utf-8"),
        barcode=_word(payload, 739 - at, 144, "utf-16-le"),
        test_time_s=times[0],
        step_time_s=times[1],
        voltage_v=voltage_v,
        current_a=current_a,
        charge_ah=charge_ah,
        discharge_ah=discharge_ah,
        charge_wh=charge_wh,
        discharge_wh=discharge_wh,
        temperature_degc=temperature,
    )


def _enough(payload: bytes, size: int, what: str) -> None:
    if len(payload) < size:
        raise StationFaultError(f"{what}: {len(payload)} bytes, at least {size} needed")


def _text(value: str, size: int, encoding: str) -> bytes:
    content = value.encode(encoding)
    if len(content) >= size:
        raise InvalidInputError(f"{value[:40]!r}: {len(content)} bytes, room for {size - 1}")
    return content.ljust(size, b"\0")


def _word(payload: bytes, place: int, size: int, encoding: str) -> str:
    return payload[place : place + size].decode(encoding, errors="replace").split("\0", 1)[0]
