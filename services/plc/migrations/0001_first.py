"""What the interlock needs to know, and what PLCs asked and reported."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    # Release and progress come from different services, so either may come first.
    """
    CREATE TABLE job_order (
        job_order_id text PRIMARY KEY,
        released jsonb,
        station_kind text,
        state text NOT NULL DEFAULT 'allowed_to_start',
        equipment_id text,
        reason text,
        reported text,
        changed_at timestamptz NOT NULL
    )""",
    "CREATE INDEX job_order_kind ON job_order (station_kind, state, changed_at)",
    """
    CREATE TABLE lot (
        lot_id text PRIMARY KEY,
        material_definition_id text NOT NULL
    )""",
    # Execution holds by gate; quality alone scraps, and each service's own facts come in order.
    """
    CREATE TABLE lot_hold (
        lot_id text NOT NULL,
        source text NOT NULL,
        gate text NOT NULL,
        reason text NOT NULL,
        held_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, source, gate)
    )""",
    "CREATE INDEX lot_hold_newest ON lot_hold (held_at)",
    """
    CREATE TABLE report (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_name text NOT NULL,
        request_id text NOT NULL,
        equipment_id text NOT NULL,
        job_order_id text,
        state text NOT NULL,
        text text NOT NULL,
        status bigint NOT NULL,
        message text NOT NULL,
        reported_at timestamptz NOT NULL,
        UNIQUE (user_name, request_id)
    )""",
    """
    CREATE TABLE interlock_answer (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_name text NOT NULL,
        request_id text NOT NULL,
        equipment_id text NOT NULL,
        lot_id text NOT NULL,
        allowed boolean NOT NULL,
        reason text NOT NULL,
        answered_at timestamptz NOT NULL
    )""",
    "CREATE INDEX interlock_answer_lot ON interlock_answer (lot_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
