"""Who is trained to what, and which training an operation needs."""

from alembic import op

from shared import trainings

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for statement in trainings.DDL:
        op.execute(statement)
