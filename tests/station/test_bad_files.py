"""Each kind of bad file of a test: recognised, stored as it came, flagged, and gating nothing."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from services.formation import store
from services.formation.protocol import CellOrder, formation_protocol
from services.formation.stepfile import step_file
from services.formation.store import Run
from shared.app import Service
from tests.station.test_channels import formation, order_of, take
from tests.station.tester_floor import MONDAY, Floor, channels_of, open_floor, start_formation
from tests.unit.test_readers import mpt

CELL = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)
BDF_HEAD = (
    "test_time_second,voltage_volt,current_ampere,charging_capacity_ah,discharging_capacity_ah"
)


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as opened:
        yield opened


async def recorded(floor: Floor, channel: str) -> bytes:
    """Return the file that the tester leaves of a whole formation of CELL-1."""
    client = floor.client()
    for old in floor.backup.glob("*.ndax"):
        old.unlink()
    await start_formation(floor, client, channel)
    floor.pass_hours(50.0)
    await client.inquire([(await channels_of(client))[channel]])
    [left] = floor.backup.glob("*.ndax")
    return left.read_bytes()


def with_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an .ndax with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, change(body) if name == part else body)
    return out.getvalue()


def table(times_s: list[float]) -> bytes:
    """Return a BDF table of a charge, a row at each of these times."""
    rows = [f"{at},{3.0 + n / 1000},0.1,{n / 1000},0" for n, at in enumerate(times_s)]
    return "\n".join([BDF_HEAD, *rows, ""]).encode()


def other_cell(content: bytes) -> bytes:
    return with_part(content, "TestInfo.xml", lambda body: body.replace(b"CELL-1", b"CELL-9"))


def edited(content: bytes) -> bytes:
    return with_part(content, "Step.xml", lambda body: body.replace(b"40000.0", b"41000.0"))


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


EVEN = [60.0 * n for n in range(20)]
BAD: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "damaged": ("a.ndax", flipped, "checksum|zip|unreadable"),
    "empty": ("b.ndax", lambda _: b"", "0 bytes"),
    "truncated": ("c.ndax", lambda body: body[: len(body) // 2], "zip"),
    "wrong locale": ("d.mpt", lambda _: mpt().replace(b"2.5\t", b"2,5\t"), "2,5"),
    "time jumps back": ("e.csv", lambda _: table([*EVEN, 30.0, 90.0]), "runs backwards"),
    "gaps": ("f.csv", lambda _: table([*EVEN, 7200.0, 7260.0]), "gaps inside steps"),
    "barcode of another cell": ("g.ndax", other_cell, "barcode 'CELL-9'"),
    "protocol edited on the tester": ("h.ndax", edited, "41000"),
}


@pytest_asyncio.fixture
async def ordered(
    floor: Floor, new_database: Callable[[], str], tmp_path: Path
) -> AsyncIterator[Service]:
    """Formation with a test of CELL-1 that was ordered on channel 1-1-1."""
    async with formation(new_database(), tmp_path, floor.tester.port) as service:
        protocol = formation_protocol()
        async with service.database.begin() as tx:
            await store.add_protocol(tx, protocol)
        order = await order_of(service, 1, "CELL-1", protocol.protocol_id, capacity_mah=1000.0)
        assert await take(service, order, "1-1-1")
        written = step_file(protocol, CELL, range_ma=200.0, range_v=5.0, written_at=MONDAY)
        run = Run(
            job_order_id="J1",
            lot_id="CELL-1",
            channel="1-1-1",
            protocol_id=protocol.protocol_id,
            protocol_version=1,
            step_file=written.content,
            step_sha256=written.sha256,
            started_at=None,
        )
        async with service.database.begin() as tx:
            await store.add_run(tx, run)
        yield service


async def judged(service: Service, name: str, content: bytes) -> tuple[dict[str, Any], bytes]:
    """Send a file; return what is kept of it and its bytes as they are given back."""
    transport = httpx.ASGITransport(app=service.app)
    sha256 = hashlib.sha256(content).hexdigest()
    async with httpx.AsyncClient(transport=transport, base_url="http://formation") as http:
        headers = {"idempotency-key": f"file {name} {sha256[:8]}"}
        path = f"/test-files?name={name}&lot_id=CELL-1"
        reply = await http.post(path, content=content, headers=headers)
        assert reply.status_code in (201, 422), reply.text
        [reading] = (await http.get(f"/test-files/{sha256}/readings")).json()["items"]
        return reading, (await http.get(f"/test-files/{sha256}")).content


def flags(reading: dict[str, Any]) -> str:
    return " / ".join([*reading["warnings"], *(reading["proof"] or {"findings": []})["findings"]])


async def test_each_bad_file_is_recognised_stored_flagged_and_gates_nothing(
    ordered: Service, floor: Floor
) -> None:
    sound = await recorded(floor, "1-1-1")
    good, kept = await judged(ordered, "sound.ndax", sound)
    assert (good["may_gate"], flags(good), kept == sound) == (True, "", True)
    for kind, (name, spoil, word) in BAD.items():
        content = spoil(sound)
        assert content != sound, kind
        reading, kept = await judged(ordered, name, content)
        assert reading["may_gate"] is False, kind
        assert kept == content, kind
        assert any(one in flags(reading) for one in word.split("|")), (kind, flags(reading))


async def test_clipped_range_is_recognised_stored_flagged_and_gates_nothing(
    ordered: Service, floor: Floor
) -> None:
    floor.fault("clipped_range", 0.9)
    content = await recorded(floor, "1-1-1")
    reading, kept = await judged(ordered, "clipped.ndax", content)
    assert kept == content
    assert reading["may_gate"] is False
    assert "step 2: 90 mA, ordered 100 mA, limit 1%" in flags(reading)
