"""Persons with their roles and password hashes, and the sessions of those who signed in."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE person (
        login text PRIMARY KEY,
        name text NOT NULL,
        roles text[] NOT NULL,
        password_hash text NOT NULL,
        must_change boolean NOT NULL,
        disabled boolean NOT NULL DEFAULT false,
        failure_count integer NOT NULL DEFAULT 0,
        locked_until timestamptz,
        added_at timestamptz NOT NULL,
        added_by text NOT NULL
    )""",
    """
    CREATE TABLE session (
        token_hash bytea PRIMARY KEY,
        login text NOT NULL REFERENCES person (login),
        begun_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL
    )""",
    "CREATE INDEX session_login ON session (login)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
