"""Marks of pellets, each on one pellet and each pellet with one."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE pellet_mark (
            mark text PRIMARY KEY,
            lot_id text NOT NULL UNIQUE,
            furnace_load_id text NOT NULL REFERENCES furnace_load,
            tray integer NOT NULL,
            position integer NOT NULL,
            person text NOT NULL,
            marked_at timestamptz NOT NULL
        )""")
