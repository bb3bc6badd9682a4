"""Which PLCs send heartbeats and whether they are heard; which certificates near their end."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE hearing (
        equipment_id text PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('heard', 'silent')),
        changed_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE certificate (
        name text PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('near', 'expired')),
        valid_until timestamptz NOT NULL
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
