"""What was built into each cell stands by itself; it was read out of all job orders."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE built_in (
            lot_id text NOT NULL,
            material_definition_id text NOT NULL,
            quantity double precision NOT NULL,
            PRIMARY KEY (lot_id, material_definition_id) INCLUDE (quantity))""")
    op.execute("""
        INSERT INTO built_in (lot_id, material_definition_id, quantity)
        SELECT j.lot_id, m.material_definition_id, sum(m.quantity)
        FROM job_order j
        JOIN lot l ON l.lot_id = j.lot_id AND l.kind IN ('cell', 'witness', 'life_cell')
        CROSS JOIN LATERAL jsonb_to_recordset(j.materials) AS m (
            material_definition_id text, quantity float8, use text)
        WHERE j.state = 'ended' AND j.materials @> '[{"use": "consumed"}]' AND m.use = 'consumed'
        GROUP BY j.lot_id, m.material_definition_id""")
    op.execute("DROP INDEX job_order_consumed")
    op.execute("DROP INDEX lot_built_unreleased")
    op.execute("""
        CREATE INDEX lot_built_unreleased ON lot (lot_id) INCLUDE (equipment_id)
        WHERE kind IN ('cell', 'witness', 'life_cell') AND state NOT IN ('released', 'scrapped')""")
    op.execute("ANALYZE built_in")
