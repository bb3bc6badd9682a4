"""Rows of tests by source and sequence, figures kept at sealing, retention with holds."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE sealed_file ADD COLUMN content text NOT NULL DEFAULT 'telemetry'",
    "ALTER TABLE sealed_file ADD COLUMN series_ids text[] NOT NULL DEFAULT '{}'",
    "ALTER TABLE sealed_file ADD COLUMN registered boolean NOT NULL DEFAULT false",
    """
    ALTER TABLE sealed_file
    ADD COLUMN entered_at timestamptz NOT NULL DEFAULT clock_timestamp()""",
    """
    CREATE TABLE removed_file (
        path text PRIMARY KEY,
        content text NOT NULL,
        row_count bigint NOT NULL,
        sha256 text NOT NULL,
        sealed_at timestamptz NOT NULL,
        removed_at timestamptz NOT NULL,
        registered boolean NOT NULL,
        on_disk boolean NOT NULL DEFAULT true
    )""",
    "CREATE INDEX sealed_file_series ON sealed_file USING gin (series_ids)",
    """
    CREATE TABLE test_source (
        source text PRIMARY KEY,
        sequence bigint NOT NULL,
        sha256 text NOT NULL,
        row_count bigint NOT NULL
    )""",
    """
    CREATE TABLE test_batch (
        source text NOT NULL,
        sequence bigint NOT NULL,
        row_count integer NOT NULL,
        body bytea NOT NULL,
        taken_at timestamptz NOT NULL,
        committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (source, sequence)
    )""",
    "ALTER TABLE test_batch ALTER COLUMN body SET STORAGE EXTERNAL",
    """
    CREATE TABLE test_series (
        series_id text PRIMARY KEY,
        lot_id text NOT NULL,
        equipment_id text NOT NULL,
        started_at timestamptz NOT NULL
    )""",
    "CREATE INDEX test_series_lot ON test_series (lot_id)",
    """
    CREATE TABLE test_step (
        series_id text NOT NULL,
        step integer NOT NULL,
        cycle integer NOT NULL,
        kind text NOT NULL,
        row_count bigint NOT NULL,
        capacity_mah double precision NOT NULL,
        energy_mwh double precision NOT NULL,
        PRIMARY KEY (series_id, step)
    )""",
    """
    CREATE TABLE test_cycle (
        series_id text NOT NULL,
        cycle integer NOT NULL,
        charge_mah double precision,
        discharge_mah double precision,
        charge_mwh double precision,
        discharge_mwh double precision,
        PRIMARY KEY (series_id, cycle)
    )""",
    """
    CREATE TABLE retention_hold (
        hold_id text PRIMARY KEY,
        lot_id text,
        equipment_id text,
        person text NOT NULL,
        reason text NOT NULL,
        placed_at timestamptz NOT NULL,
        ended_by text,
        ended_at timestamptz,
        CHECK (num_nonnulls(lot_id, equipment_id) = 1)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
