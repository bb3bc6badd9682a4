"""Planned stops, power and tariff of furnaces; how long lots may wait; who pinned a load."""

from alembic import op

revision = "0005"
down_revision = "0004"

VERSIONED = (
    ("furnace_calendar", "equipment_id"),
    ("furnace_power", "equipment_id"),
    ("energy_tariff", "tariff_id"),
)


def upgrade() -> None:
    for table, key in VERSIONED:
        op.execute(f"""
            CREATE TABLE {table} (
                {key} text NOT NULL,
                version integer NOT NULL,
                body jsonb NOT NULL,
                PRIMARY KEY ({key}, version)
            )""")
    op.execute("""
        CREATE TABLE lot_limit (
            time_limit_id text PRIMARY KEY,
            lot_id text NOT NULL,
            operation text NOT NULL,
            latest_at timestamptz NOT NULL
        )""")
    op.execute("ALTER TABLE furnace_pin ADD COLUMN person text NOT NULL DEFAULT 'unknown'")
