"""The furnace plan in force, with its version, and the loads that people pinned."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE TABLE furnace_plan (version bigint NOT NULL, body text NOT NULL)")
    op.execute("""
        INSERT INTO furnace_plan (version, body)
        VALUES (0, '{"slots": [], "basis": {}, "figures": {}}')""")
    op.execute("""
        CREATE TABLE furnace_pin (
            pin_id text PRIMARY KEY,
            equipment_id text NOT NULL,
            job_order_ids jsonb NOT NULL,
            start_at timestamptz,
            pinned_at timestamptz NOT NULL
        )""")
