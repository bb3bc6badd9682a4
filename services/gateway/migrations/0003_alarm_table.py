"""The alarm table of the plant, alarms that persons hid, and alarms that must be confirmed."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE TABLE alarm_definition (
        code text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (code, version)
    )""",
    """
    CREATE TABLE alarm_suppression (
        suppression_id text PRIMARY KEY,
        condition text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('shelved', 'out_of_service')),
        person text NOT NULL,
        reason text NOT NULL,
        begun_at timestamptz NOT NULL,
        until_at timestamptz CHECK (until_at > begun_at),
        ended_at timestamptz,
        ended_by text,
        CHECK ((kind = 'shelved') = (until_at IS NOT NULL))
    )""",
    "CREATE INDEX alarm_suppression_condition ON alarm_suppression (condition, begun_at)",
    "ALTER TABLE alarm ADD COLUMN confirm_return boolean NOT NULL DEFAULT false",
    """
    CREATE INDEX alarm_open ON alarm (priority, raised_at) WHERE returned_at IS NULL
        OR (acknowledged_at IS NULL AND (leaves = 'when_acknowledged' OR confirm_return))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
