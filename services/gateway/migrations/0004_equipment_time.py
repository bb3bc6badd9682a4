"""States of stations over time, reasons of their stops, what they ended, and first decisions."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE equipment_span (
        equipment_id text NOT NULL,
        begun_at timestamptz NOT NULL,
        state text NOT NULL,
        data_quality text NOT NULL,
        reason text,
        PRIMARY KEY (equipment_id, begun_at)
    )""",
    """
    CREATE TABLE downtime_reason (
        equipment_id text NOT NULL,
        begun_at timestamptz NOT NULL,
        reason text NOT NULL,
        note text,
        person text NOT NULL,
        given_at timestamptz NOT NULL,
        PRIMARY KEY (equipment_id, begun_at)
    )""",
    """
    CREATE TABLE job_ended (
        job_order_id text PRIMARY KEY,
        equipment_id text NOT NULL,
        operation text NOT NULL,
        lot_id text NOT NULL,
        state text NOT NULL CHECK (state IN ('ended', 'aborted')),
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL
    )""",
    "CREATE INDEX job_ended_at ON job_ended (ended_at)",
    """
    CREATE TABLE first_decision (
        gate text NOT NULL,
        lot_id text NOT NULL,
        released_count integer NOT NULL,
        decided_count integer NOT NULL CHECK (decided_count >= released_count),
        decided_at timestamptz NOT NULL,
        PRIMARY KEY (gate, lot_id)
    )""",
    "CREATE INDEX first_decision_at ON first_decision (decided_at)",
    """
    CREATE TABLE production_norm (
        operation text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (operation, version)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
