"""Keep what is known of the air of a room once for all lots that lie in it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE room_air (
            air_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            room_equipment_id text NOT NULL,
            known_to timestamptz NOT NULL,
            dose_ppm_h double precision NOT NULL,
            rate_ppm double precision,
            unknown_at timestamptz NOT NULL,
            reason text NOT NULL,
            read_to timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX room_air_room ON room_air (room_equipment_id)")
    op.execute("""
        ALTER TABLE open_exposure
            ADD COLUMN air_id bigint REFERENCES room_air,
            ADD COLUMN dose_before_ppm_h double precision,
            ADD COLUMN due_dose_ppm_h double precision,
            ADD COLUMN back_dose_ppm_h double precision""")
    for column in ("due_at", "due_dose_ppm_h", "back_dose_ppm_h", "state"):
        op.execute(f"""
            CREATE INDEX open_exposure_air_{column} ON open_exposure (air_id, {column})
            WHERE air_id IS NOT NULL AND {column} IS NOT NULL""")
    op.execute("DROP INDEX open_exposure_due")
    op.execute("""
        CREATE INDEX open_exposure_due ON open_exposure (due_at)
        WHERE air_id IS NULL AND NOT settled""")
