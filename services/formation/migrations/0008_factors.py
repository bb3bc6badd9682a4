"""What parts of cells went through at other services, to compare cells by."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    """
    CREATE TABLE cell_part (
        lot_id text NOT NULL,
        part_lot_id text NOT NULL,
        PRIMARY KEY (lot_id, part_lot_id)
    )""",
    """
    CREATE TABLE part_level (
        lot_id text NOT NULL,
        factor text NOT NULL,
        level text NOT NULL,
        ended_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, factor)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
