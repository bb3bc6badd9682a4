"""Job orders, station orders, master recipes and coated faces of the spray service."""

from alembic import op

from shared import joborders, recipes

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in (*joborders.DDL, recipes.DDL):
        op.execute(statement)
    op.execute("""
        CREATE TABLE coated_face (
            lot_id text NOT NULL,
            face text NOT NULL CHECK (face IN ('a', 'b')),
            station_order_id text NOT NULL REFERENCES station_order,
            contact_angle_deg double precision,
            film_um double precision,
            arc_count integer,
            sprayed_at timestamptz NOT NULL,
            PRIMARY KEY (lot_id, face, station_order_id)
        )""")
