"""Makes the kept data of the first version; run it again only when a version has been released.

`python -m tests.station.upgrade.make --data-dir FOLDER`: each service's database is made at its
first revision and filled with rows of a running plant, as far as they had the same columns then.
"""

import argparse
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, create_engine

from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer, programs
from shared.db import KERNEL_MIGRATIONS
from shared.settings import SERVICES
from tests.plant import ROOT

FOLDER = Path(__file__).parent
ROWS = 12  # of each table
LONGEST = 2_000  # characters of one value: curves and documents are of no use here
KEYS = """
    SELECT k.conrelid::regclass::text, a.attname, k.confrelid::regclass::text, b.attname
    FROM pg_constraint k, unnest(k.conkey, k.confkey) AS u(own, other),
         pg_attribute a, pg_attribute b
    WHERE k.contype = 'f' AND a.attrelid = k.conrelid AND a.attnum = u.own
      AND b.attrelid = k.confrelid AND b.attnum = u.other
    ORDER BY 1, 2"""
COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name NOT LIKE '%\\_version'
    ORDER BY table_name, ordinal_position"""


def to_first(connection: Connection, folder: Path, version_table: str) -> None:
    """Migrate to the first revision only."""
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    [first] = script.get_bases()

    def steps(revision: object, _: object) -> object:
        return script._upgrade_revs(first, revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()


def columns_of(connection: "psycopg.Connection[tuple[str, ...]]") -> dict[str, list[str]]:
    """Return the columns of each table."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(COLUMNS):
        found.setdefault(table, []).append(column)
    return found


def fill(plant_url: str, old_url: str) -> int:
    """Copy a few rows of each table that was there; return of how many tables."""
    filled = 0
    with psycopg.connect(plant_url) as plant, psycopg.connect(old_url) as old:
        now = columns_of(plant)
        old.execute("SET session_replication_role = replica")  # rows of other tables may be missing
        for table, columns in columns_of(old).items():
            both = [name for name in columns if name in now.get(table, [])]
            if not both:
                continue
            names = sql.SQL(", ").join(map(sql.Identifier, both))
            short = sql.SQL(" AND ").join(
                sql.SQL("coalesce(length({}::text), 0) < {}").format(sql.Identifier(name), LONGEST)
                for name in both
            )
            ask = sql.SQL("COPY (SELECT {} FROM {} WHERE {} LIMIT {}) TO STDOUT").format(
                names, sql.Identifier(table), short, ROWS
            )
            give = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with plant.cursor().copy(ask) as rows:
                lines = b"".join(bytes(row) for row in rows)
            try:
                with old.transaction():
                    old.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                    with old.cursor().copy(give) as taken:
                        taken.write(lines)
                filled += bool(lines)
            except psycopg.errors.NotNullViolation as error:
                print(f"{table}: left empty, {error.diag.message_primary}", file=sys.stderr)
        while any([drop_orphans(old, *key) for key in old.execute(KEYS).fetchall()]):
            pass
    return filled


def drop_orphans(
    old: "psycopg.Connection[tuple[str, ...]]", child: str, own: str, parent: str, other: str
) -> int:
    """Remove the rows of a table whose row in another one was not copied; return how many."""
    statement = sql.SQL(
        "DELETE FROM {child} c WHERE c.{own} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {parent} p WHERE p.{other} = c.{own})"
    )
    names = {"child": child, "own": own, "parent": parent, "other": other}
    return old.execute(
        statement.format(**{key: sql.Identifier(name) for key, name in names.items()})
    ).rowcount


def main() -> int:
    """Write one file for each service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".halite")
    data = DataFolder(parser.parse_args().data_dir)
    server = PostgresServer(data.postgres, data.logs)
    for service in SERVICES:
        name = f"upgrade_{uuid.uuid4().hex[:8]}"
        server.ensure_database(name)
        url = server.url(name)
        try:
            engine = create_engine(url)
            with engine.begin() as connection:
                to_first(connection, KERNEL_MIGRATIONS, "kernel_version")
                to_first(connection, ROOT / "services" / service / "migrations", "service_version")
            engine.dispose()
            plain = url.replace("+psycopg", "")
            plant = server.url(f"halite_{service}").replace("+psycopg", "")
            print(f"{service}: rows in {fill(plant, plain)} tables")
            words = (
                str(programs() / "pg_dump"),
                "--inserts",
                "--no-owner",
                "--no-privileges",
                plain,
            )
            text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            kept = [line for line in text.splitlines() if line and line[0] not in "-\\"]
            (FOLDER / f"{service}.sql").write_text("\n".join(kept) + "\n")
        finally:
            server.drop_database(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
