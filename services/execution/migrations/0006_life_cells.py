"""Cells of an order whose life is tested."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE work_request ADD COLUMN life_quantity integer NOT NULL DEFAULT 0")
