"""Batches and sealed files of time series on disk; the only place that knows Arrow and Parquet."""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.historian.domain import Row
from shared.errors import RetryLaterError

if TYPE_CHECKING:  # loaded at the first batch
    import pyarrow as pa

FOLDER = "timeseries"
FOLDERS = (FOLDER, "testrows")
ROWS_IN_A_GROUP = 16_384
MEMORY_LIMIT = "256MB"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows in one compressed blob, with what is needed to find it again."""

    row_count: int
    from_at: datetime
    to_at: datetime
    body: bytes


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """One closed file; `path` is relative to the data folder."""

    path: str
    row_count: int
    byte_count: int
    from_at: datetime
    to_at: datetime
    sha256: str


def table_of(rows: Sequence[Row]) -> "pa.Table":
    """Return rows as a table: equipment_id, signal, source_at (UTC, µs), value, status."""
    import pyarrow as pa

    names = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            ("equipment_id", names),
            ("signal", names),
            ("source_at", pa.timestamp("us", tz="UTC")),
            ("value", pa.float64()),
            ("status", names),
        ]
    )
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ([],) * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def batch_of(rows: Sequence[Row]) -> Batch:
    """Return at least one row as a batch."""
    import pyarrow as pa

    table = table_of(rows)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return Batch(
        row_count=len(rows),
        from_at=min(row.source_at for row in rows),
        to_at=max(row.source_at for row in rows),
        body=sink.getvalue().to_pybytes(),
    )


def joined(bodies: Iterable[bytes], rows: Sequence[Row] = ()) -> "pa.Table":
    """Return the rows of several batches, and further ones, as one table."""
    import pyarrow as pa

    tables = [pa.ipc.open_stream(body).read_all() for body in bodies]
    return pa.concat_tables([*tables, table_of(rows)]).unify_dictionaries()


def write_sealed(
    data_dir: Path, bodies: Iterable[bytes], beside: Sequence[str] = ()
) -> tuple[SealedFile, list[str]] | None:
    """Write batches as one file sorted by equipment, signal and time; return its equipment too.

    The file stands in the folder of the plant day of its first row. It counts only once it is in
    the catalogue; until then `remove_strays` takes it for the rest of a crash.

    beside: files of the same time; a row that one of them has is not written again. None: they
    have all of them.

    Raises:
        RetryLaterError: the disk is full or broken; nothing is left behind.
    """
    import pyarrow.compute as pc

    table = joined(bodies)
    keys = ("equipment_id", "signal", "source_at")
    plain = table.cast(_without_dictionaries(table.schema))
    table = once(plain.sort_by([(key, "ascending") for key in keys]))
    places = [str(data_dir / path) for path in beside if (data_dir / path).exists()]
    if places:
        table = _not_in(table, places).sort_by([(key, "ascending") for key in keys])
    if not table.num_rows:
        return None
    span = pc.min_max(table["source_at"]).as_py()
    folder = data_dir / FOLDER / f"{span['min']:%Y-%m-%d}"
    path = folder / f"{span['min']:%Y%m%dT%H%M%S}-{uuid.uuid4().hex}.parquet"
    file = written(
        data_dir, path, lambda to: _write(table, to), table.num_rows, span["min"], span["max"]
    )
    return file, sorted(table["equipment_id"].unique().to_pylist())


def once(table: "pa.Table") -> "pa.Table":
    """Return sorted rows without those that are the same as the row before them.

    The broker repeats what was committed but not yet acknowledged when a service ended, and of two
    historians each commits what it hears.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.num_rows < 2:
        return table
    same = None
    for name in table.schema.names:
        column = table[name].combine_chunks()
        before, after = column.slice(0, len(column) - 1), column.slice(1)
        both_missing = pc.and_(pc.is_null(before), pc.is_null(after))
        equal = pc.or_(pc.fill_null(pc.equal(before, after), False), both_missing)
        same = equal if same is None else pc.and_(same, equal)
    return table.filter(pa.concat_arrays([pa.array([True]), pc.invert(same)]))


def _not_in(table: "pa.Table", places: Sequence[str]) -> "pa.Table":
    """Return the rows of a table that no file has, in any order."""
    import duckdb
    import pyarrow.compute as pc

    columns = ", ".join(table.schema.names)
    span = pc.min_max(table["source_at"].cast("int64")).as_py()
    given = {"places": list(places), "first_us": span["min"], "last_us": span["max"]}
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT}) as engine:
        engine.register("rows", table)
        found = engine.sql(
            f"""
            SELECT {columns} FROM rows EXCEPT
            SELECT {columns} FROM read_parquet($places)
            WHERE source_at BETWEEN make_timestamptz($first_us) AND make_timestamptz($last_us)""",
            params=given,
        )
        return found.to_arrow_table().cast(table.schema)


def written(
    data_dir: Path,
    path: Path,
    write: Callable[[Path], None],
    row_count: int,
    from_at: datetime,
    to_at: datetime,
) -> SealedFile:
    """Return a file that is whole and on disk: under another name at first, forced, renamed.

    Raises:
        RetryLaterError: the disk is full or broken; nothing is left behind.
    """
    unfinished = path.with_suffix(".tmp")
    try:
        make_folder(path.parent)
        write(unfinished)
        sync(unfinished)
        unfinished.rename(path)
        sync(path.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)  # on a full disk many of them would take what is freed
        raise RetryLaterError(
            f"{path} cannot be written: {error}; its rows wait in the database"
        ) from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SealedFile(
        path=path.relative_to(data_dir).as_posix(),
        row_count=row_count,
        byte_count=path.stat().st_size,
        from_at=from_at,
        to_at=to_at,
        sha256=digest,
    )


def _write(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROWS_IN_A_GROUP,
        use_dictionary=["equipment_id", "signal", "status"],
        column_encoding={"source_at": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},
        write_page_index=True,
    )


def remove_strays(data_dir: Path, catalogue: frozenset[str]) -> list[str]:
    """Remove files that are not in the catalogue: a crash came before it; return their paths."""
    strays = []
    found = [path for folder in FOLDERS for path in (data_dir / folder).glob("[0-9]*/*")]
    for path in sorted(found):
        relative = path.relative_to(data_dir).as_posix()
        if path.suffix in (".parquet", ".tmp") and relative not in catalogue:
            path.unlink()
            strays.append(relative)
    return strays


def unlink(data_dir: Path, paths: Iterable[str]) -> None:
    """Remove files that are no longer in the catalogue; missing ones are no fault."""
    for path in paths:
        (data_dir / path).unlink(missing_ok=True)


def _without_dictionaries(schema: "pa.Schema") -> "pa.Schema":
    import pyarrow as pa

    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ]
    return pa.schema(fields)


def make_folder(folder: Path) -> None:
    """Make a folder whose name is on disk on return."""
    missing = [one for one in (folder, folder.parent) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync(one.parent)


def sync(path: Path) -> None:
    """Force a file or a folder's entries to disk: Parquet writers do not."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
