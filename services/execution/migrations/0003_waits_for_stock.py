"""Find the job orders that wait for a material, and the pellets of a cell, without reading all."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE job_order ADD COLUMN waits_for text,
                              ADD COLUMN needs_quantity double precision""")
    op.execute("""
        CREATE INDEX job_order_waits_for ON job_order (waits_for) WHERE waits_for IS NOT NULL""")
    op.execute("""
        CREATE INDEX lot_allocated ON lot (allocated_to) WHERE allocated_to IS NOT NULL""")
