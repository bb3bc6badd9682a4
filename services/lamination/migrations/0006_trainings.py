"""Who is trained to what, and which training an operation needs."""

from alembic import op

from shared import trainings

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in trainings.DDL:
        op.execute(statement)
