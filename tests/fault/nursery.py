"""Starts station processes quickly: a process that has read the library forks one for each line.

Its parent, which is measured, thus neither forks nor waits for a child. Lines in: the words of
`tests.fault.station_process` as JSON. Lines out: `started NAME PID`, `ready NAME`, `gone PID`.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from tests.fault import station_process

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """The parent's side: stations by name, and when they are ready or gone."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._pids: dict[str, int] = {}
        self._said: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def hear(self) -> None:
        """Take what the process says until it ends."""
        if self._process.stdout is None:
            raise AssertionError("the nursery has no output to read")
        async for line in self._process.stdout:
            word, who, *more = line.decode().split()
            if word == "started":
                self._pids[who] = int(more[0])
            self._said[f"{word} {who}"].set()

    async def start(self, name: str, words: list[str]) -> None:
        """Start a station and wait until its port is open."""
        if self._process.stdin is None:
            raise AssertionError("the nursery has no input to write to")
        for word in ("started", "ready"):
            self._said[f"{word} {name}"].clear()
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        await self._process.stdin.drain()
        await self._said[f"ready {name}"].wait()

    async def kill(self, name: str) -> None:
        """End a station at once and wait until it is gone; one that does not run stays so."""
        pid = self._pids.pop(name, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            await self._said[f"gone {pid}"].wait()


class StationProcess:
    """A station as a process of its own."""

    def __init__(self, started_by: Nursery, data_dir: Path, port: int, name: str) -> None:
        self._nursery, self._data_dir = started_by, data_dir
        self.port, self._name = port, name
        self.saved = data_dir / f"{name}.json"
        self.libraries, self.more = 5, 0

    async def start(self) -> None:
        """Start it and wait until its port is open."""
        more = [f"extra_{place}_v" for place in range(self.more)]
        words = ["--name", self._name, "--data-dir", str(self._data_dir)]
        words += ["--saved", str(self.saved), "--endpoint", f"opc.tcp://127.0.0.1:{self.port}"]
        words += ["--libraries", str(self.libraries), "--more", *more]
        await self._nursery.start(self._name, words)

    async def kill(self) -> None:
        """End it at once."""
        await self._nursery.kill(self._name)


@contextlib.asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """A nursery for as long as the block lasts; its stations end with it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.nursery", cwd=ROOT, stdin=pipe, stdout=pipe
    )
    made = Nursery(process)
    hearing = asyncio.create_task(made.hear())
    try:
        yield made
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
        await hearing


def main() -> None:
    """Fork a station for each line; end them all when there are no more lines."""
    running: set[int] = set()

    def reap(_signal: int, _frame: object) -> None:
        for pid in list(running):
            if os.waitpid(pid, os.WNOHANG)[0]:
                running.discard(pid)
                _say(f"gone {pid}")

    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        words = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            station_process.main(words)
            return
        running.add(pid)
        _say(f"started {words[1]} {pid}")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for pid in list(running):
        os.kill(pid, signal.SIGKILL)


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main()
