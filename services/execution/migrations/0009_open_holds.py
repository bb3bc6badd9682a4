"""Holds that nobody has to decide on any more, told apart from the others without reading lots."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE hold ADD COLUMN is_over boolean NOT NULL DEFAULT false")
    op.execute("""
        UPDATE hold SET is_over = true FROM lot l LEFT JOIN work_request r USING (work_request_id)
        WHERE l.lot_id = hold.lot_id AND (
            l.state IN ('scrapped', 'consumed', 'cancelled')
            OR r.state = 'ended' AND l.kind IN ('powder', 'pellet_lot', 'pellet'))""")
    op.execute("""
        CREATE INDEX hold_open ON hold (held_at DESC, lot_id, gate) WHERE NOT is_over""")
    op.execute("CREATE INDEX hold_newest ON hold (held_at DESC, lot_id, gate)")
