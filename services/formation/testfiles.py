"""Owns the reading of a tester's own record, Neware .ndax and .nda, and the doubts about it."""

import hashlib
import io
import logging
import re
import struct
import tempfile
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, Literal, cast
from xml.etree import ElementTree

import numpy as np
import polars as pl

from services.formation.cycles import Kind
from shared.errors import InvalidInputError

CycleCount = Literal["tester", "by_charge"]
Column = np.ndarray[Any, np.dtype[Any]]

MAX_FILE_BYTES = 512 * 2**20
MAX_UNPACKED_BYTES = 4 * 2**30
GAP_TIMES, SHORTEST_GAP_S = 20.0, 60.0  # of the usual time between rows of a step
CLOCK_SLACK_S = 5.0

# fastnda step type -> our kind (testing-cells.md section 2b lists the numbers)
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "Rest": "rest",
        "OCV": "rest",
        "CC_Chg": "cc_charge",
        "CV_Chg": "cv_charge",
        "CCCV_Chg": "cccv_charge",
        "PCCCV_Chg": "cccv_charge",
        "CP_Chg": "cp_charge",
        "CPCV_Chg": "cp_charge",
        "CR_Chg": "cr_charge",
        "CRCV_Chg": "cr_charge",
        "CC_DChg": "cc_discharge",
        "CV_DChg": "cv_discharge",
        "CCCV_DChg": "cccv_discharge",
        "CP_DChg": "cp_discharge",
        "CPCV_DChg": "cp_discharge",
        "CR_DChg": "cr_discharge",
        "CRCV_DChg": "cr_discharge",
    }
)
COLUMNS: Mapping[str, tuple[str, type[pl.DataType]]] = MappingProxyType(
    {
        "index": ("row", pl.Int64),
        "total_time_s": ("time_s", pl.Float64),
        "step_time_s": ("step_time_s", pl.Float64),
        "unix_time_s": ("unix_time_s", pl.Float64),
        "voltage_V": ("voltage_v", pl.Float64),
        "current_mA": ("current_ma", pl.Float64),
        "capacity_mAh": ("capacity_mah", pl.Float64),
        "energy_mWh": ("energy_mwh", pl.Float64),
        "cycle_count": ("cycle", pl.Int64),
        "step_count": ("step", pl.Int64),
        "step_index": ("step_index", pl.Int64),
    }
)
# fastnda reports through `warnings` and `logging`, which can only be listened to process-wide, so
# reads take turns.
_TURN = threading.Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class TestFile:
    """One test as the tester recorded it.

    `rows` (n,): row, time_s (since start), step_time_s, unix_time_s, voltage_v, current_ma,
    capacity_mah and energy_mwh (signed, reset per step), cycle, step, step_index, kind, aux*.
    `channel` is `device-unit-channel` in the numbers of TestInfo.xml. `ended`: the tester had
    stamped an end before the file was saved. `damaged`: rows may be trusted by nobody.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    name: str
    rows: pl.DataFrame
    barcode: str | None
    channel: str | None
    step_xml: str | None
    ended: bool
    warnings: tuple[str, ...]
    damaged: bool
    sha256: str
    parser: str

    @property
    def may_gate(self) -> bool:
        """Return whether a gate may use these rows: only where the parser had nothing to say."""
        return not self.damaged and not self.warnings


@dataclass(frozen=True)
class _Side:
    """What stands beside the rows in the file."""

    barcode: str | None
    channel: str | None
    step_xml: str | None
    ended: bool
    warnings: tuple[str, ...]


def read_test_file(name: str, content: bytes, *, cycles: CycleCount = "tester") -> TestFile:
    """Return the rows and the identity in a .ndax or .nda file.

    `cycles`: the tester's own count (it follows the loops of the protocol), or a new cycle at each
    charge after a discharge. A file that reads with errors is returned as `damaged`.

    Raises:
        InvalidInputError: other ending, empty, too large, truncated, not a zip, no rows; names the
            file, what is wrong and its size.
    """
    size = f"{len(content)} bytes"
    suffix = PurePath(name).suffix.lower()
    if suffix not in (".ndax", ".nda"):
        raise InvalidInputError(f"{name}: ending is '{suffix}'; readable are .ndax and .nda")
    if not 0 < len(content) <= MAX_FILE_BYTES:
        raise InvalidInputError(f"{name}: {size}; a test file has 1 to {MAX_FILE_BYTES} bytes")
    with _refusing_unreadable(name, size):
        side = _side_of_zip(name, content) if suffix == ".ndax" else _side_of_nda(name, content)
        frame, heard, errors = _parsed(suffix, content, cycles)
    if frame.is_empty():
        raise InvalidInputError(f"{name}: no rows in {size}")
    rows = _normalised(name, frame)
    found = doubts(rows)
    from fastnda import __version__

    return TestFile(
        name=name,
        rows=rows,
        barcode=side.barcode,
        channel=side.channel,
        step_xml=side.step_xml,
        ended=side.ended,
        warnings=(*side.warnings, *heard, *found),
        damaged=bool(errors or found),
        sha256=hashlib.sha256(content).hexdigest(),
        parser=f"fastnda {__version__}",
    )


@contextmanager
def _refusing_unreadable(name: str, size: str) -> Iterator[None]:
    """Turn what zip, fastnda and polars raise over broken bytes into one refusal."""
    unreadable: tuple[type[Exception], ...] = (
        *_decompression_errors(),
        pl.exceptions.PolarsError,
        ValueError,
        LookupError,
        EOFError,
        RuntimeError,  # zipfile's word for a part that claims to be encrypted
        struct.error,
    )
    try:
        yield
    except zipfile.BadZipFile as error:
        raise InvalidInputError(
            f"{name}: not a complete zip archive ({size}): {error}; fetch the file again"
        ) from error
    except unreadable as error:
        raise InvalidInputError(
            f"{name}: unreadable ({size}): {type(error).__name__}: {error}; fetch the file again"
        ) from error


def _decompression_errors() -> tuple[type[Exception], ...]:
    """Return zlib's error and that of isal, which fastnda puts in zlib's place when installed."""
    try:
        from isal.isal_zlib import error as isal_error
    except ImportError:
        return (zlib.error,)
    return (zlib.error, cast("type[Exception]", isal_error))


def _side_of_zip(name: str, content: bytes) -> _Side:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise InvalidInputError(
                f"{name}: unpacks to {unpacked}, over {MAX_UNPACKED_BYTES} bytes"
            )
        methods = {entry.compress_type for entry in archive.infolist()}
        if not methods <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise InvalidInputError(f"{name}: compression {methods}; a tester stores or deflates")
        broken = archive.testzip()
        if broken is not None:
            raise InvalidInputError(
                f"{name}: part {broken} fails its checksum ({len(content)} bytes)"
            )
        if "data.ndc" not in archive.namelist():
            raise InvalidInputError(f"{name}: part data.ndc is missing ({len(content)} bytes)")
        notes: list[str] = []
        step_xml = _xml_text(archive, "Step.xml", notes)
        info = _test_info(_xml_text(archive, "TestInfo.xml", notes), notes)
    address = [info.get(key) for key in ("DevID", "UnitID", "ChlID")]
    return _Side(
        barcode=info.get("Barcode") or None,
        channel="-".join(part for part in address if part) if all(address) else None,
        step_xml=step_xml,
        ended="EndTime" in info,
        warnings=tuple(notes),
    )


def _side_of_nda(name: str, content: bytes) -> _Side:
    if not content.startswith(b"NEWARE"):
        raise InvalidInputError(f"{name}: does not begin with 'NEWARE' ({len(content)} bytes)")
    note = f"{name}: barcode, channel and protocol are not read from .nda"
    return _Side(barcode=None, channel=None, step_xml=None, ended=False, warnings=(note,))


def _xml_text(archive: zipfile.ZipFile, part: str, notes: list[str]) -> str | None:
    """Return a part in the encoding it declares (real files GB2312, unicycler's UTF-8)."""
    if part not in archive.namelist():
        notes.append(f"part {part} is missing")
        return None
    raw = archive.read(part)
    declared = re.search(rb"""encoding=["']([A-Za-z0-9._-]+)["']""", raw[:200])
    word = declared.group(1).decode().lower() if declared else "utf-8"
    encoding = "gb18030" if word.startswith("gb") else "utf-8"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        notes.append(f"part {part} holds bytes that are not {word}")
        return raw.decode(encoding, errors="replace")


def _test_info(text: str | None, notes: list[str]) -> Mapping[str, str]:
    if text is None:
        return {}
    if "<!DOCTYPE" in text:  # the tester writes none; entities could blow up
        notes.append("part TestInfo.xml declares a document type and was not read")
        return {}
    try:
        found = ElementTree.fromstring(text).find("config/TestInfo")
    except ElementTree.ParseError as error:
        notes.append(f"part TestInfo.xml is not XML: {error}")
        return {}
    return dict(found.attrib) if found is not None else {}


def _parsed(
    suffix: str, content: bytes, cycles: CycleCount
) -> tuple[pl.DataFrame, tuple[str, ...], bool]:
    """Return fastnda's frame, what it said while reading, and whether any of that was an error."""
    import fastnda

    with tempfile.TemporaryDirectory() as folder:  # fastnda opens paths only
        path = Path(folder) / f"test{suffix}"
        path.write_bytes(content)
        with _TURN, warnings.catch_warnings(record=True) as caught, _listening() as records:
            warnings.simplefilter("always")
            frame = fastnda.read(path, cycle_mode="raw" if cycles == "tester" else "chg")
    said = [record.getMessage() for record in records]
    heard = tuple(said + [f"{item.category.__name__}: {item.message}" for item in caught])
    return frame, heard, any(record.levelno >= logging.ERROR for record in records)


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """Collect what fastnda logs; it goes on to the log of the service as well."""
    listener, logger = _Listener(), logging.getLogger("fastnda")
    logger.addHandler(listener)
    try:
        yield listener.records
    finally:
        logger.removeHandler(listener)


def _normalised(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    missing = [column for column in ("voltage_V", "current_mA", "step_type") if column not in frame]
    if missing:
        raise InvalidInputError(f"{name}: the tester's rows lack {', '.join(missing)}")
    columns = [
        pl.col(theirs).cast(dtype).alias(ours)
        for theirs, (ours, dtype) in COLUMNS.items()
        if theirs in frame.columns
    ]
    kind = pl.col("step_type").cast(pl.String).replace_strict(KINDS, default="other").alias("kind")
    aux = [pl.col(c).alias(c.lower()) for c in frame.columns if c.startswith("aux")]
    return frame.select(*columns, kind, *aux)


def doubts(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return what is wrong with the rows themselves."""
    found = []
    counts = zip(rows.columns, rows.null_count().row(0), strict=True)
    holes = [name for name, count in counts if count and not name.startswith("aux")]
    if holes:
        found.append(f"rows have empty cells in {', '.join(holes)}")
    row_steps = np.diff(rows["row"].to_numpy().astype(float))
    gaps = int(np.count_nonzero((row_steps != 1.0) & ~np.isnan(row_steps)))
    if gaps:
        found.append(f"row numbers jump {gaps} times; rows are missing")
    time_s = rows["time_s"].to_numpy()
    back = int(np.count_nonzero(np.diff(time_s) < 0.0))
    if back:
        found.append(f"time runs backwards {back} times")
    found += _gaps(time_s, rows["step"].to_numpy())
    if "unix_time_s" in rows.columns:
        off_s = np.abs(np.diff(rows["unix_time_s"].to_numpy()) - np.diff(time_s))
        set_count = int(np.count_nonzero(off_s > CLOCK_SLACK_S))
        if set_count:
            most_s = float(np.nanmax(off_s))
            found.append(f"the tester's clock was set {set_count} times, by up to {most_s:g} s")
    return tuple(found)


def _gaps(time_s: Column, step: Column) -> list[str]:
    """Return where rows are missing inside a step.

    Rows of one step come at a rate; one that comes twenty times as late as usual, and more than a
    minute, has lost those before it.
    """
    late = list[float]()
    edges = np.flatnonzero(step[1:] != step[:-1]) + 1
    candidates = np.flatnonzero(np.diff(time_s) > SHORTEST_GAP_S) + 1
    for number in np.unique(np.searchsorted(edges, candidates, side="right")):
        start = int(edges[number - 1]) if number else 0
        end = int(edges[number]) if number < len(edges) else len(step)
        passed_s = np.diff(time_s[start:end])
        usual_s = float(np.median(passed_s)) if len(passed_s) else 0.0
        far = (passed_s > GAP_TIMES * usual_s) & (passed_s > SHORTEST_GAP_S)
        late += passed_s[far].tolist() if usual_s > 0.0 else []
    if not late:
        return []
    return [f"{len(late)} gaps inside steps, up to {max(late):g} s; rows are missing"]
