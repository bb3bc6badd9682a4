"""`halite verify`: whether an export, a proof or a signed document is as it was written."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from deploy.report import Report, progress, reports
from services.trace.domain import mentions
from services.trace.export import Verification
from services.trace.proof import FORMAT as PROOF
from services.trace.proof import verified
from services.trace.signeddocument import BEGINNING, verified_document
from shared.errors import InvalidInputError

_BEGINNING = 1 << 10


@click.command(name="verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "key_id", help="Id of the key it must be signed with, kept elsewhere.")
@click.option("--root", help="A root on paper or in a backup that the record must pass through.")
@click.option("--lot", help="Print each event of the file that names this lot.")
@reports
def command(file: Path, key_id: str | None, root: str | None, lot: str | None) -> Report:
    """Check FILE without the plant: an export, a proof, or a signed document, of trace.

    Ends with 1 when a byte of it is not as it was written.
    """
    with file.open("rb") as content:
        beginning = content.read(_BEGINNING)
    if beginning.startswith(b'{"format":"halite proof'):
        report = _check_proof(file, key_id, lot)
    elif beginning.startswith(BEGINNING):
        report = _check_document(file, key_id, lot)
    else:
        report = _check_export(file, key_id, root, lot)
    if key_id is None and report.fault is None:
        warning = "The key was taken from the file: compare its id with one kept elsewhere."
        return replace(report, lines=(*report.lines, warning))
    return report


def _check_proof(file: Path, key_id: str | None, lot: str | None) -> Report:
    found = verified(file.read_bytes(), key_id)
    if lot not in (None, found["lot_id"]):
        raise InvalidInputError(f"{file} is the proof of {found['lot_id']}, not of {lot}")
    events = [_event(columns) for columns in found["records"]]
    told = f"{PROOF}: {len(events)} events of {found['lot_id']} are proved, key {found['key_id']}."
    data = {"lot_id": found["lot_id"], "key_ids": [found["key_id"]], "events": events}
    return Report(data=data, lines=(*map(_line, events), told))


def _check_document(file: Path, key_id: str | None, lot: str | None) -> Report:
    found = verified_document(file.read_bytes(), key_id)
    document = found["document"]
    if lot not in (None, document["lot_id"]):
        raise InvalidInputError(f"{file} is about {document['lot_id']}, not about {lot}")
    points = list(document.get("open_points", ()))
    data = {"lot_id": document["lot_id"], "key_ids": [found["key_id"]], "open_points": points}
    told = f"{found['format']}: {document['lot_id']}, genuine, key {found['key_id']}."
    lines = [f"{point['kind']:9}  {point['about']}  {point['text']}" for point in points]
    return Report(data=data, lines=(*lines, told))


def _check_export(file: Path, key_id: str | None, root: str | None, lot: str | None) -> Report:
    check = Verification(key_id)
    roots: set[str] = set()
    named: list[dict[str, Any]] = []
    with file.open("rb") as content, progress("verify") as show:
        lines = _counted(content, file.stat().st_size, show)
        for line in check.read(_noting_roots(lines, roots) if root else lines):
            if lot is not None and lot.encode() in line:
                columns = json.loads(line)
                if lot in mentions(json.loads(columns[-1])["data"]).lot_ids:
                    named.append(_event(columns))
    found = check.found
    data = {
        "fault": found.fault,
        "site": found.site,
        "event_count": found.record_count,
        "seal_count": found.seal_count,
        "signed_count": found.signed_count,
        "position": found.position,
        "exported_at": found.exported_at and str(found.exported_at),
        "root_sha256": found.root.hex(),
        "key_ids": list(found.key_ids),
        "events": named,
    }
    if found.fault is not None:
        fault = f"{file} is NOT as it was written: {found.fault}."
        return Report(data=data, lines=(), fault=fault)
    if root and root.lower() not in roots:
        fault = f"{file}: no seal has the root {root}."
        return Report(data=data | {"fault": fault}, lines=(), fault=fault)
    told = [
        f"{found.site}: {found.record_count} events under {found.seal_count} seals, "
        f"{found.signed_count} of them signed, up to position {found.position}, "
        f"exported at {found.exported_at}.",
        f"root {found.root.hex()}",
        f"key  {', '.join(found.key_ids)}",
        *([] if lot is None else [f"{len(named)} events name {lot}."]),
    ]
    return Report(data=data, lines=(*map(_line, named), *told))


def _counted(
    lines: Iterable[bytes], size_bytes: int, show: Callable[[float], None]
) -> Iterator[bytes]:
    """Pass the lines of a file on and tell how much of it has passed, each hundredth."""
    passed, shown = 0, 0.0
    for line in lines:
        yield line
        passed += len(line)
        if passed / size_bytes >= shown:
            show(passed / size_bytes)
            shown += 0.01


def _noting_roots(lines: Iterator[bytes], roots: set[str]) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(b'{"seal"'):
            roots.add(str(json.loads(line)["seal"]["root_sha256"]))
        yield line


def _event(columns: list[Any]) -> dict[str, Any]:
    position, _, source, _, kind, subject, time, _ = columns
    return {
        "position": position,
        "time": time,
        "source": source,
        "type": kind,
        "subject": subject,
    }


def _line(event: dict[str, Any]) -> str:
    told = "{position:>9}  {time:32}  {source:10}  {type}  {subject}"
    return told.format(**event)
