"""Job orders, station orders, master recipes, furnace loads and their parts."""

from alembic import op

from shared import joborders, recipes

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in (*joborders.DDL, recipes.DDL):
        op.execute(statement)
    op.execute("CREATE SEQUENCE furnace_load_number")
    op.execute("""
        CREATE TABLE furnace_load (
            furnace_load_id text PRIMARY KEY
                REFERENCES station_order DEFERRABLE INITIALLY DEFERRED,
            equipment_id text NOT NULL,
            recipe_id text NOT NULL,
            recipe_version integer NOT NULL,
            job_order_ids jsonb NOT NULL,
            judged jsonb NOT NULL,
            fill_ratio double precision NOT NULL,
            planned_start_at timestamptz NOT NULL,
            planned_end_at timestamptz NOT NULL,
            profile jsonb,
            deviations jsonb,
            unknown_reason text,
            soak_in_band_s double precision
        )""")
    op.execute("""
        CREATE TABLE furnace_load_part (
            furnace_load_id text NOT NULL REFERENCES furnace_load,
            lot_id text NOT NULL,
            job_order_id text NOT NULL,
            tray integer NOT NULL,
            position integer NOT NULL,
            PRIMARY KEY (furnace_load_id, lot_id),
            UNIQUE (furnace_load_id, tray, position)
        )""")
    op.execute("CREATE INDEX furnace_load_part_lot ON furnace_load_part (lot_id)")
