"""Owns the commands of a Neware BTS 8 server: asked in our words, answers matched by order."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from itertools import pairwise
from pathlib import PurePath
from types import TracebackType
from typing import Self, TypeVar
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from services.formation import answers
from services.formation.answers import (
    Channel,
    ChannelPoint,
    ChannelState,
    Device,
    LatestTest,
    LogEntry,
    Looks,
    StepEnd,
    TestRow,
)
from services.formation.bts_line import BtsLine
from shared.errors import InvalidInputError, StationFaultError

MOST_ROWS = 1000
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
T = TypeVar("T")


class NewareClient:
    """One tester as our services call it; commands of all callers go over one line in turn.

    The line is opened at the first command and again after any failure, so a caller only has to
    try again later. A command whose answer never came is not repeated here, because a start may
    have been taken: ask `inquire` what runs before sending it again.

    Raises, in every method:
        StationUnreachableError: no connection or no whole answer in time; try again later.
        StationFaultError: refused, or an answer that cannot be right; a person must look.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        username: str = "admin",
        password: str = "neware",
        timeout_s: float = 10.0,
        zone: tzinfo = UTC,
        frame_limit_bytes: int = 16 * 2**20,
        line: BtsLine | None = None,
    ) -> None:
        """Keep what is needed to connect.

        endpoint: `tcp://host:port`; timeout_s: wall seconds for a connection and for an answer;
        zone: time zone of the tester's wall clock; line: taken instead of a TCP line to endpoint.
        """
        self.endpoint, self._zone = endpoint, zone
        self._line = line or BtsLine(
            endpoint,
            login=(username, password),
            timeout_s=timeout_s,
            frame_limit_bytes=frame_limit_bytes,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def leaves_files(self) -> bool:
        """True: the .ndax of each test."""
        return True

    def looks(self, channel: Channel, after: int) -> Looks | None:
        """Return None: the server gives all rows of a test again."""
        return None

    def remember(self, channel: Channel, looks: Looks) -> None:
        """Nothing is to be remembered for a server that gives all rows again."""

    async def program_ran(self, channel: Channel) -> str | None:
        """Return None: the file of a test holds the steps themselves."""
        return None

    def program_of(self, share: PurePath, job_order_id: str, protocol: str) -> PurePath:
        """Return the step file of a job order on the share."""
        return share / f"{job_order_id}.xml"

    async def close(self) -> None:
        """Close the line; the next command opens it again."""
        await self._line.close()

    @property
    def connected(self) -> bool:
        """Whether the line was open after the last command."""
        return self._line.is_open

    async def devices(self) -> tuple[Device, ...]:
        """Return all channels of the tester, in its order."""

        def read(root: Element) -> tuple[Device, ...]:
            found = root.findall("middle/channel")
            if not found:
                raise StationFaultError(f"{self.endpoint}: getdevinfo names no channel")
            return tuple(answers.device_of(item, "getdevinfo", self._zone) for item in found)

        return await self._line.ask("getdevinfo", "", read)

    async def status(self, channels: Sequence[Channel]) -> tuple[ChannelState, ...]:
        """Return the state of each channel, in the order asked."""

        def read(element: Element, channel: Channel) -> ChannelState:
            self._match(element, channel)
            return answers.state_of((element.text or "").strip())

        return tuple(await self._each("getchlstatus", "status", channels, ">true</status>", read))

    async def inquire(self, channels: Sequence[Channel]) -> list[ChannelPoint]:
        """Return the live point of each channel, in the order asked."""

        def read(element: Element, channel: Channel) -> ChannelPoint:
            self._match_device(element, channel)
            return answers.point_of(element, channel, self._zone)

        rest = ' aux="0" barcode="1">true</inquire>'
        return await self._each("inquire", "inquire", channels, rest, read)

    async def start(
        self,
        channel: Channel,
        path: str | PurePath,
        barcode: str,
        backup_dir: str | PurePath,
        *,
        test_name: str = "",
        capacity_mah: float | None = None,
        backup_interval_min: int = 60,
    ) -> None:
        """Start a step file that lies on the tester's own disk; its record goes to `backup_dir`.

        test_name, capacity_mah: for testers that know a test by its name and count in C rates; a
        BTS server numbers its tests, and our step files say mA.

        Machine effect: current flows. Not safe to repeat: a working channel refuses, which is a
        StationFaultError; after StationUnreachableError ask `inquire` for barcode and state.
        """
        for name, value in (("path", str(path)), ("barcode", barcode), ("folder", str(backup_dir))):
            if not value.strip() or CONTROL_CHARACTERS.search(value):
                raise InvalidInputError(f"start {channel.name}: {name} {value!r} is not usable")
        item = f"<start {_where(channel)} barcode={quoteattr(barcode)}>{escape(str(path))}</start>"
        backup = (
            f'<backup backupdir={quoteattr(str(backup_dir))} remotedir="" filenametype="0"'
            ' customfilename="" addtimewhenrepeat="0" createdirbydate="0" filetype="0"'
            f' backupontime="1" backupontimeinterval="{backup_interval_min}" backupfree="1" />'
        )
        if not await self._order("start", channel, f"{item}{backup}"):
            raise StationFaultError(
                f"start {channel.name}: the tester refuses {path} for {barcode};"
                " the channel works already, or it cannot read or run the file"
            )

    async def stop(self, channel: Channel) -> bool:
        """Stop what runs; False when the tester says nothing ran. Safe to repeat."""
        return await self._order("stop", channel, f"<stop {_where(channel)}>true</stop>")

    async def latest_test(self, channel: Channel) -> LatestTest:
        """Return number and row count of the channel's newest test."""

        def read(element: Element, channel: Channel) -> LatestTest:
            self._match(element, channel)
            return answers.latest_of(element, channel, self._zone)

        return (await self._each("inquiredf", "chl", [channel], ' testid="0" />', read, False))[0]

    async def rows(
        self, channel: Channel, start: int, count: int = MOST_ROWS, *, test_id: int = 0
    ) -> tuple[TestRow, ...]:
        """Return up to `count` (1-1000) rows of a test (0 = newest) from row `start` (from 1).

        Fewer rows mean that no more are recorded, or that the tester lost some: rows say their
        number. Rows out of order or of another part are a StationFaultError.
        """
        if not (1 <= count <= MOST_ROWS and start >= 1):
            raise InvalidInputError(f"rows: start {start} below 1, or count {count} not 1-1000")
        where = _where(channel, False)
        item = (
            f'<download {where} auxid="0" testid="{test_id}" startpos="{start}" count="{count}"/>'
        )

        def read(root: Element) -> tuple[TestRow, ...]:
            rows = self._read(root, "download", channel, answers.row_of)
            numbers = [row.row for row in rows]
            fits = all(start <= number < start + count for number in numbers)
            if not fits or any(a >= b for a, b in pairwise(numbers)):
                raise StationFaultError(
                    f"download {channel.name}: rows {start} to {start + count - 1} asked,"
                    f" {numbers[0]} to {numbers[-1]} came, not in order"
                )
            return rows

        return await self._line.ask("download", item, read)

    async def all_rows(
        self, channel: Channel, *, after: int = 0, test_id: int = 0
    ) -> tuple[TestRow, ...]:
        """Return all rows recorded up to now behind row `after`; a newer test ends it with a fault.

        Slow above 100 000 rows: the .ndax in the backup folder is the record, this the live view.
        """
        latest = await self.latest_test(channel)
        wanted = test_id or latest.test_id
        if wanted != latest.test_id:
            raise StationFaultError(
                f"download {channel.name}: test {wanted} asked, {latest.test_id} is the newest"
            )
        rows: list[TestRow] = []
        for start in range(after + 1, latest.row_count + 1, MOST_ROWS):
            count = min(MOST_ROWS, latest.row_count + 1 - start)
            rows += await self.rows(channel, start, count, test_id=wanted)
        return tuple(rows)

    async def step_layer(self, channel: Channel) -> tuple[StepEnd, ...]:
        """Return the steps of the newest test that have ended."""
        name = "downloadStepLayer"
        return await self._line.ask(
            name,
            f"<{name} {_where(channel, False)} />",
            lambda root: self._read(root, name, channel, answers.step_of),
        )

    async def log(self, channel: Channel) -> tuple[LogEntry, ...]:
        """Return the log of the newest test."""
        return await self._line.ask(
            "downloadlog",
            f'<download {_where(channel, False)} testid="0"/>',
            lambda root: self._read(root, "download", channel, answers.log_of),
        )

    async def _each(
        self,
        command: str,
        tag: str,
        channels: Sequence[Channel],
        rest: str,
        read: Callable[[Element, Channel], T],
        with_host: bool = True,
    ) -> list[T]:
        """Ask the same of several channels; one answer each, matched by order.

        The `count` an answer claims is known to be wrong, so its elements are counted.
        """
        if not channels:
            return []
        items = "".join(f"<{tag} {_where(channel, with_host)}{rest}" for channel in channels)

        def read_all(root: Element) -> list[T]:
            found = root.findall(f"list/{tag}")
            if len(found) != len(channels):
                raise StationFaultError(
                    f"{self.endpoint}: {command} of {len(channels)} channels, {len(found)} came"
                )
            pairs = zip(found, channels, strict=True)
            return [read(element, channel) for element, channel in pairs]

        return await self._line.ask(
            command, f'<list count = "{len(channels)}">{items}</list>', read_all
        )

    async def _order(self, command: str, channel: Channel, items: str) -> bool:
        """Order something of one channel; True when accepted, False when refused."""

        def read(root: Element) -> bool:
            found = root.findall(f"list/{command}")
            if len(found) != 1:
                raise StationFaultError(f"{command} {channel.name}: {len(found)} answers came")
            self._match(found[0], channel)
            word = (found[0].text or "").strip()
            if word not in ("ok", "false"):
                raise StationFaultError(f"{command} {channel.name}: answer {word[:40]!r}")
            return word == "ok"

        return await self._line.ask(command, f'<list count = "1">{items}</list>', read)

    def _read(
        self,
        root: Element,
        tag: str,
        channel: Channel,
        read: Callable[[Element, Channel, tzinfo], T],
    ) -> tuple[T, ...]:
        """Read all data elements of a downloaded part, once its head names this channel."""
        head = root.find(tag)
        if head is not None:
            self._match(head, channel)
        return tuple(read(element, channel, self._zone) for element in root.findall("list/data"))

    def _match(self, element: Element, channel: Channel) -> None:
        """Refuse an answer of another channel; servers sometimes say sub-device 1 for any."""
        units = (str(channel.unit_id), "1")
        found = (element.get("devid"), element.get("chlid"))
        if found != (str(channel.device_id), str(channel.channel_id)) or (
            element.get("subdevid") not in units
        ):
            raise StationFaultError(
                f"{element.tag} {channel.name}: the answer is of channel"
                f" {found[0]}-{element.get('subdevid')}-{found[1]}"
            )

    def _match_device(self, element: Element, channel: Channel) -> None:
        """Refuse a point whose `dev` (type-device-unit-channel-0) is of another channel."""
        parts = element.get("dev", "").split("-")
        expected = replace(channel, host="")
        names = ("devid", "subdevid", "chlid")
        if len(parts) < 4 or parts[0] != str(expected.device_type):
            raise StationFaultError(f"inquire {channel.name}: answer of {element.get('dev')!r}")
        self._match(Element("inquire", dict(zip(names, parts[1:4], strict=True))), channel)


def _where(channel: Channel, with_host: bool = True) -> str:
    """Return the address of a channel as attributes."""
    host = f"ip={quoteattr(channel.host)} " if with_host else ""
    return (
        f'{host}devtype="{channel.device_type}" devid="{channel.device_id}"'
        f' subdevid="{channel.unit_id}" chlid="{channel.channel_id}"'
    )


def named(devices: Iterable[Device]) -> dict[str, Channel]:
    """Return channels by their name, such as `1-3-5`."""
    return {device.channel.name: device.channel for device in devices}
