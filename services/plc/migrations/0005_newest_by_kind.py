"""Finds the open and the newest ended job orders of a kind without reading all of them."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "DROP INDEX job_order_kind",
    """
    CREATE INDEX job_order_open ON job_order (station_kind)
    WHERE released IS NOT NULL AND state NOT IN ('ended', 'aborted')""",
    """
    CREATE INDEX job_order_over ON job_order (station_kind, changed_at DESC)
    WHERE released IS NOT NULL AND state IN ('ended', 'aborted')""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
