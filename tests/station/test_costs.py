"""What loops and lists read costs by what is open or shown, not by all that ever was."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.execution import limits, views
from services.formation import rackstore, rowstore
from services.historian import teststore
from services.plc import store as plc
from services.quality import countdowns
from services.quality.countdowns import Wanted
from services.quality.domain import ExposureBudget
from services.sintering import store as sintering
from services.sintering.utilisation import utilisation
from services.spray import jobstore
from shared import joborders
from shared.db import Database, migrate, sql
from shared.transaction import Transaction
from tests.plant import ROOT
from tests.station.plc_floor import released

LONG_AGO = 3000  # rows of history, far more than is shown
BODY = released("1").model_dump_json()


@asynccontextmanager
async def filled(url: str, service: str, *statements: str) -> AsyncIterator[Transaction]:
    """Yield a transaction on a service's database with a history that the planner knows of."""
    await asyncio.to_thread(migrate, url, ROOT / "services" / service / "migrations")
    database = Database(url)
    try:
        async with database.begin() as tx:
            for statement in statements:
                await tx.execute(sql(statement), {"body": BODY})
            await tx.execute(sql("ANALYZE"))
            yield tx
    finally:
        await database.close()


async def rows_read(tx: Transaction) -> int:
    """Return how many rows of tables this transaction has gone through up to now."""
    counted = """
        SELECT coalesce(sum(seq_tup_read) + sum(idx_tup_fetch), 0)::bigint
        FROM pg_stat_xact_user_tables"""
    return int(await tx.scalar(sql(counted)))


PLC_JOB_ORDERS = f"""
    INSERT INTO job_order (job_order_id, released, station_kind, state, changed_at)
    SELECT kind || n, CAST(:body AS jsonb) || jsonb_build_object('job_order_id', kind || n), kind,
           CASE WHEN n <= 2 THEN 'running' WHEN n = 7 THEN 'aborted' ELSE 'ended' END,
           timestamptz '2026-01-01Z' - n * interval '1 minute'
    FROM generate_series(1, {LONG_AGO}) AS n, unnest(ARRAY['press', 'sealer', 'mill']) AS kind"""


async def test_the_plc_service_looks_at_the_open_and_the_newest_ended_job_orders_of_each_kind(
    fresh_database: str,
) -> None:
    shown = 2 + plc.ENDED_KEPT
    async with filled(fresh_database, "plc", PLC_JOB_ORDERS) as tx:
        before = await rows_read(tx)
        floor = await plc.floor(tx, ["press", "sealer"])
        read = await rows_read(tx) - before
    ids = {one.job_order_id for one in floor.job_orders}
    assert ids == {f"{kind}{n}" for kind in ("press", "sealer") for n in range(1, shown + 1)}
    assert read <= 2 * shown


BATCHES = f"""
    INSERT INTO test_batch (source, sequence, row_count, body, taken_at, committed_at)
    SELECT 'tester', n, 10, '', '2026-01-01Z', timestamptz '2026-01-01Z' + n / 2 * interval '1 s'
    FROM generate_series(1, {LONG_AGO}) AS n"""


async def test_the_oldest_batches_of_test_rows_are_taken_without_reading_those_behind_them(
    fresh_database: str,
) -> None:
    async with filled(fresh_database, "historian", BATCHES) as tx:
        before = await rows_read(tx)
        some = await teststore.oldest_batches(tx, 95)
        read = await rows_read(tx) - before
        one = await teststore.oldest_batches(tx, 1)
        all_of_them = await teststore.oldest_batches(tx, 10 * LONG_AGO)
        await teststore.delete_batches(tx, all_of_them)
        none = await teststore.oldest_batches(tx, 95)
    assert sorted(batch.sequence for batch in some) == list(range(1, 11))
    assert [batch.sequence for batch in one] == [1]
    assert (len(all_of_them), none) == (LONG_AGO, [])
    assert read <= len(some)


