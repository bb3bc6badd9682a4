"""Which holds are scrap: no rework goes through them."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE lot_hold ADD COLUMN is_scrap boolean NOT NULL DEFAULT false")
    op.execute("UPDATE lot_hold SET is_scrap = true WHERE reason LIKE 'scrap, %'")
