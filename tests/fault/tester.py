"""The line to the simulated battery tester without a socket: its own XML both ways."""

import asyncio
from typing import Any
from xml.etree.ElementTree import Element

from services.formation.bts_line import HEAD, BtsLine
from services.formation.neware import NewareClient
from shared.settings import TesterSettings
from simulators.bts_answers import Answers
from simulators.channels import Bench
from simulators.physics.markup import parse_markup
from tests.fault.chance import Chance
from tests.fault.life import Life

ANSWER_S = (0.001, 0.02)
TIMEOUT_S = 10.0
ANSWER_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<bts version="1.0">\r\n'


class MemoryLine(BtsLine):
    """One life's line to the tester; a command may be lost before or after it took effect."""

    def __init__(self, tester: TesterSettings, bench: Bench, life: Life, chance: Chance) -> None:
        super().__init__(
            tester.endpoint, login=("", ""), timeout_s=TIMEOUT_S, frame_limit_bytes=2**24
        )
        self._name = tester.equipment_id.rsplit("/", 1)[-1]
        self._answers, self._life, self._chance = Answers(bench), life, chance

    async def _opened(self) -> Any:
        """No socket to open."""
        return None

    async def _exchange(self, streams: Any, command: str, body: str) -> Element:
        await asyncio.sleep(self._chance.stream("tester").uniform(*ANSWER_S))
        self._life.check()
        if self._chance.acts("station_away", self._name) is not None:
            raise ConnectionRefusedError("connection refused")
        if self._chance.strikes("call_lost", self._name):
            raise ConnectionResetError("connection reset")
        frame = f"{HEAD}<cmd>{command}</cmd>{body}</bts>".encode()
        answer = f"{ANSWER_HEAD}{self._answers.answer(parse_markup(frame))}</bts>".encode()
        if self._chance.strikes("crash_in_call", self._life.name):
            self._life.end()
        if self._chance.strikes("answer_lost", self._name):
            raise ConnectionResetError("connection reset")
        return self._parsed(answer, command)


def tester_client(tester: TesterSettings, bench: Bench, life: Life, chance: Chance) -> NewareClient:
    """Return the client of a tester over a line in memory."""
    return NewareClient(tester.endpoint, line=MemoryLine(tester, bench, life, chance))
