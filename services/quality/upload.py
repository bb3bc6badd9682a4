"""Takes spectra as files: reads, tests and fits them, and keeps them as evidence."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.quality import evidence
from services.quality.domain import Mode
from services.quality.figures import MODEL_VERSION, KkOptions
from services.quality.fitter import FileQuestion, FixtureSpectrum
from services.quality.fitting import FitProcess
from shared.db import Database
from shared.errors import InvalidInputError
from shared.transaction import Transaction

PARSER_VERSION = "1"  # of the readers in spectra.py; kept with every figure
MOST_BYTES = 8_000_000


@dataclass(frozen=True, kw_only=True)
class SpectrumFile:
    """A file with a spectrum of one lot, and how it is to be evaluated.

    `open_spectrum_id`, `short_spectrum_id`: kept spectra of the fixture, open and shorted, whose
    part is taken out. `circuit`: one more circuit to fit.
    """

    name: str
    lot_id: str
    content: bytes
    mode: Mode
    options: KkOptions
    temperature_degc: float | None = None
    circuit: str | None = None
    open_spectrum_id: str | None = None
    short_spectrum_id: str | None = None


class Upload:
    """Evaluates files and keeps them with their figures."""

    def __init__(
        self,
        database: Database,
        fits: FitProcess,
        interface_tau_min_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._fits, self._interface_tau_min_s, self._now = fits, interface_tau_min_s, now

    async def evaluated(
        self, file: SpectrumFile
    ) -> Callable[[Transaction], Awaitable[dict[str, Any]]]:
        """Return what keeps the file, its arrays and its figures, and answers with the figures.

        Raises:
            InvalidInputError: the file is too large or cannot be read or evaluated; names file,
                field, value and limit.
            NotFoundError: no such spectrum of the fixture.
        """
        if len(file.content) > MOST_BYTES:
            raise InvalidInputError(
                f"{file.name}: {len(file.content)} bytes; at most {MOST_BYTES} are taken"
            )
        question = FileQuestion(
            name=file.name,
            content=base64.b64encode(file.content).decode(),
            mode=file.mode,
            interface_tau_min_s=self._interface_tau_min_s,
            circuit=file.circuit,
            opened=await self._fixture(file.open_spectrum_id),
            shorted=await self._fixture(file.short_spectrum_id),
            **asdict(file.options),
        )
        answer = await self._fits.ask(question)
        if answer.refused is not None or answer.arrays is None or answer.record is None:
            raise InvalidInputError(answer.refused or f"{file.name}: cannot be evaluated")
        arrays, record = answer.arrays, answer.record

        async def keep(tx: Transaction) -> dict[str, Any]:
            return await self._keep(tx, file, arrays, record)

        return keep

    async def _fixture(self, spectrum_id: str | None) -> FixtureSpectrum | None:
        if spectrum_id is None:
            return None
        async with self._database.quiet() as tx:
            return FixtureSpectrum.model_validate(await evidence.arrays_of(tx, spectrum_id))

    async def _keep(
        self,
        tx: Transaction,
        file: SpectrumFile,
        arrays: dict[str, list[float]],
        record: dict[str, Any],
    ) -> dict[str, Any]:
        at, sha256 = self._now(), hashlib.sha256(file.content).hexdigest()
        fixture = {
            "open_spectrum_id": file.open_spectrum_id,
            "short_spectrum_id": file.short_spectrum_id,
        }
        row = {
            "spectrum_id": str(uuid4()),
            "lot_id": file.lot_id,
            "name": file.name,
            "sha256": sha256,
            "parser_version": PARSER_VERSION,
            "model_version": MODEL_VERSION,
            "figures": {**record, "fixture": fixture},
            "temperature_degc": file.temperature_degc,
        }
        await evidence.keep_file(tx, sha256, file.content, at)
        await evidence.keep_uploaded(tx, {**row, **arrays, "mode": file.mode, "at": at})
        return {**row, "point_count": len(arrays["frequency_hz"])}
