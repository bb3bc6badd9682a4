"""The nozzle with which each station order was started."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE start_setup (
            station_order_id text PRIMARY KEY REFERENCES station_order,
            nozzle_id text NOT NULL
        )""")
