"""The rows of battery tests on their way to the historian: one Arrow schema, numbers to scale."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from shared.errors import InvalidInputError

if TYPE_CHECKING:  # loaded at the first batch
    import pyarrow as pa

CONTENT_TYPE = "application/vnd.apache.arrow.stream"
MOST_ROWS = 1_000_000
# Digits behind the point: 10 µV, 0.1 µA, 0.01 µAh, 0.1 µWh, 0.01 K. A narrow column has 4 bytes.
DIGITS: Mapping[str, int] = MappingProxyType(
    {
        "time_s": 3,
        "voltage_v": 5,
        "current_ma": 4,
        "capacity_mah": 5,
        "energy_mwh": 4,
        "temperature_degc": 2,
    }
)
COUNTS = ("row", "cycle", "step")
TEXTS = ("series_id", "kind")
NARROW = ("voltage_v", "temperature_degc")
WIDTH = {True: (9, np.int32), False: (18, np.int64)}
MAY_BE_UNKNOWN = ("temperature_degc",)


def schema() -> "pa.Schema":
    """Return the schema of rows, in batches and in sealed files alike.

    series_id: the test; row counts from 1 through it. time_s from its start. Charge and energy
    count from the start of the step and are positive; `kind` tells the direction. A current that
    charges is positive.
    """
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(name, word, nullable=False) for name in TEXTS]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in COUNTS]
    for name, digits in DIGITS.items():
        kind = pa.decimal32(9, digits) if name in NARROW else pa.decimal64(18, digits)
        fields.append(pa.field(name, kind, nullable=name in MAY_BE_UNKNOWN))
    return pa.schema(fields)


def table(columns: Mapping[str, Any]) -> "pa.Table":
    """Return rows from columns by the names of `schema`, rounded to its digits.

    A missing temperature column, and a temperature that is not finite, is unknown.

    Raises:
        InvalidInputError: another number is not finite, or beyond what its column holds.
    """
    import pyarrow as pa

    made = []
    for field in schema():
        given = columns.get(field.name)
        if field.name in DIGITS:
            made.append(_scaled(field, given, len(columns["row"])))
        elif field.name in COUNTS:
            made.append(pa.array(np.asarray(given), pa.int32()))
        else:
            made.append(_words(given))
    return pa.Table.from_arrays(made, schema=schema())


def encode(rows: "pa.Table") -> bytes:
    """Return rows as a compressed Arrow stream, as it is sent and kept.

    All are in one record batch: one for each test, as they are joined, would take tens of times the
    bytes, and as much longer to read.
    """
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd", unify_dictionaries=True)
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(rows.combine_chunks())
    whole: bytes = sink.getvalue().to_pybytes()
    return whole


def decode(body: bytes) -> "pa.Table":
    """Return the rows of a batch.

    Raises:
        InvalidInputError: no Arrow stream, another schema, no rows, more than `MOST_ROWS`, an
            unknown value in a column that must have one, or a row number below 1.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        rows = read(body)
        rows.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # a damaged name is one too
        raise InvalidInputError(f"a batch of {len(body)} bytes is no Arrow stream") from error
    if rows.schema.remove_metadata() != schema():
        raise InvalidInputError(f"a batch has another schema than {schema()}")
    if not 0 < rows.num_rows <= MOST_ROWS:
        raise InvalidInputError(f"a batch has {rows.num_rows} rows; send 1 to {MOST_ROWS}")
    for name in rows.schema.names:
        if name not in MAY_BE_UNKNOWN and rows[name].null_count:
            raise InvalidInputError(f"{rows[name].null_count} rows have no {name}")
    if pc.min(rows["row"]).as_py() < 1:
        raise InvalidInputError("a row number is below 1; rows count from 1 through a test")
    return rows


def read(body: bytes) -> "pa.Table":
    """Return the rows of a batch that was looked at before."""
    import pyarrow as pa

    with pa.ipc.open_stream(body) as reader:
        rows: pa.Table = reader.read_all()
    return rows


def series_of(rows: "pa.Table") -> list[str]:
    """Return the tests that rows are of, sorted."""
    names: list[str] = rows["series_id"].unique().to_pylist()
    return sorted(names)


def joined(tables: Sequence["pa.Table"]) -> "pa.Table":
    """Return several tables as one, each text column with one dictionary."""
    import pyarrow as pa

    return pa.concat_tables([schema().empty_table(), *tables]).unify_dictionaries()


def _scaled(field: "pa.Field", given: Any, count: int) -> "pa.Array":
    import pyarrow as pa

    if given is None and field.nullable:
        return pa.nulls(count, field.type)
    values = np.asarray(given, dtype=float)
    known = np.isfinite(values)
    if not field.nullable and not known.all():
        raise InvalidInputError(f"{field.name} of row {int(np.argmin(known)) + 1} is not finite")
    precision, width = WIDTH[field.name in NARROW]
    scaled = np.rint(np.where(known, values, 0.0) * 10.0**field.type.scale)
    if (np.abs(scaled) >= 10.0**precision).any():
        raise InvalidInputError(
            f"{field.name} reaches {np.abs(values[known]).max():g}; the column ends at "
            f"{10.0 ** (precision - field.type.scale):g}"
        )
    validity = None if known.all() else pa.array(known).buffers()[1]
    return pa.Array.from_buffers(field.type, count, [validity, pa.py_buffer(scaled.astype(width))])


def _words(given: Any) -> "pa.Array":
    import pyarrow as pa

    if isinstance(given, pa.DictionaryArray):
        return given
    return pa.array(given, pa.string()).dictionary_encode()
