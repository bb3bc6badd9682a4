"""Finds the spray jobs of a cell."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("CREATE INDEX job_order_lot ON job_order ((body ->> 'lot_id'))")
