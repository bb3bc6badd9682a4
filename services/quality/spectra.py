"""Owns impedance spectra: the text formats they arrive in and what makes one worth evaluating."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

MIN_POINTS = 5
MAX_POINTS = 100_000

# Header words, lower case, of each column; the number is the factor that makes it +Im(Z) or Re(Z).
FREQUENCY_WORDS = ("freq/hz", "freq(hz)", "freq.[hz]", "freq", "frequency_hz", "frequency", "f")
REAL_WORDS = ("re(z)/ohm", "z'(a)", "zs'[ohm]", "zreal", "z_real_ohm", "re")
IMAGINARY_WORDS: Mapping[str, float] = MappingProxyType(
    {
        "-im(z)/ohm": -1.0,
        "im(z)/ohm": 1.0,
        "z''(b)": 1.0,
        "zs''[ohm]": 1.0,
        "zimag": 1.0,
        "z_imag_ohm": 1.0,
        "im": 1.0,
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """One impedance spectrum in the order of the file; both arrays are read-only.

    `frequency_hz` (n,): positive, each value once. `z_ohm` (n,): complex, inductive parts positive.
    """

    name: str
    frequency_hz: FloatArray
    z_ohm: ComplexArray
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class _Table:
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    first_line: int


def spectrum_from_arrays(
    name: str,
    frequency_hz: npt.ArrayLike,
    z_ohm: npt.ArrayLike,
    metadata: Mapping[str, str] | None = None,
) -> Spectrum:
    """Return a checked spectrum from `frequency_hz` (n,) and complex `z_ohm` (n,).

    Raises:
        InvalidInputError: unequal or too short arrays, values that are not finite, a frequency that
            is not positive or occurs twice, an impedance of zero (it could not be weighted).
    """
    frequency = np.array(frequency_hz, dtype=np.float64)
    z = np.array(z_ohm, dtype=np.complex128)
    if frequency.ndim != 1 or frequency.shape != z.shape:
        raise InvalidInputError(
            f"{name}: frequency_hz has shape {frequency.shape}, z_ohm {z.shape}; both must be (n,)"
        )
    if not MIN_POINTS <= frequency.size <= MAX_POINTS:
        raise InvalidInputError(
            f"{name}: {frequency.size} points; a spectrum has {MIN_POINTS} to {MAX_POINTS}"
        )
    _refuse_first(name, "frequency_hz", frequency, ~np.isfinite(frequency), "a finite number")
    _refuse_first(name, "frequency_hz", frequency, frequency <= 0.0, "above 0 Hz")
    order = np.argsort(frequency, kind="stable")
    repeated = np.zeros(frequency.size, dtype=bool)
    repeated[order[1:]] = np.diff(frequency[order]) == 0.0
    _refuse_first(name, "frequency_hz", frequency, repeated, "present once only")
    _refuse_first(name, "z_ohm", z, ~np.isfinite(z), "finite in both parts")
    _refuse_first(name, "z_ohm", z, z == 0.0, "other than 0 ohm")
    frequency.setflags(write=False)
    z.setflags(write=False)
    return Spectrum(
        name=name,
        frequency_hz=frequency,
        z_ohm=z,
        metadata=MappingProxyType(dict(metadata or {})),
    )


def read_spectrum(name: str, content: bytes) -> Spectrum:
    """Return the spectrum in a BioLogic .mpt, Gamry .DTA, ZPlot .z, EISFitpython .txt or .csv file.

    The first line decides where it is a vendor's own, else the ending of `name`. A csv has either
    no header and the columns frequency, real, imaginary part, or a header with the known words.

    Raises:
        InvalidInputError: unknown format, no frequency or impedance column, a cell that is no
            number, or whatever `spectrum_from_arrays` refuses; names file, field, value and limit.
    """
    text = _decode(content)
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise InvalidInputError(f"{name}: file is empty ({len(content)} bytes)")
    table = _reader(name, lines[0])(name, lines)
    frequency, z = _impedance_columns(name, table)
    return spectrum_from_arrays(name, frequency, z, _metadata(lines[: table.first_line - 1]))


def _refuse_first(
    name: str, field: str, values: npt.NDArray[np.generic], bad: npt.NDArray[np.bool_], limit: str
) -> None:
    if bad.any():
        point = int(np.flatnonzero(bad)[0])
        raise InvalidInputError(
            f"{name}: {field} is {values[point]} at point {point + 1}; it must be {limit}"
        )


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # EC-Lab and Gamry write degree and micro signs in it


def _reader(name: str, first_line: str) -> Callable[[str, Sequence[str]], _Table]:
    for mark, reader in (("EC-Lab", _biologic), ("EXPLAIN", _gamry), ("ZPLOT", _zplot)):
        if first_line.startswith(mark):
            return reader
    suffix = PurePath(name).suffix.lower()
    if suffix == ".csv":
        return _csv
    if suffix == ".txt":
        return _eisfit
    raise InvalidInputError(
        f"{name}: format not known; readable are .mpt, .DTA, .z, .csv and .txt with own headers"
    )


def _biologic(name: str, lines: Sequence[str]) -> _Table:
    for line in lines[:5]:
        words = line.split(":")
        if words[0].strip() == "Nb header lines" and len(words) == 2 and words[1].strip().isdigit():
            start = int(words[1])
            if not 1 <= start <= len(lines):
                raise InvalidInputError(
                    f"{name}: 'Nb header lines' is {start}, the file has {len(lines)} lines"
                )
            # EC-Lab writes the decimal mark of the Windows locale; the columns are split by tabs.
            rows = [_cells(line.replace(",", ".")) for line in lines[start:] if line.strip()]
            return _Table(_cells(lines[start - 1]), rows, start + 1)
    raise InvalidInputError(f"{name}: no 'Nb header lines' in the first 5 lines of an EC-Lab file")


def _gamry(name: str, lines: Sequence[str]) -> _Table:
    start = _line_with(name, lines, "ZCURVE")
    if start + 2 >= len(lines):
        raise InvalidInputError(f"{name}: table ZCURVE has no rows below its header")
    rows = []
    for line in lines[start + 3 :]:
        if not line.startswith("\t"):
            break
        rows.append(_cells(line))
    return _Table(_cells(lines[start + 1]), rows, start + 4)


def _zplot(name: str, lines: Sequence[str]) -> _Table:
    end = _line_with(name, lines, "End Comments")
    rows = [_cells(line) for line in lines[end + 1 :] if line.strip()]
    return _Table(_cells(lines[end - 1]), rows, end + 2)


def _eisfit(name: str, lines: Sequence[str]) -> _Table:
    start = _line_with(name, lines, "Freq.[Hz]")
    rows = [_cells(line) for line in lines[start + 1 :] if line.strip()]
    return _Table(_cells(lines[start]), rows, start + 2)


def _csv(name: str, lines: Sequence[str]) -> _Table:
    first = [cell.strip() for cell in lines[0].split(",")]
    has_header = not _is_number(first[0])
    header = first if has_header else ["f", "re", "im"]
    rows = [line.split(",") for line in lines[int(has_header) :] if line.strip()]
    return _Table(header, rows, 1 + int(has_header))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.rstrip().split("\t")]


def _line_with(name: str, lines: Sequence[str], mark: str) -> int:
    for index, line in enumerate(lines):
        if line.strip().startswith(mark):
            return index
    raise InvalidInputError(f"{name}: no line '{mark}', so no table of impedances was found")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _impedance_columns(name: str, table: _Table) -> tuple[FloatArray, ComplexArray]:
    header = [cell.strip().lower() for cell in table.header]
    frequency_at = _column(name, "frequency", header, FREQUENCY_WORDS)
    real_at = _column(name, "real part", header, REAL_WORDS)
    imaginary_at = _column(name, "imaginary part", header, tuple(IMAGINARY_WORDS))
    sign = IMAGINARY_WORDS[header[imaginary_at]]
    frequency = _numbers(name, table, frequency_at)
    z = _numbers(name, table, real_at) + 1j * sign * _numbers(name, table, imaginary_at)
    return frequency, z


def _column(name: str, field: str, header: Sequence[str], words: Sequence[str]) -> int:
    for index, cell in enumerate(header):
        if cell in words:
            return index
    raise InvalidInputError(
        f"{name}: no {field} column; the header has {', '.join(header)}; "
        f"known is {', '.join(words)}"
    )


def _numbers(name: str, table: _Table, column: int) -> FloatArray:
    values = np.empty(len(table.rows))
    for index, row in enumerate(table.rows):
        cell = row[column].strip() if column < len(row) else ""
        if not _is_number(cell):
            raise InvalidInputError(
                f"{name}: line {table.first_line + index}, column '{table.header[column]}' is "
                f"'{cell}'; it must be a number"
            )
        values[index] = float(cell)
    return values


def _metadata(lines: Sequence[str]) -> dict[str, str]:
    """Return what the header states as `key : value`, `key=value` or Gamry's tag, type, value."""
    found: dict[str, str] = {}
    for line in lines:
        cells = line.strip().split("\t")
        for mark in (":", "="):
            key, separator, value = line.partition(mark)
            if separator and len(cells) == 1 and key.strip() and value.strip():
                found.setdefault(key.strip(), value.strip())
                break
        if len(cells) >= 3 and cells[0].isupper():
            found.setdefault(cells[0], cells[2])
    return found
