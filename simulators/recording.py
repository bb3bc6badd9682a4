"""The .ndax file a tester leaves of an ended test: protocol that ran, identity, all rows.

Layout of the parts as real files of version 14 have it (read in fastnda, and in the peer files of
BTS 8.0.0): 4096-byte blocks, a header block, then per block a bit per row and rows from byte 132.
"""

import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from simulators.physics.trajectory import Block, Course

BLOCK_BYTES, DATA_START, MASK_START = 4096, 132, 4
VERSION = 14
MAIN = np.dtype([("volt", "<f4"), ("curr", "<f4")])
RUN_INFO = np.dtype(
    [
        ("step_ms", "<u4"),
        ("pad_a", "V1"),
        ("charge_ah", "<f4"),
        ("discharge_ah", "<f4"),
        ("charge_wh", "<f4"),
        ("discharge_wh", "<f4"),
        ("pad_b", "V8"),
        ("interval_ms", "<i4"),
        ("unix_s", "<u4"),
        ("step_count", "<u4"),
        ("row", "<u4"),
        ("unix_ms", "<i2"),
        ("pad_c", "V8"),
    ]
)
STEP = np.dtype(
    [
        ("cycle", "<u4"),
        ("step_id", "<u4"),
        ("pad_a", "V16"),
        ("step_type", "<u1"),
        ("pad_b", "V12"),
    ]
)


def packed(rows: NDArray[np.void], part_type: int) -> bytes:
    """Return rows as one part of the archive."""
    size = rows.dtype.itemsize
    per_block = (BLOCK_BYTES - DATA_START - 1) // size
    out = io.BytesIO()
    out.write(bytes([part_type, 0, VERSION, 0]).ljust(BLOCK_BYTES, b"\0"))
    for start in range(0, len(rows), per_block):
        chunk = rows[start : start + per_block]
        mask = np.packbits(np.ones(len(chunk), np.uint8), bitorder="little").tobytes()
        head = bytes([part_type + 1, 0]) + len(chunk).to_bytes(2, "little") + mask
        out.write((head.ljust(DATA_START, b"\0") + chunk.tobytes()).ljust(BLOCK_BYTES, b"\0"))
    return out.getvalue()


def _shown(course: Course, elapsed_s: float) -> list[tuple[Block, int]]:
    """Return the executed steps and how many rows of each were recorded."""
    last = course.row_count(elapsed_s)
    blocks = (block for block in course.blocks if block.first_row < last)
    return [(block, min(len(block.time_s), last - block.first_row)) for block in blocks]


def _run_info(block: Block, count: int, started_at: datetime) -> NDArray[np.void]:
    rows = np.zeros(count, RUN_INFO)
    time_s = block.time_s[:count]
    capacity_ah, energy_wh = block.capacity_mah[:count] / 1e3, block.energy_mwh[:count] / 1e3
    charging = block.step.sign >= 0
    rows["step_ms"] = np.round(time_s * 1e3)
    rows["charge_ah" if charging else "discharge_ah"] = capacity_ah
    rows["charge_wh" if charging else "discharge_wh"] = energy_wh
    rows["interval_ms"] = np.round(np.diff(time_s, prepend=0.0) * 1e3)
    unix_ms = np.round((started_at.timestamp() + block.start_s + time_s) * 1e3).astype(np.int64)
    rows["unix_s"], rows["unix_ms"] = unix_ms // 1000, unix_ms % 1000
    rows["step_count"] = block.index
    rows["row"] = block.first_row + 1 + np.arange(count)
    return rows


def archive_of(
    course: Course, elapsed_s: float, started_at: datetime, texts: dict[str, bytes]
) -> bytes:
    """Return the .ndax of a test that ended at `elapsed_s`; `texts`: its XML parts by name."""
    shown = _shown(course, elapsed_s)
    main = np.zeros(sum(count for _, count in shown), MAIN)
    steps = np.zeros(len(shown), STEP)
    infos = []
    for place, (block, count) in enumerate(shown):
        rows = slice(block.first_row, block.first_row + count)
        main["volt"][rows] = block.voltage_v[:count]
        main["curr"][rows] = block.current_ma[:count] / 1e3
        steps[place]["cycle"] = block.cycle - 1
        steps[place]["step_id"] = block.step.step_id
        steps[place]["step_type"] = block.step.step_type
        infos.append(_run_info(block, count, started_at))
    run_info = np.concatenate(infos) if infos else np.zeros(0, RUN_INFO)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.writestr("data.ndc", packed(main, 1))
        archive.writestr("data_step.ndc", packed(steps, 7))
        archive.writestr("data_runInfo.ndc", packed(run_info, 18))
    return out.getvalue()


def info_text(fields: dict[str, str | int | float]) -> bytes:
    """Return TestInfo.xml, in the encoding of the BTS."""
    attributes = " ".join(f"{name}={quoteattr(str(value))}" for name, value in fields.items())
    text = (
        '<?xml version="1.0" encoding="GB2312"?>\r\n<root>\r\n'
        '  <config type="Test Info File" version="1">\r\n'
        f"    <TestInfo {attributes} />\r\n  </config>\r\n</root>\r\n"
    )
    return text.encode("gb18030")


def wall_text(started_at: datetime, elapsed_s: float = 0.0) -> str:
    """Return an instant in the words of the BTS, to the second."""
    return (started_at + timedelta(seconds=elapsed_s)).strftime("%Y-%m-%d %H:%M:%S")


def save(folder: Path, name: str, content: bytes) -> bool:
    """Write a file that no reader ever sees in part; False when the folder does not take it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{name}.part"
        temporary.write_bytes(content)
        temporary.replace(folder / name)
    except OSError:
        return False
    return True
