"""Powder formulas, and the size that pellets were pressed to."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE powder_formula (
            formula_id text NOT NULL,
            version integer NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (formula_id, version)
        )""")
    op.execute("""
        CREATE TABLE green_pellet (
            lot_id text PRIMARY KEY,
            thickness_um double precision NOT NULL,
            area_cm2 double precision NOT NULL
        )""")
