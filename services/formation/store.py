"""Protocols, gradings, channel leases, test runs and test files in formation's database."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from services.formation.curves import Figure
from services.formation.domain import Grading
from services.formation.plan import orders_of
from services.formation.protocol import TestProtocol
from services.formation.safety import Bounds
from shared import jobcontrol
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.events import JobOrderReleased
from shared.facts import CycleFigures, StopLatency
from shared.masterdata import keep_version
from shared.transaction import Transaction


class LeasedMeanwhileError(ConflictError):
    """Another took the channel between choosing and leasing it; choose again."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A channel that belongs to one job order; `previous_test_id` is the test before it."""

    channel: str
    job_order_id: str
    lot_id: str
    previous_test_id: int | None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A test that was ordered: its step file as sent, how far it is, why our watch stopped it.

    part_number: of the plan it is a part of, None for a test on its own. seen_s: the test's own
    time at which our watch saw the reason; sound: what its rows held before.
    """

    job_order_id: str
    lot_id: str
    channel: str
    protocol_id: str
    protocol_version: int
    step_file: bytes
    step_sha256: str
    started_at: datetime | None
    stop_reason: str | None = None
    part_number: int | None = None
    seen_s: float | None = None
    sound: Bounds | None = None

    @property
    def program(self) -> str:
        """The name of what runs, for testers with programs of their own."""
        part = "" if self.part_number is None else f"-part-{self.part_number}"
        return f"{self.protocol_id}{part}-v{self.protocol_version}"


async def add_protocol(tx: Transaction, protocol: TestProtocol) -> None:
    """Keep a version of a test protocol.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "test_protocol", ("protocol_id", "version"), protocol)


