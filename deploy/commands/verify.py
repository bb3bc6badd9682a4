"""`halite verify`: whether an export, a proof or a signed document is as it was written."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

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
def command(file: Path, key_id: str | None, root: str | None, lot: str | None) -> None:
    """Check FILE without the plant: an export, a proof, or a signed document, of trace.

    Ends with 1 when a byte of it is not as it was written.
    """
    with file.open("rb") as content:
        beginning = content.read(_BEGINNING)
    if beginning.startswith(b'{"format":"halite proof'):
        _check_proof(file, key_id, lot)
    elif beginning.startswith(BEGINNING):
        _check_document(file, key_id, lot)
    else:
        _check_export(file, key_id, root, lot)
    if key_id is None:
        click.echo("The key was taken from the file: compare its id with one kept elsewhere.")


def _check_proof(file: Path, key_id: str | None, lot: str | None) -> None:
    found = verified(file.read_bytes(), key_id)
    for columns in found["records"]:
        click.echo(_line(columns))
    if lot not in (None, found["lot_id"]):
        raise InvalidInputError(f"{file} is the proof of {found['lot_id']}, not of {lot}")
    count = len(found["records"])
    click.echo(f"{PROOF}: {count} events of {found['lot_id']} are proved, key {found['key_id']}.")


def _check_document(file: Path, key_id: str | None, lot: str | None) -> None:
    found = verified_document(file.read_bytes(), key_id)
    document = found["document"]
    if lot not in (None, document["lot_id"]):
        raise InvalidInputError(f"{file} is about {document['lot_id']}, not about {lot}")
    for point in document.get("open_points", ()):
        click.echo(f"{point['kind']:9}  {point['about']}  {point['text']}")
    click.echo(f"{found['format']}: {document['lot_id']}, genuine, key {found['key_id']}.")


def _check_export(file: Path, key_id: str | None, root: str | None, lot: str | None) -> None:
    check = Verification(key_id)
    roots: set[str] = set()
    named = []
    with file.open("rb") as lines:
        for line in check.read(_noting_roots(lines, roots) if root else lines):
            if lot is not None and lot.encode() in line:
                columns = json.loads(line)
                if lot in mentions(json.loads(columns[-1])["data"]).lot_ids:
                    named.append(columns)
    found = check.found
    if found.fault is not None:
        click.echo(f"{file} is NOT as it was written: {found.fault}.", err=True)
        sys.exit(1)
    if root and root.lower() not in roots:
        click.echo(f"{file}: no seal has the root {root}.", err=True)
        sys.exit(1)
    for columns in named:
        click.echo(_line(columns))
    click.echo(
        f"{found.site}: {found.record_count} events under {found.seal_count} seals, "
        f"{found.signed_count} of them signed, up to position {found.position}, "
        f"exported at {found.exported_at}."
    )
    click.echo(f"root {found.root.hex()}")
    click.echo(f"key  {', '.join(found.key_ids)}")
    if lot is not None:
        click.echo(f"{len(named)} events name {lot}.")


def _noting_roots(lines: Iterator[bytes], roots: set[str]) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(b'{"seal"'):
            roots.add(str(json.loads(line)["seal"]["root_sha256"]))
        yield line


def _line(columns: list[Any]) -> str:
    position, _, source, _, kind, subject, time, _ = columns
    return f"{position:>9}  {time:32}  {source:10}  {kind}  {subject}"
