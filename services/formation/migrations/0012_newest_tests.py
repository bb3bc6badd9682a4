"""Finds the newest tests and those the historian has not heard of without reading all."""

from alembic import op

from shared import joborders

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    *joborders.INDEXES,
    "CREATE INDEX test_run_newest ON test_run (started_at DESC, job_order_id)",
    "CREATE INDEX test_run_of_channel ON test_run (channel, started_at DESC, job_order_id)",
    """
    CREATE INDEX test_run_untold ON test_run (started_at)
    WHERE started_at IS NOT NULL AND told_started_at IS DISTINCT FROM started_at""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
