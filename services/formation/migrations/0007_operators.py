"""Who operates each station."""

from alembic import op

from shared import operators

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(operators.DDL)
