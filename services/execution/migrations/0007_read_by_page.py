"""Read cells, lots and work in progress by what is open or shown, not by all that ever was."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX lot_built ON lot (work_request_id, lot_id) INCLUDE (state)
        WHERE kind IN ('cell', 'witness', 'life_cell')""")
    op.execute("""
        CREATE INDEX lot_built_unreleased ON lot (lot_id)
        WHERE kind IN ('cell', 'witness', 'life_cell') AND state NOT IN ('released', 'scrapped')""")
    op.execute("""
        CREATE INDEX lot_changed ON lot ((kind IN ('pellet', 'piece')), updated_at DESC, lot_id)
        WHERE kind NOT IN ('cell', 'witness', 'life_cell')""")
    op.execute("""
        CREATE INDEX lot_available ON lot (material_definition_id)
        WHERE state = 'available' AND kind IN ('stock', 'piece')""")
    op.execute("CREATE INDEX job_order_open ON job_order (lot_id) WHERE state <> 'ended'")
    op.execute("""
        CREATE INDEX work_request_accepted ON work_request (accepted_at DESC, work_request_id)""")