async def add_grading(tx: Transaction, grading: Grading) -> None:
    """Keep a version of a grading.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "grading", ("product_id", "version"), grading)


async def newest_protocol(tx: Transaction, protocol_id: str) -> TestProtocol:
    """Return the newest released version of a protocol.

    Raises:
        NotFoundError: no released version.
    """
    body = await tx.scalar(
        sql("""
            SELECT body FROM test_protocol
            WHERE protocol_id = :id AND body ->> 'status' = 'released'
            ORDER BY version DESC LIMIT 1"""),
        {"id": protocol_id},
    )
    if body is None:
        raise NotFoundError(f"test protocol {protocol_id} has no released version")
    return TestProtocol.model_validate(body)


async def protocol_version(
    tx: Transaction, protocol_id: str, version: int, part_number: int | None = None
) -> TestProtocol:
    """Return one version of a protocol, or the part of it that a run of a plan has.

    Raises:
        NotFoundError: no such version.
    """
    body = await tx.scalar(
        sql("SELECT body FROM test_protocol WHERE protocol_id = :id AND version = :version"),
        {"id": protocol_id, "version": version},
    )
    if body is None:
        raise NotFoundError(f"test protocol {protocol_id} version {version} does not exist")
    protocol = TestProtocol.model_validate(body)
    return protocol if part_number is None else orders_of(protocol)[part_number - 1].protocol


async def newest_grading(
    tx: Transaction, product_id: str, protocol_id: str, protocol_version: int
) -> Grading:
    """Return the newest grading of a product for one protocol version; the most special counts.

    Raises:
        NotFoundError: the product has none for it.
    """
    body = await tx.scalar(
        sql("""
            SELECT body FROM grading
            WHERE product_id = :id
                AND coalesce(body ->> 'protocol_id', :protocol_id) = :protocol_id
                AND coalesce(CAST(body ->> 'protocol_version' AS integer), :protocol_version)
                    = :protocol_version
            ORDER BY (body ->> 'protocol_id' IS NOT NULL) DESC,
                     (body ->> 'protocol_version' IS NOT NULL) DESC, version DESC
            LIMIT 1"""),
        {"id": product_id, "protocol_id": protocol_id, "protocol_version": protocol_version},
    )
    if body is None:
        raise NotFoundError(
            f"product {product_id} has no grading for {protocol_id} version {protocol_version}"
        )
    return Grading.model_validate(body)


async def leases(tx: Transaction, equipment_id: str) -> dict[str, Lease]:
    """Return the leases of a tester by job order."""
    rows = await tx.execute(
        sql("""
            SELECT channel, job_order_id, lot_id, previous_test_id FROM channel_lease
            WHERE equipment_id = :equipment_id"""),
        {"equipment_id": equipment_id},
    )
    return {row["job_order_id"]: Lease(**row) for row in rows.mappings()}


async def lease(tx: Transaction, equipment_id: str, wanted: Lease, at: datetime) -> None:
    """Lease a channel; the primary key refuses a second lease of it.

    Raises:
        LeasedMeanwhileError: another took the channel, or the job order has one.
    """
    added = await tx.execute(
        sql("""
            INSERT INTO channel_lease (equipment_id, channel, job_order_id, lot_id,
                                       previous_test_id, leased_at)
            VALUES (:equipment_id, :channel, :job_order_id, :lot_id, :previous_test_id, :at)
            ON CONFLICT DO NOTHING"""),
        {**asdict(wanted), "equipment_id": equipment_id, "at": at},
    )
    if not added.rowcount:
        raise LeasedMeanwhileError(f"{equipment_id} channel {wanted.channel} was leased meanwhile")


async def still_waits(tx: Transaction, job_order_id: str) -> bool:
    """Lock a job order and say whether no tester has it yet."""
    state = await tx.scalar(
        sql("SELECT state FROM job_order WHERE job_order_id = :id FOR UPDATE"),
        {"id": job_order_id},
    )
    return bool(state == "not_allowed_to_start")


async def free(tx: Transaction, job_order_id: str) -> None:
    """End the lease of a job order, and forget what persons asked of it."""
    await tx.execute(
        sql("DELETE FROM channel_lease WHERE job_order_id = :id"), {"id": job_order_id}
    )
    await jobcontrol.forget(tx, job_order_id)


async def add_run(tx: Transaction, run: Run) -> None:
    """Keep an ordered test with its step file as sent."""
    await tx.execute(
        sql("""
            INSERT INTO test_run (job_order_id, lot_id, channel, protocol_id, protocol_version,
                                  step_file, step_sha256, part_number, state)
            VALUES (:job_order_id, :lot_id, :channel, :protocol_id, :protocol_version,
                    :step_file, :step_sha256, :part_number, 'ordered')"""),
        asdict(run),
    )


async def run_of(tx: Transaction, job_order_id: str) -> Run:
    """Return an ordered test.

    Raises:
        NotFoundError: no such test.
    """
    row = (
        (
            await tx.execute(
                sql("""
                    SELECT job_order_id, lot_id, channel, protocol_id, protocol_version,
                           step_file, step_sha256, started_at, stop_reason, part_number,
                           seen_s, sound
                    FROM test_run WHERE job_order_id = :id"""),
                {"id": job_order_id},
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFoundError(f"test run {job_order_id} does not exist")
    sound = row["sound"]
    return Run(**{**row, "sound": None if sound is None else Bounds(**sound)})


async def job_order_of(tx: Transaction, job_order_id: str) -> JobOrderReleased:
    """Return the job order behind a test, or behind the plan that a test is a part of.

    Raises:
        NotFoundError: no such test.
    """
    body = await tx.scalar(
        sql("""
            SELECT body FROM job_order WHERE job_order_id = coalesce(
                (SELECT job_order_id FROM plan_part WHERE station_order_id = :id), :id)"""),
        {"id": job_order_id},
    )
    if body is None:
        raise NotFoundError(f"test run {job_order_id} does not exist")
    return JobOrderReleased.model_validate(body)


async def note_start(tx: Transaction, job_order_id: str, at: datetime) -> None:
    """Keep that a test runs, since when in plant time."""
    await tx.execute(
        sql("""
            UPDATE test_run SET state = 'running', started_at = :at WHERE job_order_id = :id"""),
        {"id": job_order_id, "at": at},
    )


async def keep_end(
    tx: Transaction,
    job_order_id: str,
    row_count: int,
    cycles: Sequence[CycleFigures],
    features: Sequence[Figure],
    state: str,
    started_at: datetime | None,
    ended_at: datetime | None,
    latency: StopLatency | None,
) -> None:
    """Keep the end of a test with what was made of its rows."""
    await tx.execute(
        sql("""
            UPDATE test_run
            SET state = :state, row_count = :row_count, started_at = :started_at,
                ended_at = :ended_at, cycles = CAST(:cycles AS jsonb),
                features = CAST(:features AS jsonb),
                stop_latency = CAST(:stop_latency AS jsonb)
            WHERE job_order_id = :id"""),
        {
            "id": job_order_id,
            "stop_latency": None if latency is None else latency.model_dump_json(),
            "state": state,
            "row_count": row_count,
            "started_at": started_at,
            "ended_at": ended_at,
            "cycles": json.dumps([item.model_dump() for item in cycles]),
            "features": json.dumps([asdict(item) for item in features]),
        },
    )


async def latest_run(tx: Transaction, lot_id: str) -> RowMapping | None:
    """Return the newest test of a cell, or None."""
    rows = await tx.execute(
        sql("""
            SELECT job_order_id, channel, protocol_id, protocol_version, state, stop_reason,
                   started_at, ended_at, greatest(row_count, batched_row) AS row_count,
                   cycles, features, stop_latency, (
                       SELECT body -> 'parameters' -> 'area_cm2' FROM job_order j
                       WHERE j.job_order_id = r.job_order_id) AS area_cm2
            FROM test_run r WHERE lot_id = :id
            ORDER BY started_at DESC NULLS LAST LIMIT 1"""),
        {"id": lot_id},
    )
    return rows.mappings().first()
