"""What else an event names, members and holds of lots, and recalls."""

import json

from alembic import op
from sqlalchemy import text

from services.trace.domain import mentions, touch_of
from services.trace.store import node_rows
from shared.envelope import Envelope

revision = "0003"
down_revision = "0002"

PAGE = 2000
STATEMENTS = (
    "ALTER TABLE record_lot ADD COLUMN about boolean NOT NULL DEFAULT true",
    """
    CREATE TABLE record_node (
        kind text NOT NULL,
        node_id text NOT NULL,
        position bigint NOT NULL,
        from_at timestamptz NOT NULL,
        to_at timestamptz NOT NULL,
        PRIMARY KEY (kind, node_id, position)
    )""",
    "CREATE INDEX record_node_position ON record_node (position)",
    "CREATE INDEX record_node_below ON record_node (kind, node_id text_pattern_ops)",
    """
    CREATE TABLE lot_member (
        lot_id text NOT NULL,
        member_lot_id text NOT NULL,
        PRIMARY KEY (lot_id, member_lot_id)
    )""",
    "CREATE INDEX lot_member_member ON lot_member (member_lot_id)",
    """
    CREATE TABLE lot_hold (
        lot_id text NOT NULL,
        gate text NOT NULL,
        reason text NOT NULL,
        held_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, gate)
    )""",
    """
    CREATE TABLE lot_grade (
        lot_id text PRIMARY KEY,
        grade text NOT NULL,
        discharge_capacity_mah double precision,
        completed_at timestamptz
    )""",
    """
    CREATE TABLE recall (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node_kind text NOT NULL,
        node_id text NOT NULL,
        from_at timestamptz,
        to_at timestamptz,
        person text NOT NULL,
        reason text NOT NULL,
        seen_sha256 text NOT NULL,
        ordered_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE recall_end (
        number bigint PRIMARY KEY REFERENCES recall,
        person text NOT NULL,
        reason text NOT NULL,
        ended_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE recall_lot (
        number bigint NOT NULL,
        lot_id text NOT NULL,
        PRIMARY KEY (number, lot_id)
    )""",
    "CREATE INDEX recall_lot_lot ON recall_lot (lot_id)",
    # The service's own events but its seals come into the record too.
    """
    CREATE INDEX outbox_to_keep ON outbox (sequence)
    WHERE type <> 'org.halite.record_sealed.v1'""",
    """
    INSERT INTO lot_member
    SELECT subject, jsonb_array_elements_text(body::jsonb -> 'data' -> 'members') FROM record
    WHERE type = 'org.halite.material_lot_registered.v1' ON CONFLICT DO NOTHING""",
    """
    INSERT INTO lot_hold
    SELECT lot_id, gate, reason, time FROM (
        SELECT DISTINCT ON (subject, gate) subject AS lot_id, gate, type, time,
               body::jsonb -> 'data' ->> 'reason' AS reason
        FROM record, LATERAL (SELECT body::jsonb -> 'data' ->> 'gate' AS gate) AS said
        WHERE type IN ('org.halite.lot_held.v1', 'org.halite.lot_hold_released.v1')
        ORDER BY subject, gate, position DESC
    ) AS newest
    WHERE type = 'org.halite.lot_held.v1'""",
    """
    INSERT INTO lot_grade
    SELECT DISTINCT ON (subject) subject, body::jsonb -> 'data' ->> 'grade',
           (body::jsonb -> 'data' ->> 'discharge_capacity_mah')::float8,
           (SELECT max(c.time) FROM record c
            WHERE c.type = 'org.halite.cell_completed.v1' AND c.subject = record.subject)
    FROM record WHERE type = 'org.halite.cell_graded.v1' ORDER BY subject, position DESC""",
)
READ = """
    SELECT position, body FROM record WHERE position > :after ORDER BY position LIMIT :limit"""
NAME_LOT = """
    INSERT INTO record_lot (lot_id, position, about)
    SELECT lot_id, position, about FROM json_to_recordset(CAST(:rows AS json)) AS one (
        lot_id text, position bigint, about boolean)
    ON CONFLICT (lot_id, position) DO UPDATE SET about = excluded.about"""
NAME_NODE = """
    INSERT INTO record_node (kind, node_id, position, from_at, to_at)
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS one (
        kind text, node_id text, position bigint, from_at timestamptz, to_at timestamptz)"""


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    connection, after = op.get_bind(), 0
    while page := connection.execute(text(READ), {"after": after, "limit": PAGE}).all():
        lots, nodes, after = [], [], page[-1].position
        for position, body in page:
            envelope = Envelope.model_validate_json(body)
            named = mentions(envelope.data)
            for lot_id in named.lot_ids:
                about = lot_id in named.about
                lots.append({"lot_id": lot_id, "position": position, "about": about})
            nodes += node_rows(touch_of(envelope), {"position": position})
        connection.execute(text(NAME_LOT), {"rows": json.dumps(lots)})
        connection.execute(text(NAME_NODE), {"rows": json.dumps(nodes)})
