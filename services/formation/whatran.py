"""Owns the evidence of what ran on a channel: the file a tester leaves, or the program it names."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import polars as pl

from services.formation.answers import Channel, ChannelPoint
from services.formation.driver import TesterDriver
from services.formation.evidence import TestFiles
from services.formation.proof import Proof, clipped, prove
from services.formation.protocol import CellOrder, TestProtocol
from services.formation.store import Run
from services.formation.testfiles import TestFile
from shared.transaction import Transaction

LOOKS_FOR_A_FILE = 30  # after the end of a test; a tester writes its file a little later
ENDINGS = (".ndax", ".nda")


@dataclass(frozen=True, kw_only=True)
class LeftFile:
    """The file that a tester left of a test, as read; `why` tells why it could not be."""

    name: str
    content: bytes
    file: TestFile | None
    why: str | None


class WhatRan:
    """Looks for the evidence of ended tests.

    Each test has a folder of its own for its file, so no name has to be guessed.
    """

    def __init__(self, client: TesterDriver, files: TestFiles, share: Path) -> None:
        self._client, self._files, self._share = client, files, share
        self._looks: dict[str, int] = {}

    def folder(self, job_order_id: str) -> Path:
        """Return where the tester is told to leave the file of a test."""
        return self._share / "backup" / job_order_id

    async def left(self, job_order_id: str) -> LeftFile | None:
        """Return the newest file of a test, or None while there is none."""
        found = await asyncio.to_thread(_newest, self.folder(job_order_id))
        if found is None:
            return None
        name, content = found
        file, why = await self._files.tried(name, content)
        return LeftFile(name=name, content=content, file=file, why=why)

    def may_come(self, job_order_id: str) -> bool:
        """Say whether a file is worth another look; counts the looks."""
        if not self._client.leaves_files:
            return False
        looks = self._looks.get(job_order_id, 0) + 1
        self._looks[job_order_id] = looks
        return looks < LOOKS_FOR_A_FILE

    def forget(self, job_order_id: str) -> None:
        """Forget the looks for a test that has ended."""
        self._looks.pop(job_order_id, None)

    async def judged(
        self, tx: Transaction, run: Run, protocol: TestProtocol, order: CellOrder,
        left: LeftFile | None, program: Proof | None,
    ) -> Proof:  # fmt: skip
        """Return whether what ran is what was ordered, and keep the file as evidence."""
        if left is None:
            return program or Proof(
                matches=None,
                findings=(f"the tester left no file in {self.folder(run.job_order_id)}",),
            )
        await self._files.keep(tx, left.name, run.lot_id, left.content, left.file, left.why)
        if left.file is None:
            return Proof(matches=None, findings=(left.why or "its file cannot be read",))
        proof = await asyncio.to_thread(
            prove, left.file, run.step_file, run.lot_id, protocol, order
        )
        if proof.matches is True and not left.file.may_gate:
            return Proof(matches=None, findings=left.file.warnings or ("its file is damaged",))
        return proof

    async def program(
        self, channel: Channel, point: ChannelPoint, run: Run, protocol: TestProtocol,
        order: CellOrder, rows: pl.DataFrame,
    ) -> Proof | None:  # fmt: skip
        """Return what a tester's word for its program proves; None where it names none.

        Its name, the cell and the current of each step are compared; what the program says inside
        nobody can see from here.
        """
        told = await self._client.program_ran(channel)
        if told is None:
            return None
        wanted = self._client.program_of(self._share, run.job_order_id, run.program).name
        findings: Sequence[str] = clipped(rows, protocol, order)
        if PurePath(told).name != wanted:
            findings = [*findings, f"program {told!r} ran, ordered was {wanted!r}"]
        if point.barcode != run.lot_id:
            findings = [*findings, f"barcode {point.barcode!r}, ordered was {run.lot_id!r}"]
        return Proof(matches=not findings, findings=tuple(findings))


def _newest(folder: Path) -> tuple[str, bytes] | None:
    if not folder.is_dir():
        return None
    found = [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS]
    if not found:
        return None
    path = max(found, key=lambda one: one.stat().st_mtime_ns)
    return path.name, path.read_bytes()
