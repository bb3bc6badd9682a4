"""Acts of persons are found without reading what machines say."""

from alembic import op

revision = "0008"
down_revision = "0007"

ACTS = (
    "cell_graded",
    "cure_measured",
    "job_order_paused",
    "job_order_resumed",
    "lots_recalled",
    "material_opened",
    "nonconformance_changed",
    "operator_acted",
    "operator_changed",
    "pellet_marked",
    "person_trained",
    "recall_ended",
    "record_signed",
    "shift_handed_over",
    "shift_taken_over",
    "sodium_moved",
    "sodium_scrapped",
    "waiver_changed",
)


def upgrade() -> None:
    types = ", ".join(f"'org.halite.{name}.v1'" for name in ACTS)
    op.execute(f"""
        CREATE INDEX record_act ON record (subject, type, position) WHERE type IN ({types})""")
    op.execute(f"CREATE INDEX record_act_newest ON record (position) WHERE type IN ({types})")
