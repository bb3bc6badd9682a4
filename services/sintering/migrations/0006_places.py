"""Who saw a part of a furnace load at its place; parts may change places with each other."""

from alembic import op

revision = "0006"
down_revision = "0005"

OLD = "furnace_load_part_furnace_load_id_tray_position_key"


def upgrade() -> None:
    op.execute(f"""
        ALTER TABLE furnace_load_part
            ADD COLUMN placed_by text,
            ADD COLUMN placed_at timestamptz,
            DROP CONSTRAINT {OLD},
            ADD CONSTRAINT furnace_load_part_place UNIQUE (furnace_load_id, tray, position)
                DEFERRABLE INITIALLY DEFERRED""")
