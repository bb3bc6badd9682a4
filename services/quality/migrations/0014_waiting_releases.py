"""Releases of gates that wait for a signature."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE waiting_release (
            gate text NOT NULL,
            lot_id text NOT NULL,
            job_order_id text NOT NULL,
            record jsonb NOT NULL,
            kept_at timestamptz NOT NULL,
            PRIMARY KEY (gate, lot_id)
        )""")
    op.execute("CREATE INDEX waiting_release_job_order ON waiting_release (job_order_id)")
