"""Who operates each station."""

from alembic import op

from shared import operators

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(operators.DDL)
