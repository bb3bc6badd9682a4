"""Plans over two instruments, in parts; and what looks alone saw of a running test."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    CREATE TABLE test_plan (
        job_order_id text PRIMARY KEY REFERENCES job_order,
        protocol_id text NOT NULL,
        protocol_version integer NOT NULL,
        part_count integer NOT NULL,
        state text NOT NULL DEFAULT 'running',
        started_at timestamptz,
        ended_at timestamptz,
        row_count integer NOT NULL DEFAULT 0,
        cycles jsonb NOT NULL DEFAULT '[]',
        features jsonb NOT NULL DEFAULT '[]'
    )""",
    """
    CREATE TABLE plan_part (
        job_order_id text NOT NULL REFERENCES test_plan,
        number integer NOT NULL,
        instrument text NOT NULL,
        station_order_id text NOT NULL UNIQUE REFERENCES station_order
            DEFERRABLE INITIALLY DEFERRED,
        state text,
        started_at timestamptz,
        ended_at timestamptz,
        spectrum_id text,
        ran jsonb,
        rows bytea,
        PRIMARY KEY (job_order_id, number)
    )""",
    "ALTER TABLE test_run ADD COLUMN part_number integer",
    """
    CREATE TABLE test_looks (
        job_order_id text NOT NULL REFERENCES test_run,
        last_row integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (job_order_id, last_row)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
