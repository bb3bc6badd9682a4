"""The mark of a pellet beside the id by which its past knows it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE TABLE lot_mark (lot_id text PRIMARY KEY, mark text NOT NULL UNIQUE)")
