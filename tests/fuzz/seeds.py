"""Good files and messages of each kind, small, for others to be made of."""

import io
import os
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from deploy.example_data import FOLDER as EXAMPLES
from shared import testrows
from shared.envelope import envelope
from shared.events import LotHeld
from tests.unit import test_readers, test_spectra

PEERS = Path(os.environ.get("HALITE_PEER_DATA", EXAMPLES.parent / "../shared/data")).resolve()
LARGEST_PEER = 200_000
STEPS = (
    b'<?xml version="1.0" encoding="GB2312"?><root><config type="Step File" version="17">'
    b'<Head_Info><Operate Value="66"/><Scale Value="1"/></Head_Info><Whole_Prt><Protect><Main>'
    b'<Volt><Upper Value="43000"/></Volt></Main></Protect></Whole_Prt><Step_Info Num="2">'
    b'<Step1 Step_ID="1" Step_Type="1"><Limit><Main><Curr Value="100"/><Stop_Volt Value="40000"/>'
    b'</Main></Limit></Step1><Step2 Step_ID="2" Step_Type="6"/></Step_Info></config></root>'
)
POINT = (
    b'<bts version="1.0"><cmd>inquire_resp</cmd><list count="1"><inquire dev="24-1-1-1-0"'
    b' cycle_id="1" step_id="2" step_type="cc" workstatus="working" current="0.1" voltage="3.1"'
    b' capacity="0.01" energy="0.03" totaltime="120.0" relativetime="60.0" open_or_close="1"'
    b' log_code="100000" barcode="CELL-1">true</inquire></list></bts>'
)
ROW = (
    b'<bts version="1.0"><cmd>download_resp</cmd><list count="1"><data seqid="1" stepid="1"'
    b' cycleid="1" steptype="cc" testtime="1000" atime="2026-03-02 06:00:00" volt="3.1" curr="0.1"'
    b' cap="0.01" eng="0.03"/></list></bts>'
)
TELEMETRY = (
    b'{"equipment_id":"pilot/a/b/c","samples":[{"signal":"temperature_degc","value":21.5,'
    b'"status":"Good","source_at":"2026-03-02T06:00:00+00:00"}]}'
)
SCHEDULE_CSV = (
    b"work_schedule_id,work_request_id,product_id,quantity,due_at\n"
    b"WS-1,WR-1,nfm-pouch-1ah,4,2026-04-01T00:00:00Z\n"
)
BDF = (
    b"test_time_second,voltage_volt,current_ampere,charging_capacity_ah,discharging_capacity_ah\n"
    b"0,3.0,0.1,0,0\n60,3.1,0.1,0.0016,0\n120,3.2,0.1,0.0033,0\n"
)


def ndax() -> bytes:
    """Return what looks like a Neware file from outside, with parts that cannot be read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("Step.xml", STEPS)
        file.writestr("TestInfo.xml", b'<root><config><TestInfo Barcode="C1"/></config></root>')
        file.writestr(
            "VersionInfo.xml", b'<root><config><ZwjVersion SvrVer="BTS 8.0"/></config></root>'
        )
        file.writestr("data.ndc", bytes(range(256)) * 20)
        file.writestr("data_runInfo.ndc", bytes(4096))
        file.writestr("data_step.ndc", bytes(4096))
    return out.getvalue()


def spectra() -> list[bytes]:
    """Return the same spectrum as each vendor writes it."""
    rows = test_spectra.ROWS
    plain = test_spectra.plain(rows)
    makers = (test_spectra.dta, test_spectra.zplot, test_spectra.eisfit, test_spectra.csv)
    return [
        test_spectra.mpt(rows),
        test_spectra.headed_csv(plain),
        *(make(plain) for make in makers),
    ]


def test_batch() -> bytes:
    """Return a batch of rows as formation sends it."""
    rows = testrows.schema().empty_table()
    return testrows.encode(rows)


def event() -> bytes:
    """Return a message about an event."""
    held = LotHeld(lot_id="L1", work_request_id=None, gate="g", reason="r")
    at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    return envelope(held, service="execution", time=at).model_dump_json().encode()


def cti_channel() -> bytes:
    """Return the payload of an answer about one channel."""
    payload = bytearray(2200)
    struct.pack_into("<IIhB", payload, 0, 1, 3, 0, 0)
    return bytes(payload)


def cti_login() -> bytes:
    """Return the payload of an accepted login."""
    return struct.pack("<I", 1) + bytes(8700)


def mpt() -> bytes:
    """Return a cycler's file of EC-Lab."""
    return test_readers.mpt()


def peers(pattern: str) -> list[bytes]:
    """Return real files, as far as they are at hand and small."""
    found = sorted(PEERS.glob(pattern)) if PEERS.is_dir() else []
    return [path.read_bytes() for path in found if path.stat().st_size <= LARGEST_PEER]
