"""Keep what was measured of parts, where pieces come from, and fixtures with their calibration."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE piece (lot_id text PRIMARY KEY, stock_lot_id text NOT NULL)")
    op.execute("""
        CREATE TABLE part_measurement (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            lot_id text NOT NULL,
            characteristic text NOT NULL,
            value double precision NOT NULL,
            person text NOT NULL,
            method text NOT NULL,
            measured_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX part_measurement_lot ON part_measurement (lot_id, id)")
    op.execute("""
        CREATE TABLE fixture (
            station text NOT NULL,
            version integer NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (station, version)
        )""")
    op.execute("""
        ALTER TABLE stack
            ADD COLUMN np_min_ratio double precision,
            ADD COLUMN measured_count integer NOT NULL DEFAULT 0,
            ADD COLUMN needed_count integer NOT NULL DEFAULT 0""")
