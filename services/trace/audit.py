"""Who did what when: the sealed events that persons stand behind, each with what it changed."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.trace.concern import escaped
from services.trace.domain import ACTS
from shared.db import sql
from shared.instants import Instant
from shared.transaction import Transaction

ACT_TYPES = ", ".join(f"'org.halite.{name}.v1'" for name in ACTS)
COLUMNS = (
    "position",
    "at",
    "service",
    "persons",
    "act",
    "object",
    "reason",
    "changes",
    "is_sealed",
    "event_id",
)
MOST = 1000
# Known by other columns of a row, or new with each event.
_NOT_A_CHANGE = frozenset({"person", "by", "reason", "action", "target"})
_FOUND = f"""
    SELECT act.position, r.event_id, r.source, r.type, r.subject, r.time, r.body, p.persons,
           before.body AS body_before,
           act.position <= coalesce((SELECT max(position) FROM seal), 0) AS is_sealed
    FROM act JOIN record r USING (position)
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT n.node_id ORDER BY n.node_id) AS persons FROM record_node n
        WHERE n.position = act.position AND n.kind = 'person') AS p
    LEFT JOIN LATERAL (
        SELECT b.body FROM record b
        WHERE b.type IN ({ACT_TYPES}) AND b.type = r.type AND b.subject = r.subject
          AND b.position < act.position
        ORDER BY b.position DESC LIMIT 1) AS before ON true
    WHERE (CAST(:before AS bigint) IS NULL OR act.position < :before)
      AND (CAST(:since AS timestamptz) IS NULL OR r.time >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR r.time < :until)
      AND (:person = '' OR EXISTS (
           SELECT 1 FROM unnest(p.persons) AS one WHERE one ILIKE '%' || :person || '%'))
      AND (:object = '' OR r.subject ILIKE '%' || :object || '%'
           OR r.body ILIKE '%' || :object || '%')
    ORDER BY act.position DESC LIMIT :limit"""


class Asked(BaseModel):
    """Which acts. object: a part of what was acted on, or of any word of the event.

    before: position to go on below, from the last row of the page before.
    """

    model_config = ConfigDict(extra="forbid")

    person: str = Field(default="", max_length=200)
    object: str = Field(default="", max_length=200)
    since: Instant | None = None
    until: Instant | None = None
    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=MOST)


async def acts(tx: Transaction, asked: Asked) -> list[dict[str, Any]]:
    """Return the acts that were asked for, the newest first."""
    values = asked.model_dump()
    values |= {"person": escaped(asked.person), "object": escaped(asked.object)}
    return [_written(dict(row)) for row in (await tx.execute(sql(_FOUND), values)).mappings()]


def changes(data: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an event says, and what the one before it of the same object said instead.

    Without an event before, nothing is known of before: `before` is missing then.
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in _NOT_A_CHANGE or value in (None, [], {}, ""):
            continue
        if before is None:
            found[name] = {"after": value}
        elif before.get(name) != value:
            found[name] = {"before": before.get(name), "after": value}
    return found


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return acts as CSV (RFC 4180) below a line with the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _written(row: Mapping[str, Any]) -> dict[str, Any]:
    data = json.loads(row["body"])["data"]
    before = json.loads(row["body_before"])["data"] if row["body_before"] else None
    at: datetime = row["time"]
    return {
        "position": row["position"],
        "event_id": str(row["event_id"]),
        "at": at.isoformat(),
        "service": row["source"].rsplit("/", 1)[-1],
        "persons": list(row["persons"]),
        "act": data.get("action") or row["type"].split(".")[-2],
        "object": row["subject"],
        "reason": data.get("reason"),
        "changes": changes(data, before),
        "is_sealed": row["is_sealed"],
    }


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    # A cell that a spreadsheet would take for a formula is text.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
