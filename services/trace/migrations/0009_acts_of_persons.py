"""Acts of persons are found without reading the events of the same types that name nobody."""

from alembic import op

revision = "0009"
down_revision = "0008"

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
    op.execute("CREATE TABLE act (position bigint PRIMARY KEY)")
    types = ", ".join(f"'org.halite.{name}.v1'" for name in ACTS)
    op.execute(f"""
        INSERT INTO act (position) SELECT r.position FROM record r
        WHERE r.type IN ({types}) AND EXISTS (
            SELECT 1 FROM record_node n WHERE n.position = r.position AND n.kind = 'person')""")
    op.execute("DROP INDEX record_act_newest")
