"""What is listed is found without reading all history: alarms, codes, handovers without lists."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "DROP INDEX alarm_open",
    """
    CREATE INDEX alarm_open ON alarm ((acknowledged_at IS NOT NULL), priority, raised_at DESC)
        WHERE returned_at IS NULL
        OR (acknowledged_at IS NULL AND (leaves = 'when_acknowledged' OR confirm_return))""",
    "CREATE INDEX alarm_standing ON alarm (raised_at) WHERE returned_at IS NULL",
    "CREATE INDEX alarm_code ON alarm (code)",
    """
    ALTER TABLE handover
        ADD COLUMN summary jsonb GENERATED ALWAYS AS (CAST(record AS jsonb) - 'open') STORED""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
