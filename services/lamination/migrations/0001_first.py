"""Job orders, station orders, master recipes, stack plans and stacks of the lamination service."""

from alembic import op

from shared import joborders, recipes

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in (*joborders.DDL, recipes.DDL):
        op.execute(statement)
    op.execute("""
        CREATE TABLE stack_plan (
            stack_plan_id text NOT NULL,
            version integer NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (stack_plan_id, version)
        )""")
    op.execute("""
        CREATE TABLE stack (
            station_order_id text PRIMARY KEY
                REFERENCES station_order DEFERRABLE INITIALLY DEFERRED,
            lot_id text NOT NULL,
            stack_plan_id text NOT NULL,
            stack_plan_version integer NOT NULL,
            np_ratio double precision,
            layers jsonb NOT NULL,
            FOREIGN KEY (stack_plan_id, stack_plan_version) REFERENCES stack_plan
        )""")
    op.execute("CREATE INDEX stack_lot ON stack (lot_id)")
