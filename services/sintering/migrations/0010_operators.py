"""Who operates each station."""

from alembic import op

from shared import operators

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(operators.DDL)
