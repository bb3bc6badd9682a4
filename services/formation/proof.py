"""Owns the proof that what ran is what was ordered: protocol, barcode, channel, current."""

from dataclasses import dataclass

import polars as pl

from services.formation.protocol import CellOrder, Current, TestProtocol, current_ma
from services.formation.stepfile import compare
from services.formation.testfiles import TestFile
from shared.errors import InvalidInputError

CURRENT_TOLERANCE_RATIO = 0.01  # a range that clips is off by more; a channel in order by far less
SHOWN_DIFFERENCES = 20


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether a file proves that a test ran as ordered; `matches` None: it cannot tell."""

    matches: bool | None
    findings: tuple[str, ...]


def prove(
    file: TestFile, step_file: bytes, lot_id: str, protocol: TestProtocol, order: CellOrder
) -> Proof:
    """Return what a file shows against the step file, cell and protocol that were ordered."""
    findings: list[str] = []
    unknown: list[str] = []
    if file.barcode is None:
        unknown.append("the file names no barcode")
    elif file.barcode != lot_id:
        findings.append(f"barcode {file.barcode!r}, ordered was {lot_id!r}")
    if file.step_xml is None:
        unknown.append("the file holds no protocol")
    else:
        findings += _differences(step_file, file.step_xml)
    findings += clipped(file.rows, protocol, order)
    if findings:
        return Proof(matches=False, findings=tuple(findings[:SHOWN_DIFFERENCES]))
    return Proof(matches=None if unknown else True, findings=tuple(unknown))


def _differences(step_file: bytes, step_xml: str) -> list[str]:
    try:
        return [str(item) for item in compare(step_file, step_xml.encode())]
    except InvalidInputError as error:
        return [f"the protocol in the file cannot be read: {error}"]


def clipped(rows: pl.DataFrame, protocol: TestProtocol, order: CellOrder) -> list[str]:
    """Return which steps carried another current than ordered, as a clipped range does."""
    found = []
    medians = rows.group_by("step_index").agg(pl.col("current_ma").median())
    carried = dict(medians.iter_rows())
    for number, step in enumerate(protocol.steps, start=1):
        if not isinstance(step, Current) or number not in carried:
            continue
        ordered_ma = current_ma(step, order)
        off = abs(carried[number] - ordered_ma) / abs(ordered_ma)
        if off > CURRENT_TOLERANCE_RATIO:
            found.append(
                f"step {number}: {carried[number]:.4g} mA, ordered {ordered_ma:.4g} mA,"
                f" limit {CURRENT_TOLERANCE_RATIO:.0%}"
            )
    return found
