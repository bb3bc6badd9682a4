"""Finds the runs of a time, and the last of a furnace, without reading all."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("CREATE INDEX station_order_started ON station_order (equipment_id, started_at)")
    op.execute("CREATE INDEX station_order_ended ON station_order (ended_at)")
