"""What events said of stations and running job orders, earlier durations, and the alarms."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE station (
        equipment_id text PRIMARY KEY,
        state text,
        data_quality text,
        reason text,
        changed_at timestamptz,
        source_quality text,
        last_sample_at timestamptz
    )""",
    """
    CREATE TABLE job_order (
        job_order_id text PRIMARY KEY,
        equipment_id text,
        operation text NOT NULL,
        lot_id text NOT NULL,
        state text NOT NULL CHECK (state IN ('running', 'interrupted')),
        reason text,
        started_at timestamptz
    )""",
    """
    CREATE TABLE duration (
        job_order_id text PRIMARY KEY,
        operation text NOT NULL,
        duration_s double precision NOT NULL,
        ended_at timestamptz NOT NULL
    )""",
    "CREATE INDEX duration_operation ON duration (operation, ended_at)",
    """
    CREATE TABLE alarm (
        alarm_id text PRIMARY KEY,
        condition text NOT NULL,
        code text NOT NULL,
        text text NOT NULL,
        priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
        source text NOT NULL,
        leaves text NOT NULL CHECK (leaves IN ('with_cause', 'when_acknowledged', 'with_either')),
        raised_at timestamptz NOT NULL,
        acknowledged_at timestamptz,
        acknowledged_by text,
        returned_at timestamptz
    )""",
    "CREATE UNIQUE INDEX alarm_active ON alarm (condition) WHERE returned_at IS NULL",
    "CREATE INDEX alarm_raised ON alarm (raised_at)",
    """
    CREATE TABLE held_lot (
        condition text NOT NULL,
        lot_id text NOT NULL,
        PRIMARY KEY (condition, lot_id)
    )""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
