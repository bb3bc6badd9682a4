"""Finds the newest seals without reading all station orders."""

from alembic import op

from shared import joborders

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    *joborders.INDEXES,
    """
    CREATE INDEX station_order_newest_over ON station_order (ended_at DESC, station_order_id)
    WHERE state IN ('ended', 'aborted') AND answer IS NOT NULL""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
