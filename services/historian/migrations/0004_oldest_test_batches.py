"""Finds the oldest batches of test rows, and counts rows, without reading the batches."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE INDEX test_batch_oldest ON test_batch (committed_at, source, sequence)
    INCLUDE (row_count)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
