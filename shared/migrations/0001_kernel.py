"""Outbox with its relay, cursors, set-aside events, and first answers to commands."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id uuid NOT NULL UNIQUE,
            type text NOT NULL,
            subject text NOT NULL,
            topic text NOT NULL,
            body text NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            sequence bigint UNIQUE
        )""")
    op.execute("CREATE INDEX outbox_unnumbered ON outbox (id) WHERE sequence IS NULL")
    op.execute("""
        CREATE TABLE relay (
            duty text PRIMARY KEY CHECK (duty IN ('number', 'publish')),
            sequence bigint NOT NULL DEFAULT 0
        )""")
    op.execute("INSERT INTO relay (duty) VALUES ('number'), ('publish')")
    op.execute("""
        CREATE TABLE cursor (
            source text PRIMARY KEY,
            sequence bigint NOT NULL
        )""")
    op.execute("""
        CREATE TABLE set_aside (
            event_id uuid PRIMARY KEY,
            source text NOT NULL,
            sequence bigint NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            error text NOT NULL,
            attempts integer NOT NULL DEFAULT 1,
            set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )""")
    op.execute("CREATE INDEX set_aside_subject ON set_aside (source, subject)")
    op.execute("""
        CREATE TABLE command (
            key text PRIMARY KEY,
            fingerprint text NOT NULL,
            answer jsonb,
            given_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )""")
