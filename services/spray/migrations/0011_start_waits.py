"""What waits for an interlock, so that each replica can tell it."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE start_wait (
            equipment_id text PRIMARY KEY,
            station_order_id text NOT NULL,
            reason text NOT NULL,
            since timestamptz NOT NULL,
            trouble text
        )"""
    )
