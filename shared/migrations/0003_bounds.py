"""The relay keeps from which row on events may wait; answers to commands are found by age."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE relay ADD COLUMN passed_id bigint NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX command_given_at ON command (given_at)")
