"""A Neware BTS 8 server with its channels on a real TCP port: frames of XML both ways."""

import argparse
import asyncio
import signal
import tomllib
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import uvicorn

from shared.clock import read_clock
from simulators.bts_answers import Answers
from simulators.channels import Bench, BenchConfig
from simulators.line import Line
from simulators.physics.markup import parse_markup
from simulators.tester_faults import create_tester_control
from simulators.world import World

TERMINATOR = b"\n\n#\r\n"
FRAME_LIMIT_BYTES = 1024 * 1024
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<bts version="1.0">\r\n'
REFUSED = "  <cmd>unknown_resp</cmd>\r\n  <result>false</result>\r\n"


class BtsServer:
    """Serves the channels of one bench; every change happens on the event loop.

    Faults read from the world under the tester's name: `silent` (no answers), `late_answers`
    (wall seconds), those of a course (`channels.COURSE_FAULTS`), `swapped_barcode`, `missing_rows`.
    """

    def __init__(
        self,
        bench: Bench,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        quirks: bool = True,
        username: str = "admin",
        password: str = "neware",
    ) -> None:
        self.bench = bench
        self._answers = Answers(bench, quirks)
        self._login = (username, password)
        self._line = Line(host, port, self._converse, limit_bytes=FRAME_LIMIT_BYTES)

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
            frame = await reader.readuntil(TERMINATOR)
            if self.bench.acts("silent") is not None:
                continue
            delay_s = self.bench.acts("late_answers")
            if delay_s is not None:
                await asyncio.sleep(delay_s)
            try:
                root = parse_markup(frame[: -len(TERMINATOR)])
            except (ElementTree.ParseError, UnicodeError, LookupError, ValueError):
                body = REFUSED
            else:
                connecting = (root.findtext("cmd") or "").strip() == "connect"
                if connecting:
                    welcome = self._knows(root)
                    result = "ok" if welcome else "false"
                    body = f"  <cmd>connect_resp</cmd>\r\n  <result>{result}</result>\r\n"
                else:
                    body = self._answers.answer(root) if welcome else REFUSED
            writer.write(f"{HEAD}{body}</bts>".encode() + TERMINATOR)
            await writer.drain()

    def _knows(self, root: ElementTree.Element) -> bool:
        """Whether a connect command carries the right name and password."""
        return (root.findtext("username"), root.findtext("password")) == self._login


def read_tester(plant: Path) -> tuple[BenchConfig, str, int]:
    """Return the first tester of a plant file with its host and port."""
    entry = tomllib.loads(plant.read_text())["tester"][0]
    endpoint = urlsplit(entry["endpoint"])
    config = BenchConfig(
        name=entry["equipment_id"].rsplit("/", 1)[-1],
        channel_count=entry["channel_count"],
        device_type=entry["device_type"],
        device_id=entry["device_id"],
        current_range_ma=entry["current_range_ma"],
        voltage_range_v=entry["voltage_range_v"],
        ranges=tuple(
            (tuple(item["channels"]), item["current_range_ma"]) for item in entry.get("ranges", ())
        ),
    )
    return config, endpoint.hostname or "127.0.0.1", endpoint.port or 502


def read_arguments() -> argparse.Namespace:
    """Return the arguments of the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plant", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clock-file", type=Path)
    parser.add_argument("--no-quirks", action="store_true")
    return parser.parse_args()


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    config, host, port = read_tester(arguments.plant)
    clock = read_clock(arguments.clock_file)
    folder = arguments.data_dir / "simulators"
    world = World(folder / "world.sqlite", seed=arguments.seed)
    bench = Bench(config, folder / f"{config.name}.sqlite", world, clock.now)
    tester = BtsServer(bench, host, port, quirks=not arguments.no_quirks)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await tester.start()
    control = uvicorn.Server(
        uvicorn.Config(
            create_tester_control(bench),
            host="127.0.0.1",
            port=arguments.control_port,
            log_level="error",
        )
    )
    serving = asyncio.create_task(control.serve())
    print(f"ready {config.name}", flush=True)
    await ended.wait()
    control.should_exit = True
    await tester.stop()
    await asyncio.gather(serving, return_exceptions=True)
    bench.close()
    world.close()


if __name__ == "__main__":
    asyncio.run(run(read_arguments()))
