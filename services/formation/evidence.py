"""What formation does with test files: keeps them raw, reads them, proves them, joins them."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from services.formation import channelstore, domain, filestore, store
from services.formation.curves import Derivative, Figure, dq_dv, dv_dq
from services.formation.cycles import Direction, cycle_figures, steps_from_rows
from services.formation.figures import told
from services.formation.filestore import RawFile
from services.formation.proof import Proof, prove
from services.formation.readers import read_any
from services.formation.tables import bdf_table, joined
from services.formation.testfiles import TestFile
from shared.app import Service
from shared.errors import InvalidInputError, NotFoundError
from shared.transaction import Transaction

UNREAD = "none"  # the parser of a file that none could read


class TestFiles:
    """Files of testers, ours or elsewhere."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, service: Service, mpr_program: Sequence[str]) -> None:
        self._service, self._mpr_program = service, mpr_program

    async def read(self, name: str, content: bytes) -> TestFile:
        """Return a file read by today's parser.

        Raises:
            InvalidInputError: empty, truncated, not a test file, or no program for its kind.
        """
        return await asyncio.to_thread(read_any, name, content, mpr_program=self._mpr_program)

    async def keep(
        self, tx: Transaction, name: str, lot_id: str | None, content: bytes, file: TestFile | None,
        why: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        """Keep a file as it came with what was read of it; unreadable ones too, with the reason."""
        at = self._service.clock.now()
        sha256 = hashlib.sha256(content).hexdigest()
        raw = RawFile(sha256=sha256, name=name, lot_id=lot_id, content=content)
        await filestore.keep_file(tx, raw, at)
        reading = await self._reading(tx, raw, file, why)
        await filestore.keep_reading(tx, sha256, reading, at)
        return reading

    async def read_again(self, tx: Transaction, raw: RawFile) -> dict[str, Any]:
        """Read a kept file with today's parser; what was read before stays beside it."""
        file, why = await self.tried(raw.name, raw.content)
        reading = await self._reading(tx, raw, file, why)
        added = await filestore.keep_reading(tx, raw.sha256, reading, self._service.clock.now())
        return {**reading, "changed": added}

    async def tried(self, name: str, content: bytes) -> tuple[TestFile | None, str | None]:
        """Return a file as read, or why it cannot be."""
        try:
            return await self.read(name, content), None
        except InvalidInputError as error:
            return None, str(error)

    async def joined(self, tx: Transaction, hashes: Sequence[str]) -> dict[str, Any]:
        """Return the figures of linked files of one test, in the order given."""
        raws = [await filestore.raw_file(tx, sha256) for sha256 in hashes]
        files = [await self.read(raw.name, raw.content) for raw in raws]
        rows = joined([file.rows for file in files])
        figures = cycle_figures(steps_from_rows(rows), last_step_ended=files[-1].ended)
        return {
            "names": [raw.name for raw in raws],
            "row_count": rows.height,
            "highest_voltage_v": rows["voltage_v"].max(),
            "may_gate": all(file.may_gate for file in files),
            "cycles": [item.model_dump() for item in told(figures)],
        }

    async def derivatives(self, raw: RawFile, cycle: int, direction: Direction) -> dict[str, Any]:
        """Return dQ/dV and dV/dQ of the longest step of a cycle in one direction.

        Raises:
            NotFoundError: the file has no such step.
        """
        file = await self.read(raw.name, raw.content)
        kinds = pl.col("kind").str.ends_with(f"_{direction}")
        chosen = file.rows.filter((pl.col("cycle") == cycle) & kinds)
        if not chosen.height:
            raise NotFoundError(f"{raw.name}: cycle {cycle} has no {direction}")
        steps = chosen.partition_by("step", maintain_order=True)
        longest = max(steps, key=lambda step: step.height)
        return {item.name: _shown(item) for item in (dq_dv(longest), dv_dq(longest))}

    async def as_bdf(self, raw: RawFile) -> bytes:
        """Return a kept file's rows as BDF."""
        file = await self.read(raw.name, raw.content)
        return await asyncio.to_thread(bdf_table, file.rows)

    async def _reading(
        self, tx: Transaction, raw: RawFile, file: TestFile | None, why: str | None
    ) -> dict[str, Any]:
        common = {"sha256": raw.sha256, "name": raw.name}
        if file is None:
            refused = {"parser": UNREAD, "may_gate": False, "warnings": [why], "figures": None}
            return {**common, **refused, "proof": None}
        proof = await self._proof(tx, raw.lot_id, file)
        found = await asyncio.to_thread(figures_of, file)
        wrong = proof is not None and proof.matches is not True
        return {
            **common,
            "parser": file.parser,
            "may_gate": file.may_gate and not wrong and found is not None,
            "warnings": list(file.warnings),
            "figures": found,
            "proof": asdict(proof) | {"findings": list(proof.findings)} if proof else None,
        }

    async def _proof(self, tx: Transaction, lot_id: str | None, file: TestFile) -> Proof | None:
        """Compare a file with the newest test ordered of its cell; None where none was."""
        run = await store.latest_run(tx, lot_id) if lot_id else None
        if run is None or lot_id is None:
            return None
        job_order_id = run["job_order_id"]
        ordered = await store.run_of(tx, job_order_id)
        protocol = await channelstore.protocol_of_run(tx, job_order_id)
        cell = domain.cell_order(await store.job_order_of(tx, job_order_id))
        return await asyncio.to_thread(prove, file, ordered.step_file, lot_id, protocol, cell)


def _shown(item: Derivative | Figure) -> dict[str, Any]:
    if isinstance(item, Figure):
        return {"reason": item.reason}
    return {
        "x": item.x.tolist(),
        "y": item.y.tolist(),
        "peaks": list(item.peaks),
        "smoothing": item.smoothing,
    }


def figures_of(file: TestFile) -> dict[str, Any] | None:
    """Return what is told of a file; None where its rows do not make steps."""
    try:
        figures = cycle_figures(steps_from_rows(file.rows), last_step_ended=file.ended)
    except InvalidInputError:
        return None
    return {
        "row_count": file.rows.height,
        "barcode": file.barcode,
        "channel": file.channel,
        "discharge_total_mah": sum(item.discharge_mah for item in figures),
        "cycles": [item.model_dump() for item in told(figures)],
    }
