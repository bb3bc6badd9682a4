"""Products, schedules, job orders, lots, holds, dispositions and time limits of execution."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE work_master (
        product_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (product_id, version)
    )""",
    """
    CREATE TABLE work_schedule (
        work_schedule_id text PRIMARY KEY,
        body jsonb NOT NULL,
        accepted_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE work_request (
        work_request_id text PRIMARY KEY,
        work_schedule_id text NOT NULL REFERENCES work_schedule,
        product_id text NOT NULL,
        product_version integer NOT NULL,
        quantity integer NOT NULL,
        witness_quantity integer NOT NULL,
        priority integer NOT NULL,
        due_at timestamptz NOT NULL,
        state text NOT NULL,
        accepted_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE lot (
        lot_id text PRIMARY KEY,
        material_definition_id text NOT NULL,
        kind text NOT NULL,
        quantity double precision NOT NULL,
        unit text NOT NULL,
        state text NOT NULL,
        work_request_id text REFERENCES work_request,
        member_of text REFERENCES lot,
        allocated_to text,
        issued integer NOT NULL DEFAULT 0,
        equipment_id text,
        grade text,
        discharge_capacity_mah double precision,
        received_at timestamptz,
        updated_at timestamptz NOT NULL
    )""",
    "CREATE INDEX lot_stock ON lot (material_definition_id, received_at) WHERE kind = 'stock'",
    "CREATE INDEX lot_members ON lot (member_of, state)",
    "CREATE INDEX lot_request ON lot (work_request_id, kind)",
    """
    CREATE TABLE job_order (
        job_order_id text PRIMARY KEY,
        work_request_id text NOT NULL REFERENCES work_request,
        operation text NOT NULL,
        scope text NOT NULL,
        position integer NOT NULL,
        lot_id text NOT NULL,
        after text[] NOT NULL,
        state text NOT NULL,
        reason text,
        not_before timestamptz,
        materials jsonb NOT NULL DEFAULT '[]',
        equipment_id text,
        released_at timestamptz,
        started_at timestamptz,
        ended_at timestamptz
    )""",
    "CREATE INDEX job_order_request ON job_order (work_request_id, state)",
    "CREATE INDEX job_order_lot ON job_order (lot_id)",
    """
    CREATE TABLE hold (
        lot_id text NOT NULL REFERENCES lot,
        gate text NOT NULL,
        reason text NOT NULL,
        held_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, gate)
    )""",
    """
    CREATE TABLE disposition (
        lot_id text NOT NULL,
        gate text NOT NULL,
        disposition text NOT NULL,
        reason text NOT NULL,
        decided_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, gate)
    )""",
    """
    CREATE TABLE time_limit (
        time_limit_id text PRIMARY KEY,
        lot_id text NOT NULL,
        work_request_id text NOT NULL REFERENCES work_request,
        name text NOT NULL,
        limit_kind text NOT NULL,
        from_event text NOT NULL,
        to_event text NOT NULL,
        started_at timestamptz NOT NULL,
        warn_at timestamptz NOT NULL,
        limit_at timestamptz NOT NULL,
        state text NOT NULL
    )""",
    "CREATE INDEX time_limit_open ON time_limit (limit_at) WHERE state IN ('open', 'near')",
    "CREATE INDEX time_limit_lot ON time_limit (lot_id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
