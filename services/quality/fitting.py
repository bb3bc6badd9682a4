"""Runs the fit process: started when asked, one question at a time, ended when idle or stuck."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from services.quality.fitter import Answer, AnyQuestion, Asked
from shared.errors import ServiceUnreachableError, StationFaultError

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FIT_S = 120.0
IDLE_S = 30.0
LONGEST_ANSWER_BYTES = 64_000_000


class FitProcess:
    """The door to the fit process."""

    def __init__(self, command: tuple[str, ...] = ("-m", "services.quality.fitter")) -> None:
        self._command = command
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._asked_at_s = 0.0

    async def ask(self, question: AnyQuestion, *, longest_s: float = LONGEST_FIT_S) -> Answer:
        """Return the answer to a question.

        Raises:
            StationFaultError: no answer within `longest_s` wall seconds; the process was ended.
            ServiceUnreachableError: the process died; asking again starts a new one.
        """
        line = Asked(question=question).model_dump_json().encode() + b"\n"
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(longest_s):
                    answer = await self._exchange(process, line)
            except TimeoutError as error:
                await self._end()
                raise StationFaultError(
                    f"fit process: no answer in {longest_s:g} s, it was ended"
                ) from error
            except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
                await self._end()
                raise ServiceUnreachableError(f"fit process: died: {error!r}") from error
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for that to the next question
                raise
            self._asked_at_s = asyncio.get_running_loop().time()
        return answer

    async def rest(self) -> None:
        """End the process for ever again when nothing was asked for some time."""
        while True:
            await asyncio.sleep(IDLE_S)
            idle_s = asyncio.get_running_loop().time() - self._asked_at_s
            if self._process is not None and not self._turn.locked() and idle_s >= IDLE_S:
                async with self._turn:
                    await self._end()

    async def stop(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            # A session of its own: Ctrl-C in the terminal must not look like a failed fit.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                limit=LONGEST_ANSWER_BYTES,
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUTF8": "1",
                    # More threads cost ten times the CPU: the matrices are too small for them.
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )
        return self._process

    async def _exchange(self, process: Process, line: bytes) -> Answer:
        if process.stdin is None or process.stdout is None:
            raise ConnectionError("the process has no pipes")
        process.stdin.write(line)
        await process.stdin.drain()
        reply = await process.stdout.readline()
        if not reply.endswith(b"\n"):
            raise ConnectionError(f"it ended after {len(reply)} bytes")
        return Answer.model_validate_json(reply)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()
