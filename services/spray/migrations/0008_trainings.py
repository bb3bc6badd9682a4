"""Trainings by skill, and which of them an operation needs."""

from alembic import op

from shared import trainings

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "ALTER TABLE training ADD COLUMN skill text NOT NULL DEFAULT 'spray'",
    "ALTER TABLE training ALTER COLUMN skill DROP DEFAULT",
    """UPDATE training SET body = body || '{"skill": "spray"}'""",
    "ALTER TABLE training DROP CONSTRAINT training_pkey",
    "ALTER TABLE training ADD PRIMARY KEY (person, skill, version)",
    trainings.NEED_DDL,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
