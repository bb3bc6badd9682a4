"""What people ask of running job orders, and which of them are paused."""

from alembic import op

from shared import jobcontrol

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(jobcontrol.DDL)