STATION_ORDERS = f"""
    INSERT INTO station_order (station_order_id, equipment_id, recipe_id, recipe_version,
                               parameters, materials, state, planned_at)
    SELECT 'S' || n, 'spray-' || n % 2, 'r', 1, '{{}}', '[]',
           CASE WHEN n = 1 THEN 'running' ELSE 'ended' END,
           timestamptz '2026-01-01Z' - n * interval '1 minute'
    FROM generate_series(1, {LONG_AGO}) AS n"""
JOB_ORDERS = f"""
    INSERT INTO job_order (job_order_id, body, station_kind, state, priority, due_at, released_at,
                           station_order_id)
    SELECT 'J' || n, CAST(:body AS jsonb) || jsonb_build_object('job_order_id', 'J' || n,
               'materials', jsonb_build_array(m, m || '{{"use": "processed"}}')), 'spray',
           CASE WHEN n > {LONG_AGO} THEN 'not_allowed_to_start' ELSE 'ended' END, 5,
           '2026-02-01Z', timestamptz '2026-01-01Z' - n * interval '1 minute',
           CASE WHEN n <= {LONG_AGO} THEN 'S' || n END
    FROM generate_series(1, {LONG_AGO} + 20) AS n, LATERAL (
        SELECT CAST(:body AS jsonb) -> 'materials' -> 0
               || jsonb_build_object('lot_id', 'L' || n) AS m) AS of"""
HOLDS = f"""
    INSERT INTO lot_hold (lot_id, gate, reason)
    SELECT 'L' || n, 'film', 'thin' FROM generate_series(1, {LONG_AGO} + 1) AS n"""


async def test_a_station_finds_its_orders_and_what_waits_among_all_that_ended(
    fresh_database: str,
) -> None:
    async with filled(fresh_database, "spray", STATION_ORDERS, JOB_ORDERS, HOLDS) as tx:
        before = await rows_read(tx)
        waiting = await joborders.waiting(tx, "spray", lock=False)
        running = await joborders.open_at(tx, "spray-1")
        newest = await joborders.listed(tx, 3)
        here = await joborders.listed(tx, 3, "spray-1")
        sprayed = await jobstore.jobs(tx, 3)
        read = await rows_read(tx) - before
        held = await joborders.listed(tx, LONG_AGO + 1)
    assert len(waiting) == 19 and f"J{LONG_AGO + 1}" not in {one.job_order_id for one in waiting}
    assert [[one.job_order_id for one in order.job_orders] for order in running] == [["J1"]]
    assert [row["job_order_id"] for row in newest] == ["J1", "J2", "J3"]
    assert [row["job_order_id"] for row in here] == ["J1", "J3", "J5"]
    assert [row["station_order_id"] for row in sprayed] == ["S1", "S2", "S3"]
    assert held[-1]["reason"] == f"lot L{LONG_AGO + 1} held by film: thin"
    assert read < 100


TESTS = f"""
    INSERT INTO test_run (job_order_id, lot_id, channel, protocol_id, protocol_version, step_file,
                          step_sha256, state, started_at, told_started_at)
    SELECT 'S' || n, 'C' || n, '1-' || n % 8, 'p', 1, '', '', 'ended', at,
           CASE WHEN n <> 9 THEN at END
    FROM generate_series(1, {LONG_AGO}) AS n, LATERAL (
        SELECT timestamptz '2026-01-01Z' - n * interval '1 minute' AS at) AS of"""


async def test_the_newest_tests_and_the_one_to_tell_are_found_among_all_that_ran(
    fresh_database: str,
) -> None:
    async with filled(fresh_database, "formation", STATION_ORDERS, TESTS) as tx:
        before = await rows_read(tx)
        newest = await rackstore.runs(tx, 3)
        on_channel = await rackstore.runs_on(tx, "spray-1", "1-3", 3)
        untold = await rowstore.untold_tests(tx)
        read = await rows_read(tx) - before
    assert [row["job_order_id"] for row in newest] == ["S1", "S2", "S3"]
    assert [row["job_order_id"] for row in on_channel] == ["S3", "S11", "S19"]
    assert [test.series_id for test in untold] == ["S9"]
    assert read < 30


