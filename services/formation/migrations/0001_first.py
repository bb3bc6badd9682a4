"""Job orders, recipes, protocols, channel leases, test runs and test files of formation."""

from alembic import op

from shared import joborders, recipes

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE test_protocol (
        protocol_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (protocol_id, version)
    )""",
    """
    CREATE TABLE grading (
        product_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (product_id, version)
    )""",
    """
    CREATE TABLE channel_lease (
        equipment_id text NOT NULL,
        channel text NOT NULL,
        job_order_id text NOT NULL UNIQUE REFERENCES station_order,
        lot_id text NOT NULL,
        previous_test_id integer,
        leased_at timestamptz NOT NULL,
        PRIMARY KEY (equipment_id, channel)
    )""",
    """
    CREATE TABLE test_run (
        job_order_id text PRIMARY KEY,
        lot_id text NOT NULL,
        channel text NOT NULL,
        protocol_id text NOT NULL,
        protocol_version integer NOT NULL,
        step_file bytea NOT NULL,
        step_sha256 text NOT NULL,
        state text NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        row_count integer NOT NULL DEFAULT 0,
        rows bytea,
        cycles jsonb NOT NULL DEFAULT '[]'
    )""",
    "CREATE INDEX test_run_lot ON test_run (lot_id)",
    """
    CREATE TABLE test_file (
        sha256 text PRIMARY KEY,
        name text NOT NULL,
        lot_id text,
        content bytea NOT NULL,
        parser text NOT NULL,
        may_gate boolean NOT NULL,
        warnings jsonb NOT NULL,
        figures jsonb NOT NULL,
        received_at timestamptz NOT NULL
    )""",
    "CREATE INDEX test_file_lot ON test_file (lot_id)",
)


def upgrade() -> None:
    for statement in (*joborders.DDL, recipes.DDL, *TABLES):
        op.execute(statement)
