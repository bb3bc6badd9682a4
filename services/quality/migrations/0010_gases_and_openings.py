"""Keep oxygen beside dew points, and which lots a person opened, when and where."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE dew_point RENAME TO air_sample")
    op.execute("ALTER TABLE air_sample RENAME COLUMN dew_point_degc TO value")
    op.execute("ALTER TABLE room_air ADD COLUMN gas text NOT NULL DEFAULT 'water'")
    op.execute("""
        CREATE TABLE material (
            lot_id text PRIMARY KEY,
            material_definition_id text NOT NULL
        )""")
    op.execute("""
        CREATE TABLE opening (
            lot_id text PRIMARY KEY,
            material_definition_id text NOT NULL,
            opened_at timestamptz NOT NULL,
            person text NOT NULL,
            ended_at timestamptz,
            ended_by text,
            reason text
        )""")
    op.execute("ALTER TABLE open_exposure ALTER COLUMN work_request_id DROP NOT NULL")
