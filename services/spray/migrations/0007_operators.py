"""Who is trained and operates a station, and the air at the start that the cure goes by."""

from alembic import op

from shared import operators

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE training (
            person text NOT NULL,
            version integer NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (person, version)
        )""")
    op.execute(operators.DDL)
    op.execute("""
        ALTER TABLE start_setup
            ADD COLUMN operator text,
            ADD COLUMN water_ppm double precision,
            ADD COLUMN temperature_degc double precision""")
    op.execute("""
        ALTER TABLE coated_face
            ADD COLUMN cure_water_ppm double precision,
            ADD COLUMN cure_temperature_degc double precision""")
