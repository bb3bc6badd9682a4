"""Keep whether a budget is used up for certain, or only if the air had stayed as it was."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE open_exposure ADD COLUMN settled boolean NOT NULL DEFAULT false")
    op.execute("DROP INDEX open_exposure_due")
    op.execute("CREATE INDEX open_exposure_due ON open_exposure (due_at) WHERE NOT settled")
