"""Job orders beyond the route: rework, and what extends a sample, through the holds they end."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE job_order ADD COLUMN through text[] NOT NULL DEFAULT '{}',
            ADD COLUMN ordered_by text, ADD COLUMN is_rework boolean NOT NULL DEFAULT false""")
    op.execute("""
        CREATE INDEX job_order_ordered_by ON job_order (ordered_by)
        WHERE ordered_by IS NOT NULL""")
