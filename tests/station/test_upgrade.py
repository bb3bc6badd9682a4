"""Data of the first version is taken through all migrations, and nothing of it is lost."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from shared.db import migrate
from shared.settings import SERVICES
from tests.plant import ROOT

FOLDER = Path(__file__).parent / "upgrade"
SHAPE = (
    """
    SELECT table_name, column_name, data_type, is_nullable, column_default, generation_expression
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    """
    SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3""",
    """
    SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal ORDER BY 1, 2""",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
    "SELECT version_num FROM kernel_version",
    "SELECT version_num FROM service_version",
)
# Of some tables a migration takes rows away on purpose.
GONE: dict[str, set[str]] = {}


def shape(url: str) -> list[list[tuple[str, ...]]]:
    """Return all that makes one schema another."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return [connection.execute(query.encode()).fetchall() for query in SHAPE]


def counts(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        return {
            name: connection.execute(
                psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(name))
            ).fetchone()[0]  # type: ignore[index]
            for (name,) in tables
        }


@pytest.mark.parametrize("service", SERVICES)
def test_the_first_version_becomes_the_present_one_and_loses_no_row(
    service: str, new_database: Callable[[], str]
) -> None:
    folder, old, fresh = ROOT / "services" / service / "migrations", new_database(), new_database()
    with psycopg.connect(old.replace("+psycopg", "")) as connection:
        connection.execute((FOLDER / f"{service}.sql").read_bytes())
    before = counts(old)
    assert sum(bool(count) for count in before.values()) >= 5
    migrate(old, folder)
    migrate(fresh, folder)
    assert shape(old) == shape(fresh)
    after = counts(old)
    lost = {name for name, count in before.items() if after.get(name, 0) < count}
    assert lost == GONE.get(service, set())
    migrate(old, folder)
    assert counts(old) == after


def test_there_is_data_of_each_service_and_none_of_a_person() -> None:
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(SERVICES)
    for path in FOLDER.glob("*.sql"):
        assert not re.search(r"argon2|BEGIN [A-Z ]*PRIVATE KEY", path.read_text()), path.name
