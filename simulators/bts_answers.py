"""The answers of a Neware BTS 8 server, in its own spelling and units (A, Ah, Wh, ms)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from simulators.channels import Address, Bench, View
from simulators.physics.trajectory import Block
from simulators.recording import wall_text

MOST_ROWS = 1000
WORKING_LOG, START_LOG = 102000, 100000
# 100001 is in captured answers; the codes of a stop and of a protection are our own guess.
END_LOGS = {"finish": 100001, "stop": 100002, "protect": 100003}


def number(value: float) -> str:
    """Return a number as the BTS writes it: up to 12 digits, no trailing zeros."""
    return f"{value:.12g}"


def _whole(element: Element, name: str) -> int:
    """Return a whole-number attribute; -1 when it is absent or none."""
    text = element.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


class Answers:
    """Works out the body of the answer to a command; knows nothing of sockets.

    quirks: repeat what real servers get wrong (sub-device 1 in getchlstatus, count 1 in inquire).
    """

    def __init__(self, bench: Bench, quirks: bool = True) -> None:
        self.bench, self.quirks = bench, quirks
        self._commands: dict[str, Callable[[Element], str]] = {
            "getdevinfo": self._devices,
            "getchlstatus": self._status,
            "inquire": self._inquire,
            "inquiredf": self._latest,
            "start": lambda root: self._each(root, "start", self._start_one(root)),
            "stop": lambda root: self._each(root, "stop", lambda a, _: bench.stop(a)),
            "clearflag": lambda root: self._each(root, "clearflag", lambda a, _: bench.clear(a)),
            "light": lambda root: self._each(root, "light", lambda _a, _e: True),
            "download": self._download,
            "downloadStepLayer": self._step_layer,
            "downloadlog": self._log,
        }

    def answer(self, root: Element) -> str:
        """Return the body of the answer; commands this server does not know are refused."""
        command = (root.findtext("cmd") or "").strip()
        found = self._commands.get(command)
        if found is None:
            return "  <cmd>unknown_resp</cmd>\r\n  <result>false</result>\r\n"
        spelt = {"download": "donwload", "downloadlog": "donwloadlog"}.get(command, command)
        return f"  <cmd>{spelt}_resp</cmd>\r\n{found(root)}"

    def _address(self, element: Element) -> Address | None:
        """Return the channel an element names, or None when this tester has no such channel."""
        names = ("devid", "subdevid", "chlid")
        address = Address(*(_whole(element, name) for name in names))
        fits = _whole(element, "devtype") == self.bench.config.device_type
        return address if fits and address in self.bench.known else None

    def _where(self, element: Element, honest: bool = True) -> str:
        """Return the address attributes of an answer, as they were asked for."""
        names = ("ip", "devtype", "devid", "subdevid", "chlid")
        values = {name: element.get(name, "") for name in names if element.get(name) is not None}
        if not honest and self.quirks:
            values["subdevid"] = "1"
        return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items())

    @staticmethod
    def _list(rows: Iterable[str], count: int | None = None) -> str:
        lines = list(rows)
        shown = len(lines) if count is None else count
        if not lines:
            return '  <list count="0" />\r\n'
        return f'  <list count="{shown}">\r\n' + "".join(lines) + "  </list>\r\n"

    def _items(self, root: Element, tag: str) -> list[Element]:
        return root.findall(f"list/{tag}")

    def _devices(self, _root: Element) -> str:
        config, lines = self.bench.config, []
        faults = self.bench.faults()
        for address in self.bench.addresses:
            free = self.bench.view(address, faults).word != "working"
            lines.append(
                f'    <channel ip="127.0.0.1" devtype="{config.device_type}"'
                f' devid="{address.device_id}" subdevid="{address.unit_id}"'
                f' Channelid="{address.channel_id}">{"true" if free else "false"}</channel>\r\n'
            )
        server = '    <server ip="127.0.0.1" port="3306" />\r\n'
        head = f'  <serverip count="1">\r\n{server}  </serverip>\r\n'
        return f'{head}  <middle count="{len(lines)}">\r\n{"".join(lines)}  </middle>\r\n'

    def _status(self, root: Element) -> str:
        faults = self.bench.faults()
        lines = []
        for item in self._items(root, "status"):
            address = self._address(item)
            word = self.bench.view(address, faults).word if address else "--"
            where = self._where(item, honest=False)
            lines.append(f'    <status {where} reservepause="1">{word}</status>\r\n')
        return self._list(lines)

    def _inquire(self, root: Element) -> str:
        faults = self.bench.faults()
        items = self._items(root, "inquire")
        lines = []
        for item in items:
            address = self._address(item)
            view = self.bench.view(address, faults) if address else View(word="--")
            names = ("devtype", "devid", "subdevid", "chlid")
            device = "-".join([*(item.get(name, "") for name in names), "0"])
            lines.append(f"    <inquire dev={quoteattr(device)} {_point(view)} />\r\n")
        return self._list(lines, count=1 if self.quirks and lines else None)

    def _latest(self, root: Element) -> str:
        lines = []
        for item in self._items(root, "chl"):
            address = self._address(item)
            view = self.bench.view(address) if address else View(word="--")
            test_id = view.test.test_id if view.test else 0
            count = view.course.row_count(view.elapsed_s) if view.course else 0
            free = "false" if view.word == "working" else "true"
            where = self._where(item)
            lines.append(f'    <chl {where} testid="{test_id}" count="{count}">{free}</chl>\r\n')
        return self._list(lines)

    def _each(self, root: Element, tag: str, act: Callable[[Address, Element], bool]) -> str:
        """Do something to each channel named, in order, and say ok or false for each."""
        lines = []
        for item in self._items(root, tag):
            address = self._address(item)
            word = "ok" if address is not None and act(address, item) else "false"
            lines.append(f"    <{tag} {self._where(item)}>{word}</{tag}>\r\n")
        return self._list(lines)

    def _start_one(self, root: Element) -> Callable[[Address, Element], bool]:
        backup = root.find("list/backup")
        folder = backup.get("backupdir", "") if backup is not None else ""

        def start(address: Address, item: Element) -> bool:
            path = (item.text or "").strip()
            return self.bench.start(address, path, item.get("barcode", ""), folder)

        return start

    def _asked_test(self, root: Element, tag: str) -> tuple[Element | None, View]:
        """Return the element that names a channel and a test, and that test."""
        item = root.find(tag)
        address = self._address(item) if item is not None else None
        if item is None or address is None:
            return item, View(word="--")
        test_id = _whole(item, "testid") if item.get("testid") is not None else 0
        return item, self.bench.view_test(address, test_id)

    def _download(self, root: Element) -> str:
        item, view = self._asked_test(root, "download")
        first = max(_whole(item, "startpos"), 0) if item is not None else 0
        count = min(max(_whole(item, "count"), 0), MOST_ROWS) if item is not None else 0
        lines: list[str] = []
        if view.course is not None and view.test is not None and first > 0:
            last = min(view.course.row_count(view.elapsed_s), first + count - 1)
            started_at = view.test.started_at
            lost = self._loses_rows(root)
            row = first
            while row <= last:
                block = view.course.block_of_row(row - 1)
                until = min(last, block.first_row + len(block.time_s))
                lines += _rows(block, row, until, started_at)
                row = until + 1
            lines = [
                line for place, line in enumerate(lines, first) if not (lost and place % 97 == 0)
            ]
        head = self._where(item) if item is not None else ""
        test_id = view.test.test_id if view.test else 0
        return (
            f'  <download {head} testid="{test_id}" startpos="{first}" count="{count}"'
            f' auxid="0" />\r\n' + self._list(lines)
        )

    def _loses_rows(self, root: Element) -> bool:
        item = root.find("download")
        address = self._address(item) if item is not None else None
        return address is not None and self.bench.acts("missing_rows", address) is not None

    def _step_layer(self, root: Element) -> str:
        item, view = self._asked_test(root, "downloadStepLayer")
        lines = []
        if view.course is not None and view.test is not None:
            last = view.course.row_count(view.elapsed_s)
            for block in view.course.blocks:
                shown = min(len(block.time_s), last - block.first_row)
                whole = shown == len(block.time_s) and view.elapsed_s >= block.end_s
                if whole or (shown > 0 and view.word != "working"):
                    lines.append(_step_line(block, shown, view.test.started_at))
        test_id = view.test.test_id if view.test else 0
        head = self._where(item) if item is not None else ""
        return f'  <downloadStepLayer {head} testid="{test_id}" />\r\n' + self._list(lines)

    def _log(self, root: Element) -> str:
        item, view = self._asked_test(root, "download")
        lines, test_id = [], 0
        if view.test is not None and view.course is not None:
            test_id, started_at = view.test.test_id, view.test.started_at
            lines.append(_log_line(1, START_LOG, wall_text(started_at)))
            if view.word != "working":
                end_s = min(view.elapsed_s, view.course.end_s)
                count = view.course.row_count(end_s)
                code = END_LOGS["protect" if view.test.cleared else view.word]
                lines.append(_log_line(count, code, wall_text(started_at, end_s)))
        head = self._where(item) if item is not None else ""
        return f'  <download {head} testid="{test_id}" log_lever="0" />\r\n' + self._list(lines)


def _log_line(row: int, code: int, instant: str) -> str:
    return f'    <data seqid="{row}" log_code="{code}" atime="{instant}" />\r\n'


def _point(view: View) -> str:
    """Return the attributes of an inquired channel: its live point, or what an idle one shows."""
    barcode = quoteattr(view.test.barcode if view.test else "")
    point = view.course.point(view.elapsed_s) if view.course else None
    if view.word != "working" or point is None:
        idle_v = number(round(point.voltage_v, 4)) if point else "0"
        return (
            f'cycle_id="1" step_type="--" workstatus="{view.word}" barcode={barcode} current="0"'
            f' voltage="{idle_v}" capacity="0" energy="0" totaltime="0" relativetime="0"'
            ' open_or_close="0" log_code="0"'
        )
    return (
        f'cycle_id="{point.cycle}" step_id="{point.step.step_id}" step_type="{point.step.word}"'
        f' workstatus="working" barcode={barcode} current="{number(point.current_ma / 1e3)}"'
        f' voltage="{number(point.voltage_v)}" capacity="{number(point.capacity_mah / 1e3)}"'
        f' energy="{number(point.energy_mwh / 1e3)}" totaltime="{number(round(view.elapsed_s, 1))}"'
        f' relativetime="{number(round(point.step_s, 1))}" open_or_close="0"'
        f' log_code="{WORKING_LOG}"'
    )


def _rows(block: Block, first: int, last: int, started_at: datetime) -> list[str]:
    """Return the rows numbered `first` to `last` (from 1, inclusive), all of one step."""
    start, stop = first - 1 - block.first_row, last - block.first_row
    head = f'stepid="{block.step.step_id}" cycleid="{block.cycle}" steptype="{block.step.word}"'
    columns = zip(
        block.time_s[start:stop].tolist(),
        block.voltage_v[start:stop].tolist(),
        (block.current_ma[start:stop] / 1e3).tolist(),
        (block.capacity_mah[start:stop] / 1e3).tolist(),
        (block.energy_mwh[start:stop] / 1e3).tolist(),
        strict=True,
    )
    return [
        f'    <data seqid="{row}" {head} testtime="{round(time_s * 1e3)}"'
        f' atime="{wall_text(started_at, block.start_s + time_s)}" volt="{voltage_v:.12g}"'
        f' curr="{current_a:.12g}" cap="{capacity_ah:.12g}" eng="{energy_wh:.12g}" />\r\n'
        for row, (time_s, voltage_v, current_a, capacity_ah, energy_wh) in enumerate(columns, first)
    ]


def _step_line(block: Block, shown: int, started_at: datetime) -> str:
    last = shown - 1
    end_s = float(block.time_s[last])
    return (
        f'    <data startseqid="{block.first_row + 1}" endseqid="{block.first_row + shown}"'
        f' stepindex="{block.index}" stepid="{block.step.step_id}" cycleid="{block.cycle}"'
        f' steptype="{block.step.word}" steptime="{round(end_s * 1e3)}"'
        f' endatime="{wall_text(started_at, block.start_s + end_s)}"'
        f' startvolt="{number(block.voltage_v[0])}" endvolt="{number(block.voltage_v[last])}"'
        f' startcurr="{number(block.current_ma[0] / 1e3)}"'
        f' endcurr="{number(block.current_ma[last] / 1e3)}"'
        f' cap="{number(block.capacity_mah[last] / 1e3)}"'
        f' eng="{number(block.energy_mwh[last] / 1e3)}" dcir="0" />\r\n'
    )
