"""Multiplies what a plant's databases keep of one order, so that its screens have much to read.

A copy is what the services wrote, with other ids and earlier instants. It is not what they said:
outboxes are left as they are. The copied record stands under a seal that proves nothing, and rows
of tests are not copied: those of a plant with a history lie in files.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from deploy.postgres import PostgresServer
from shared.settings import SERVICES

MOST = 9999
TOKEN = "WR-FILL-0000"  # of the order that is copied; each copy has its own number in it
LOAD = "LOAD-2"  # furnace loads are named by their day, not by the order
LEFT_OUT = (
    "outbox",
    "cursor",
    "relay",
    "command",
    "set_aside",
    "seal",
    "furnace_plan",
    "test_batch",
    "duration",  # of which the gateway keeps the last thirty of each operation
)
# Columns that hold a number that another table counts: that table and its column.
COUNTED_BY = {
    "trace": {"position": ("record", "position")},
    "quality": {"measurement_id": ("measurement", "id"), "disposition_id": ("disposition", "id")},
}
TOGETHER = 250  # copies that one statement makes
TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s)
    ORDER BY relname"""
COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS kind,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
                   AND a.attnum = ANY (i.indkey)) AS keyed,
           pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) AS sequence
    FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT indisunique"""

SEALED = """
    INSERT INTO seal (position, count, root, previous_root, positions, leaves, frontier, sealed_at)
    SELECT (SELECT max(position) FROM record), count, root, root, '{}', '', frontier, sealed_at
    FROM seal ORDER BY position DESC LIMIT 1"""
CHECKED_LATE = """
    SELECT FROM pg_constraint
    WHERE conrelid = %s::regclass AND condeferrable AND contype IN ('p', 'u', 'x')"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its PostgreSQL type, whether it is part of a key, and the sequence it counts by."""

    name: str
    kind: str
    keyed: bool
    sequence: str | None


def multiply(server: PostgresServer, count: int, apart_s: float) -> None:
    """Copy all rows that name the order of `TOKEN` so many times, each so much earlier.

    Raises:
        ValueError: more than `MOST` copies.
    """
    if count > MOST:
        raise ValueError(f"{count} copies are more than {MOST}, which the order's number can name")
    for service in SERVICES:
        begun_s = time.monotonic()
        url = server.url(f"halite_{service}").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            copier = _Copier(connection, COUNTED_BY.get(service, {}), apart_s)
            made = copier.copy_all(count)
            if service == "trace":
                connection.execute(SEALED)
        took_s = time.monotonic() - begun_s
        print(f"{made:>10} rows of {service:<12} copied in {took_s:6.1f} s", flush=True)


@dataclass
class _Copier:
    connection: "psycopg.Connection[Any]"
    counted_by: dict[str, tuple[str, str]]
    apart_s: float
    strides: dict[tuple[str, str], int] = field(default_factory=dict)

    def copy_all(self, count: int) -> int:
        self.connection.execute("SET session_replication_role = replica")  # neither keys nor rules
        self.connection.execute("SET synchronous_commit = off")
        found = self.connection.execute(TABLES, (list(LEFT_OUT),)).fetchall()
        planned = [(table, self._columns(table)) for (table,) in found]
        planned = [(table, columns) for table, columns in planned if self._template(table)]
        for table, columns in planned:  # before any row is added
            for column in columns:
                self._stride(table, column.name, column.kind)
        made = sum(self._copy(table, columns, count) for table, columns in planned)
        self.connection.execute("VACUUM ANALYZE")
        return made

    def _columns(self, table: str) -> list[Column]:
        with self.connection.cursor(row_factory=class_row(Column)) as cursor:
            return cursor.execute(COLUMNS, (table,)).fetchall()

    def _template(self, table: str) -> int:
        """Set aside the rows that are copied; return how many."""
        self.connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE {} AS SELECT * FROM {} AS x"
                " WHERE to_jsonb(x)::text LIKE ANY (ARRAY[{}, {}])"
            ).format(_of(table), sql.Identifier(table), f"%{TOKEN}%", f"%{LOAD}%")
        )
        query = sql.SQL("SELECT count(*) FROM {}").format(_of(table))
        [rows] = self.connection.execute(query).fetchone() or (0,)
        return int(rows)

    def _stride(self, table: str, name: str, kind: str) -> int:
        """Return how far apart the numbers of two copies are."""
        if kind != "bigint":
            return 0
        if (table, name) not in self.strides:
            query = sql.SQL("SELECT coalesce(max({}), 0) + 1 FROM {}")
            found = query.format(sql.Identifier(name), sql.Identifier(table))
            [self.strides[table, name]] = self.connection.execute(found).fetchone() or (1,)
        return self.strides[table, name]

    def _copy(self, table: str, columns: list[Column], count: int) -> int:
        indexes = self.connection.execute(INDEXES, (table,)).fetchall()
        for name, _ in indexes:
            self.connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(name)))
        statement = sql.SQL(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values}"
            " FROM {template} CROSS JOIN generate_series(%(first)s::bigint, %(last)s) AS copy"
            " {else_none}"
        ).format(
            else_none=self._else_none(table),
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            values=sql.SQL(", ").join(self._value(table, column) for column in columns),
            template=_of(table),
        )
        made = 0
        for first in range(1, count + 1, TOGETHER):
            part = {"first": first, "last": min(count, first + TOGETHER - 1)}
            made += self.connection.execute(statement, part).rowcount
        for _, definition in indexes:
            self.connection.execute(definition)
        for column in columns:
            if column.sequence is not None:
                query = sql.SQL("SELECT setval({}, (SELECT max({}) FROM {}))")
                self.connection.execute(
                    query.format(
                        column.sequence, sql.Identifier(column.name), sql.Identifier(table)
                    )
                )
        return made

    def _else_none(self, table: str) -> sql.SQL:
        """Leave out rows that name the order and are not its own; keys checked late can't."""
        late = self.connection.execute(CHECKED_LATE, (table,)).fetchone()
        return sql.SQL("" if late is not None else "ON CONFLICT DO NOTHING")

    def _value(self, table: str, column: Column) -> sql.Composable:
        name, kind = sql.Identifier(column.name), column.kind
        if kind == "bigint" and (column.keyed or column.name in self.counted_by):
            counting = self.counted_by.get(column.name, (table, column.name))
            # What no sequence counts goes on where it is: copies are earlier, below zero.
            counted = column.sequence is not None or column.name in self.counted_by
            way = sql.SQL("+" if counted else "-")
            return sql.SQL("{} {} copy * {}").format(name, way, self._stride(*counting, kind))
        if kind == "uuid":
            return sql.SQL("md5({}::text || copy)::uuid").format(name)
        if kind == "timestamp with time zone":
            return sql.SQL("{} - make_interval(secs => copy * {})").format(name, self.apart_s)
        if kind.startswith(("text", "character varying", "json")):
            return sql.SQL(
                "replace(replace({}::text, {}, {} || lpad(copy::text, 4, '0')), {}, {} || copy ||"
                " '-2')::{}"
            ).format(name, TOKEN, TOKEN[:-4], LOAD, LOAD[:-1], sql.SQL(kind))
        return name


def _of(table: str) -> sql.Identifier:
    return sql.Identifier(f"template_{table}")
