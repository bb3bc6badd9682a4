"""What a furnace load was planned to draw and what it drew."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE furnace_load
            ADD COLUMN planned_energy_kwh double precision,
            ADD COLUMN energy_kwh double precision""")