SCRAPPED_CELLS = f"""
    INSERT INTO lot (lot_id, material_definition_id, kind, quantity, unit, state, updated_at)
    SELECT 'C' || n, 'coin', 'cell', 1, 'count',
           CASE WHEN n <= 5 THEN 'available' ELSE 'scrapped' END, now()
    FROM generate_series(1, {LONG_AGO}) AS n"""
HOLDS_OF_CELLS = f"""
    INSERT INTO hold (lot_id, gate, reason, held_at, is_over)
    SELECT 'C' || n, 'capacity', 'low', timestamptz '2026-01-01Z' - n * interval '1 minute', n > 5
    FROM generate_series(1, {LONG_AGO}) AS n"""
WINDOWS = (
    """
    INSERT INTO work_schedule VALUES ('S', '{}', '2026-01-01Z')""",
    """
    INSERT INTO work_request (work_request_id, work_schedule_id, product_id, product_version,
        quantity, witness_quantity, priority, due_at, state, accepted_at)
    VALUES ('W', 'S', 'coin', 1, 1, 1, 1, '2026-02-01Z', 'open', '2026-01-01Z')""",
    f"""
    INSERT INTO time_limit (time_limit_id, lot_id, work_request_id, name, limit_kind, from_event,
        to_event, started_at, warn_at, limit_at, state)
    SELECT 'T' || n, 'C' || n, 'W', 'cure', 'max', 'a', 'b', at, at, at,
           CASE WHEN n <= 20 THEN 'open' ELSE 'met' END
    FROM generate_series(1, {LONG_AGO}) AS n, LATERAL (
        SELECT timestamptz '2026-01-01Z' - n * interval '1 minute' AS at) AS of""",
)


async def test_a_handover_reads_the_holds_and_windows_that_it_shows(fresh_database: str) -> None:
    statements = (SCRAPPED_CELLS, HOLDS_OF_CELLS, *WINDOWS)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with filled(fresh_database, "execution", *statements) as tx:
        before = await rows_read(tx)
        held = await views.holds(tx, "", 3, only_open=True)
        windows = await limits.ending_by(tx, now, 3)
        read = await rows_read(tx) - before
        all_of_them = await views.holds(tx, "", 3)
    assert [row["lot_id"] for row in held["items"]] == ["C1", "C2", "C3"]
    assert (held["total"], all_of_them["total"]) == (5, LONG_AGO)
    assert [row["lot_id"] for row in windows["items"]] == ["C20", "C19", "C18"]
    assert windows["total"] == 20
    assert read <= 60


BUDGET = ExposureBudget(
    state="pellet",
    product_id="coin",
    version=1,
    budget_minutes=600,
    budget_dose_ppm_h=3000,
    from_operation="gauge",
    to_operation="spray",
    room_equipment_id="pilot/dryroom/room/dryroom-1",
    source="test",
)
KEPT_BUDGET = f"""
    INSERT INTO exposure_budget (product_id, state, version, body)
    VALUES ('coin', 'pellet', 1, '{json.dumps(BUDGET.model_dump())}')"""
# Without a rate, at the end of the dose, beyond it, and all between; each tenth is unknown.
OPEN_LOTS = """
    INSERT INTO open_exposure (lot_id, open_state, work_request_id, product_id, version,
        room_equipment_id, from_at, known_to, dose_ppm_h, rate_ppm, unknown_at, reason, state,
        read_to)
    SELECT 'P' || n, 'pellet', 'W', 'coin', 1, 'pilot/dryroom/room/dryroom-' || n % 2, at,
           at + n % 7 * interval '1 minute', n * 53 % 3300,
           CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN 0 ELSE n * 97 % 900 END,
           at + interval '1 day', 'no sensor', CASE n % 10 WHEN 0 THEN 'unknown' ELSE 'within' END,
           at
    FROM generate_series(1, 300) AS n, LATERAL (
        SELECT timestamptz '2026-01-01Z' + n % 11 * interval '1 hour' AS at) AS of"""


