"""Who closed an order short and why, and which job orders were wanted back from their services."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE work_request ADD COLUMN closed_at timestamptz")
    op.execute("ALTER TABLE work_request ADD COLUMN closed_by text")
    op.execute("ALTER TABLE work_request ADD COLUMN close_reason text")
    op.execute("ALTER TABLE job_order ADD COLUMN withdrawn_at timestamptz")
    op.execute("DROP INDEX job_order_open")
    op.execute("""
        CREATE INDEX job_order_open ON job_order (lot_id)
        WHERE state NOT IN ('ended', 'cancelled')""")
