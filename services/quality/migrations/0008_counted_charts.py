"""Keep how many items stand behind a count, for charts of shares and of counts per item."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE measurement ADD COLUMN items double precision")
    op.execute("ALTER TABLE chart_point ADD COLUMN items double precision")