async def test_open_lots_are_read_by_the_page_the_nearest_limit_first(fresh_database: str) -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    until = datetime(2026, 1, 1, 8, tzinfo=UTC)
    async with filled(fresh_database, "quality", KEPT_BUDGET, OPEN_LOTS) as tx:
        whole = await countdowns.page(tx, Wanted(), 1000, now)
        first = await countdowns.page(tx, Wanted(), 5, now)
        soon = await countdowns.page(tx, Wanted(until=until), 3, now)
        room = await countdowns.page(tx, Wanted(room_equipment_id=BUDGET.room_equipment_id), 4, now)
        alone = await countdowns.page(tx, Wanted(lot_id="P7"), 4, now)
    limits_at = [item["limit_at"] for item in whole["items"]]
    assert limits_at == sorted(limits_at), "the database reckons as `Countdown.limit_at`"
    assert (first["items"], first["total"]) == (whole["items"][:5], 300)
    named = [
        item for item in whole["items"] if item["state"] != "within" or item["limit_at"] <= until
    ]
    assert (soon["items"], soon["total"]) == (named[:3], len(named))
    assert 30 < len(named) < 300
    assert (len(room["items"]), room["total"]) == (4, 150)
    assert [item["lot_id"] for item in alone["items"]] == ["P7"]


GRADES = f"""
    INSERT INTO cell_grade (lot_id, product_id, protocol_id, protocol_version, work_request_id,
                            body, graded_at)
    SELECT 'C' || n % 1000, 'coin', 'p', 1, 'W',
           jsonb_build_object('grade', CASE WHEN n > {LONG_AGO} - 10 THEN 'B' ELSE 'A' END), now()
    FROM generate_series(1, {LONG_AGO}) AS n"""


async def test_the_grades_that_cells_have_now_are_counted_without_their_records(
    fresh_database: str,
) -> None:
    async with filled(fresh_database, "formation", GRADES) as tx:
        found = await rackstore.graded_recipes(tx)
    assert [(row["grade"], row["cell_count"]) for row in found] == [("A", 990), ("B", 10)]


FURNACE_ORDERS = f"""
    INSERT INTO station_order (station_order_id, equipment_id, recipe_id, recipe_version,
                               parameters, materials, state, planned_at, started_at, ended_at)
    SELECT 'S' || n, 'furnace-' || n % 2, 'r', 1, '{{}}', '[]', 'ended', at, at,
           CASE WHEN n > 1 THEN at + interval '1 hour' END
    FROM generate_series(1, {LONG_AGO}) AS n, LATERAL (
        SELECT timestamptz '2026-01-01Z' - n * interval '1 hour' AS at) AS of"""
LOADS = f"""
    INSERT INTO furnace_load (furnace_load_id, equipment_id, recipe_id, recipe_version,
                              job_order_ids, judged, fill_ratio, planned_start_at, planned_end_at,
                              zone_offset_degc)
    SELECT 'S' || n, 'furnace-' || n % 2, 'r', 1, '["J"]', '{{}}', 0.5,
           timestamptz '2026-01-01Z' - n * interval '1 hour', '2026-01-01Z',
           CASE WHEN n <> 3 THEN n END
    FROM generate_series(1, {LONG_AGO}) AS n"""


async def test_the_last_runs_of_a_furnace_and_its_hours_are_found_among_all_that_ran(
    fresh_database: str,
) -> None:
    since = datetime(2025, 12, 30, tzinfo=UTC)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with filled(fresh_database, "sintering", FURNACE_ORDERS, JOB_ORDERS, LOADS) as tx:
        before = await rows_read(tx)
        offsets = await sintering.zone_offsets(tx, "furnace-1", since, 3)
        newest = await sintering.loads(tx, 3)
        read = await rows_read(tx) - before
        (hours,) = await utilisation(tx, ["furnace-1"], since, now)
    assert offsets == [7, 5, 1]
    assert [row["furnace_load_id"] for row in newest] == ["S1", "S2", "S3"]
    assert read < 30
    assert hours["load_count"] == 24
