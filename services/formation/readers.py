"""Reads a test file of any kind that we know, each by its own reader; chosen by its ending."""

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath

import polars as pl

from services.formation.eclab import read_mpt
from services.formation.tables import read_table
from services.formation.testfiles import MAX_FILE_BYTES, TestFile, doubts, read_test_file
from shared.errors import InvalidInputError

OWN_PARSER = "halite 1"  # raise it when what a reader of ours returns for the same bytes changes
ENDINGS = (".ndax", ".nda", ".mpt", ".mpr", ".csv")
PROGRAM_TIMEOUT_S = 120.0
SHOWN = 300  # characters of what a program said


def read_any(name: str, content: bytes, *, mpr_program: Sequence[str] = ()) -> TestFile:
    """Return the rows and the identity in a file of a tester.

    `.ndax`, `.nda`: fastnda. `.mpt`: EC-Lab text. `.csv`, `.bdf.csv`: BDF's columns. `.mpr`: by
    `mpr_program`, called with the path of the file; it writes BDF as CSV to its standard output.

    Raises:
        InvalidInputError: another ending, empty, too large, truncated, no rows, no program set.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in (".ndax", ".nda"):
        return read_test_file(name, content)
    check_ending(name)
    if not 0 < len(content) <= MAX_FILE_BYTES:
        raise InvalidInputError(
            f"{name}: {len(content)} bytes; a test file has 1 to {MAX_FILE_BYTES} bytes"
        )
    parser = OWN_PARSER
    if suffix == ".mpt":
        rows, notes = read_mpt(name, content)
    elif suffix == ".csv":
        rows, notes = read_table(name, content)
    else:
        rows, notes = read_table(name, converted(name, content, mpr_program))
        parser = f"{PurePath(mpr_program[0]).name}, {OWN_PARSER}"
    return _file(name, content, rows, notes, parser)


def check_ending(name: str) -> None:
    """Refuse a file of a kind that no reader knows.

    Raises:
        InvalidInputError: another ending.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in ENDINGS:
        raise InvalidInputError(f"{name}: ending is '{suffix}'; readable are {', '.join(ENDINGS)}")


def _file(
    name: str, content: bytes, rows: pl.DataFrame, notes: tuple[str, ...], parser: str
) -> TestFile:
    found = doubts(rows)
    return TestFile(
        name=name,
        rows=rows,
        barcode=None,
        channel=None,
        step_xml=None,
        ended=False,  # text tells no end: a last step under current may have been cut off
        warnings=(*notes, *found),
        damaged=bool(found),
        sha256=hashlib.sha256(content).hexdigest(),
        parser=parser,
    )


def converted(name: str, content: bytes, program: Sequence[str]) -> bytes:
    """Return what a separate program makes of a file: BDF as CSV.

    Raises:
        InvalidInputError: none is set, it cannot be run, fails, or says nothing in time.
    """
    if not program:
        raise InvalidInputError(
            f"{name}: no program for .mpr is set (HALITE_MPR_PROGRAM);"
            " set one or export the file as text (.mpt)"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.mpr"
        path.write_bytes(content)
        try:
            done = subprocess.run(
                [*program, str(path)], capture_output=True, timeout=PROGRAM_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InvalidInputError(f"{name}: {program[0]}: {error}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[-SHOWN:] or "nothing"
        raise InvalidInputError(f"{name}: {program[0]} ended with {done.returncode}; said: {said}")
    return done.stdout
