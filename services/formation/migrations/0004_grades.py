"""Grades that stay, what cells were made with, and the protocol a grading is for."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE cell_grade (
        grade_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        lot_id text NOT NULL,
        product_id text NOT NULL,
        protocol_id text NOT NULL,
        protocol_version integer NOT NULL,
        work_request_id text NOT NULL,
        body jsonb NOT NULL,
        graded_at timestamptz NOT NULL
    )""",
    "CREATE INDEX cell_grade_lot ON cell_grade (lot_id, grade_id)",
    """
    CREATE INDEX cell_grade_recipe
    ON cell_grade (product_id, protocol_id, protocol_version, lot_id)""",
    """
    CREATE TABLE cell_factor (
        lot_id text NOT NULL,
        factor text NOT NULL,
        level text NOT NULL,
        PRIMARY KEY (factor, lot_id)
    )""",
    """UPDATE grading SET body = '{"protocol_id": null, "protocol_version": null}' || body""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
