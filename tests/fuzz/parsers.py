"""Bytes that nobody sane sends, for each parser of foreign bytes: only documented errors leave it.

`python -m tests.fuzz.parsers --seconds 600 [--parser NAME]` lets Atheris search by coverage, each
parser in a process of its own.
"""

import argparse
import contextlib
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from typing import Any, NamedTuple
from xml.etree import ElementTree

from pydantic import ValidationError

from deploy.example_data import FOLDER as EXAMPLES
from services.execution.schedule_file import read_schedule
from services.formation import answers, cti
from services.formation.readers import read_any
from services.formation.stepfile import canonical
from services.gateway import masterdata
from services.gateway.api import Subscribe
from services.gateway.persons import BadgeSignIn
from services.quality.grammar import parse_circuit
from services.quality.spectra import read_spectrum
from shared import telemetry, testrows
from shared.envelope import Envelope
from shared.errors import InvalidInputError, MesError, StationFaultError
from tests.fuzz import seeds

CHANNEL = answers.Channel(24, 1, 1, 1, "127.0.0.1")
LONGEST = 1 << 16
SHORTEST_S = 5
EXECUTED = re.compile(r"number_of_executed_units:\s*(\d+)")


class Parser(NamedTuple):
    """A parser of foreign bytes, the errors it documents, and good examples."""

    read: Callable[[bytes], Any]
    errors: tuple[type[Exception], ...]
    good: Callable[[], list[bytes]]


def bts_answer(content: bytes) -> None:
    """Read an answer of a Neware tester, once it is XML, by each of its readers."""
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError):
        return  # `BtsLine` refuses it
    for element in root.iter():
        for read in (answers.point_of, answers.latest_of, answers.row_of, answers.step_of):
            with contextlib.suppress(StationFaultError):
                read(element, CHANNEL, UTC)
        with contextlib.suppress(StationFaultError):
            answers.log_of(element, CHANNEL, UTC)
        with contextlib.suppress(StationFaultError):
            answers.device_of(element, "getdevinfo", UTC)


def cti_frame(content: bytes) -> None:
    """Read a frame of an Arbin cycler as far as its parts are sound."""
    if len(content) >= cti.HEAD.size and cti.answer_size(content[:12]) <= len(content):
        cti.opened(content[: cti.answer_size(content[:12])], cti.LOGIN)


def circuit(content: bytes) -> None:
    """Read an equivalent circuit as a person types it."""
    parse_circuit(content.decode(errors="replace"))


