"""What the replica that drives the testers sees of them, for those that do not."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE tester_look (
            equipment_id text PRIMARY KEY,
            looked_at timestamptz NOT NULL,
            answers boolean NOT NULL,
            channels text[] NOT NULL,
            seen jsonb NOT NULL
        )"""
    )
