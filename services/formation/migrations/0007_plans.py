"""Plans over two instruments: one job order in parts, each with what became of it."""

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
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
