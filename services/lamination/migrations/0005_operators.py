"""Who operates each station."""

from alembic import op

from shared import operators

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(operators.DDL)
