"""History of channels, and why a running test was stopped, in formation's database."""

import json
from dataclasses import asdict
from datetime import datetime

from services.formation import store
from services.formation.channels import ChannelEntry, ChannelFacts, HistoryLine, facts_of
from services.formation.protocol import TestProtocol
from services.formation.safety import Alarm
from shared.db import sql
from shared.errors import NotFoundError
from shared.settings import TesterSettings
from shared.transaction import Transaction


async def add_entry(tx: Transaction, entry: ChannelEntry, at: datetime) -> None:
    """Add a line to a channel's history."""
    await tx.execute(
        sql("""
            INSERT INTO channel_entry (equipment_id, channel, body, written_at)
            VALUES (:equipment_id, :channel, CAST(:body AS jsonb), :at)"""),
        {
            "equipment_id": entry.equipment_id,
            "channel": entry.channel,
            "body": entry.model_dump_json(),
            "at": at,
        },
    )


async def histories(tx: Transaction, equipment_id: str) -> dict[str, list[HistoryLine]]:
    """Return the histories of a tester's channels, oldest line first."""
    rows = await tx.execute(
        sql("""
            SELECT channel, body, written_at FROM channel_entry
            WHERE equipment_id = :equipment_id ORDER BY entry_id"""),
        {"equipment_id": equipment_id},
    )
    found: dict[str, list[HistoryLine]] = {}
    for row in rows.mappings():
        entry = ChannelEntry.model_validate(row["body"])
        line = HistoryLine(entry=entry, written_at=row["written_at"])
        found.setdefault(row["channel"], []).append(line)
    return found


async def channel(tx: Transaction, tester: TesterSettings, name: str) -> ChannelFacts:
    """Return a channel as it is now."""
    lines = (await histories(tx, tester.equipment_id)).get(name, [])
    return facts_of(tester, name, [line.entry for line in lines])


async def note_stop(tx: Transaction, job_order_id: str, alarm: Alarm, seen_s: float) -> None:
    """Keep why our watch stops a test and at which time of the test it saw it; the first stays."""
    sound = None if alarm.sound is None else json.dumps(asdict(alarm.sound))
    await tx.execute(
        sql("""
            UPDATE test_run SET stop_reason = :reason, seen_s = :seen_s,
                sound = CAST(:sound AS jsonb)
            WHERE job_order_id = :id AND stop_reason IS NULL"""),
        {"id": job_order_id, "reason": alarm.reason, "seen_s": seen_s, "sound": sound},
    )


async def protocol_of_run(tx: Transaction, job_order_id: str) -> TestProtocol:
    """Return the protocol version, or the part of it, that a test was ordered with.

    Raises:
        NotFoundError: no such test.
    """
    statement = """
        SELECT protocol_id, protocol_version, part_number FROM test_run WHERE job_order_id = :id"""
    row = (await tx.execute(sql(statement), {"id": job_order_id})).first()
    if row is None:
        raise NotFoundError(f"test run {job_order_id} does not exist")
    return await store.protocol_version(tx, *row)
