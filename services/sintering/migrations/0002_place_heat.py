"""What each place of a load got of the heat, and how furnaces are qualified."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE furnace_load ADD COLUMN zone_offset_degc double precision")
    op.execute("""
        ALTER TABLE furnace_load_part
            ADD COLUMN deviations jsonb,
            ADD COLUMN soak_in_band_s double precision,
            ADD COLUMN dose_h double precision,
            ADD COLUMN unknown_reason text""")
    op.execute("""
        CREATE TABLE furnace_qualification (
            equipment_id text NOT NULL,
            version integer NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (equipment_id, version)
        )""")
