"""How often a lot was sent through a rework route, also within one nonconformance."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE rework ADD COLUMN times integer NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE rework DROP CONSTRAINT rework_pkey")
    op.execute("ALTER TABLE rework ADD PRIMARY KEY (nonconformance_id, lot_id, rework_route_id)")