PARSERS: dict[str, Parser] = {
    "ndax": Parser(
        lambda raw: read_any("a.ndax", raw),
        (InvalidInputError,),
        lambda: [seeds.ndax(), *seeds.peers("neware/*.ndax")],
    ),
    "nda": Parser(
        lambda raw: read_any("a.nda", raw),
        (InvalidInputError,),
        lambda: [b"NEWARE" + bytes(4096), *seeds.peers("neware/*.nda")],
    ),
    "mpt": Parser(lambda raw: read_any("a.mpt", raw), (InvalidInputError,), lambda: [seeds.mpt()]),
    "bdf": Parser(
        lambda raw: read_any("a.bdf.csv", raw),
        (InvalidInputError,),
        lambda: [seeds.BDF, *seeds.peers("bdf/*.csv")],
    ),
    "spectrum": Parser(
        lambda raw: read_spectrum("a.csv", raw),
        (InvalidInputError,),
        lambda: [*seeds.spectra(), *seeds.peers("eis*/*.*")],
    ),
    "step file": Parser(
        canonical, (InvalidInputError,), lambda: [seeds.STEPS, *seeds.peers("protocol/*.xml")]
    ),
    "schedule": Parser(
        lambda raw: read_schedule(raw, "application/yaml"),
        (InvalidInputError,),
        lambda: [(EXAMPLES / "small-order.yaml").read_bytes()],
    ),
    "schedule csv": Parser(
        lambda raw: read_schedule(raw, "text/csv"),
        (InvalidInputError,),
        lambda: [seeds.SCHEDULE_CSV],
    ),
    "master data": Parser(
        masterdata.sections,
        (InvalidInputError,),
        lambda: [(EXAMPLES / "master-data.yaml").read_bytes()[:8000]],
    ),
    "test batch": Parser(testrows.decode, (InvalidInputError,), lambda: [seeds.test_batch()]),
    "telemetry": Parser(telemetry.read, (InvalidInputError,), lambda: [seeds.TELEMETRY]),
    "event": Parser(
        lambda raw: Envelope.model_validate_json(raw).event(),
        (ValidationError, MesError),
        lambda: [seeds.event()],
    ),
    "bts answer": Parser(bts_answer, (StationFaultError,), lambda: [seeds.POINT, seeds.ROW]),
    "cti frame": Parser(
        cti_frame,
        (StationFaultError,),
        lambda: [cti.HEAD.pack(cti.HEADER, 64, cti.ANSWERS[cti.LOGIN], 0) + bytes(64)],
    ),
    "cti login": Parser(cti.read_login, (StationFaultError,), lambda: [seeds.cti_login()]),
    "cti channel": Parser(cti.read_channel, (StationFaultError,), lambda: [seeds.cti_channel()]),
    "circuit": Parser(circuit, (InvalidInputError,), lambda: [b"L-R-p(R,Q)-Wo", b"p(R-W,C)"]),
    "badge": Parser(
        BadgeSignIn.model_validate_json, (ValidationError,), lambda: [b'{"badge":"4711","pin":"1"}']
    ),
    "live link": Parser(
        Subscribe.model_validate_json, (ValidationError,), lambda: [b'{"subscribe":["overview"]}']
    ),
}
WORDS = (
    b"\0", b"\xff" * 8, b"nan", b"inf", b"1e999", b"-1", b"0", b"9" * 40, b"\xc3\x28", b"\xf0\x9f",
    b'"', b"'", b"<", b"&x;", b"{", b"]", b",", b";", b"\t", b"\r\n", b"\n", b"&a [*a]", b"!!set",
    b"2026-13-45", b"\xed\xa0\x80", b"\\ud800", "½²٣".encode(), b"(" * 50, b"[" * 300,
)  # fmt: skip


def worse(content: bytes, draw: random.Random) -> bytes:
    """Return bytes changed at one to four places: cut, flipped, doubled, or with a word in them."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(changed) + 1)
        to = min(len(changed), at + draw.choice((1, 1, 2, 8, 64)))
        match draw.randrange(6):
            case 0:
                changed[at:to] = draw.randbytes(to - at)
            case 1:
                del changed[at:to]
            case 2:
                changed[at:at] = changed[at:to] * draw.randint(1, 3)
            case 3:
                changed[at:to] = draw.choice(WORDS)
            case 4:
                changed[at:at] = draw.choice(WORDS)
            case _:
                del changed[at:]
    return bytes(changed)


def blindly(parser: Parser, count: int, seed: int) -> dict[bytes, Exception]:
    """Read each good example and so many worse ones; return what left with another error."""
    draw, found = random.Random(seed), {}
    good = parser.good()
    tried = [*good, b""] + [worse(good[n % len(good)], draw) for n in range(count)]
    for content in tried:
        try:
            parser.read(content)
        except parser.errors:
            continue
        except Exception as error:  # whatever it is, it is what is looked for
            found[content] = error
    return found


def main(words: list[str]) -> int:
    """Search in all parsers; return 1 when another error left one."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.parsers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all of them")
    parser.add_argument("--parser", choices=PARSERS)
    asked = parser.parse_args(words)
    bad = 0
    names = [asked.parser] if asked.parser else list(PARSERS)
    each_s = str(max(SHORTEST_S, asked.seconds // len(names)))
    for name in names:
        command = [sys.executable, "-m", "tests.fuzz.search", name, each_s]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        bad += done.returncode != 0
        runs = EXECUTED.search(done.stderr)
        verdict = f"ended with {done.returncode}" if done.returncode else "sound"
        print(f"{name}: {verdict}, {runs[1] if runs else 'unknown'} inputs", flush=True)
        if done.returncode:
            print((done.stdout + done.stderr)[-4000:])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
