"""What leaves the plant about one cell: device history and battery passport evidence, signed."""

import asyncio
from typing import Any

from services.trace import evidence, lots
from services.trace.certificate import FILE, PdfSigner, pdf_signer_at
from services.trace.devicehistory import FORMAT, device_history
from services.trace.historypdf import history_pdf
from services.trace.passport import FORMAT as PASSPORT
from services.trace.passport import PLANT_FILE, PassportFacts, battinfo, passport_facts
from services.trace.settings import TraceSettings
from services.trace.signeddocument import signed_text
from services.trace.submodels import as_json, as_package, environment, unknown
from services.trace.told import Fact
from services.trace.workflow import Sealer
from shared.app import Service
from shared.errors import NotFoundError


class Documents:
    """Makes documents from the record as it is now, and signs them in the plant's name."""

    def __init__(self, service: Service, settings: TraceSettings, sealer: Sealer) -> None:
        self._service, self._settings, self._sealer = service, settings, sealer
        self._pdf_signer: PdfSigner | None = None

    async def pdf_signer(self) -> PdfSigner:
        """Return the plant's signer of PDF files; its certificate is read, or made, once.

        Raises:
            PersonNeededError: key or certificate cannot be read or made.
        """
        if self._pdf_signer is None:
            path = self._settings.given_key(FILE)
            site = self._service.plant.site
            self._pdf_signer = await asyncio.to_thread(pdf_signer_at, path, site)
        return self._pdf_signer

    async def history(self, lot_id: str) -> Fact:
        """Return the device history of a lot, unsigned.

        Raises:
            NotFoundError: no event has named this lot.
        """
        async with self._service.database.quiet() as tx:
            if not await lots.lot_exists(tx, lot_id):
                raise NotFoundError(f"lot {lot_id} is not known here")
            await evidence.step_by_step(tx)
            lot_ids = await evidence.lots_above(tx, lot_id)
            told = await evidence.told_of(tx, lot_id)
            beside = await evidence.told_of_witnesses(tx, lot_id)
            positions = {one.seal_position for one in (*told, *beside) if one.seal_position}
            seals = await evidence.seals_at(tx, sorted(positions))
        site, now = self._service.plant.site, self._service.clock.now()
        return await asyncio.to_thread(
            device_history, lot_id, site, now, lot_ids, told, beside, seals
        )

    async def history_text(self, lot_id: str) -> str:
        """Return the device history as signed JSON; raises NotFoundError."""
        return signed_text(FORMAT, await self.history(lot_id), await self._sealer.signer())

    async def history_pdf(self, lot_id: str) -> bytes:
        """Return the device history as a signed PDF; raises NotFoundError."""
        document, signer = await self.history(lot_id), await self.pdf_signer()

        def pages() -> bytes:
            unsigned = history_pdf(document, self._settings.pdf_font)
            return signer.signed(unsigned, f"device history of {lot_id}", document["site"])

        return await asyncio.to_thread(pages)

    async def passport_text(self, lot_id: str) -> str:
        """Return battery passport evidence as signed JSON; raises NotFoundError."""
        document = await self.history(lot_id)
        facts = self._facts(document)
        values = await asyncio.to_thread(_passport, document, facts)
        return signed_text(PASSPORT, values, await self._sealer.signer())

    async def passport_package(self, lot_id: str) -> bytes:
        """Return the passport's submodels as an AASX file; raises NotFoundError."""
        facts = self._facts(await self.history(lot_id))
        return await asyncio.to_thread(lambda: as_package(environment(facts), facts))

    async def passport_linked(self, lot_id: str) -> dict[str, Any]:
        """Return what is known as linked data (BattINFO); raises NotFoundError."""
        return battinfo(self._facts(await self.history(lot_id)))

    def _facts(self, document: Fact) -> PassportFacts:
        return passport_facts(document, self._service.plant.manufacturer)


def _passport(document: Fact, facts: PassportFacts) -> dict[str, Any]:
    """Return the submodels, what each value stands on, and what is left out."""
    return {
        **{name: document[name] for name in ("lot_id", "site", "asked_at", "record")},
        "environment": as_json(environment(facts)),
        "known": {
            path: {"value": known.value, "note": known.note, "evidence": _evidence(known.evidence)}
            for path, known in facts.values.items()
        },
        "materials": [
            {
                name: {"value": known.value, "evidence": _evidence(known.evidence)}
                for name, known in one.items()
            }
            for one in facts.materials
        ],
        "unknown": unknown(facts),
        "open_points": document["open_points"],
    }


def _evidence(events: tuple[Fact, ...]) -> list[Fact] | str:
    return list(events) or PLANT_FILE
