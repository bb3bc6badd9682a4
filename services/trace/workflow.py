"""What the trace service does: keep every event, seal the record, and prove it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog

from services.trace import concern, domain, lots, names, seal, store
from services.trace.export import ExportLines
from services.trace.proof import proof_of
from services.trace.recalls import Recalls
from services.trace.signing import Keys, Signer, signer_at
from shared.app import Service
from shared.effects import Handler, Said
from shared.envelope import Envelope
from shared.errors import NotFoundError
from shared.events import (
    CellCompleted,
    CellGraded,
    GenealogyRecorded,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
    PelletMarked,
    RecordSealed,
)
from shared.facts import Event
from shared.transaction import Transaction

log = structlog.get_logger()
RECORDS_IN_A_SEAL = 2000
SEALS_IN_A_PAGE = 20
KEY_FILE = "seal.key"  # below the plant's secrets


async def keep(tx: Transaction, said: Sequence[Said]) -> None:
    """Keep envelopes of one source, whether their types are known here or not."""
    await store.keep(tx, [envelope for envelope, _ in said])


async def take_lot(tx: Transaction, envelope: Envelope, event: MaterialLotRegistered) -> None:
    """Keep what a lot is and which pellets are its members."""
    await lots.register_lot(tx, envelope, event)
    if event.members:
        await lots.add_members(tx, event.lot_id, event.members)


async def take_genealogy(tx: Transaction, envelope: Envelope, event: GenealogyRecorded) -> None:
    """Keep what was made of what."""
    await lots.add_genealogy(tx, envelope, event, domain.edges_of(event))


async def take_hold(tx: Transaction, envelope: Envelope, event: LotHeld) -> None:
    """Keep that a gate holds a lot."""
    await lots.keep_hold(tx, event.lot_id, event.gate, event.reason, envelope.time)


async def take_release(tx: Transaction, envelope: Envelope, event: LotHoldReleased) -> None:
    """Forget that a gate held a lot; the record does not."""
    await lots.end_hold(tx, event.lot_id, event.gate)


async def take_mark(tx: Transaction, _: Envelope, event: PelletMarked) -> None:
    """Keep the mark of a pellet beside the id by which its past knows it."""
    await lots.keep_mark(tx, event.lot_id, event.mark)


async def take_grade(
    tx: Transaction, envelope: Envelope, event: CellGraded | CellCompleted
) -> None:
    """Keep the newest grade of a cell, and when nothing was open any more."""
    completed_at = envelope.time if isinstance(event, CellCompleted) else None
    capacity_mah = event.discharge_capacity_mah
    await lots.keep_grade(tx, event.lot_id, event.grade, capacity_mah, completed_at)


def handlers(recalls: Recalls) -> dict[type[Event], Handler]:
    """Return what this service does with each event it knows."""

    async def take_made(tx: Transaction, envelope: Envelope, event: GenealogyRecorded) -> None:
        await take_genealogy(tx, envelope, event)
        edges = domain.edges_of(event)
        if edges:
            await recalls.follow(tx, [(edge.parent_lot_id, edge.child_lot_id) for edge in edges])

    async def take_members(
        tx: Transaction, envelope: Envelope, event: MaterialLotRegistered
    ) -> None:
        await take_lot(tx, envelope, event)
        if event.members:
            await recalls.follow(tx, [(event.lot_id, member) for member in event.members])

    return {
        MaterialLotRegistered: take_members,
        GenealogyRecorded: take_made,
        PelletMarked: take_mark,
        LotHeld: take_hold,
        LotHoldReleased: take_release,
        CellGraded: take_grade,
        CellCompleted: take_grade,
    }


class Sealer:
    """Puts what is new in the record under a seal, about once in `every_s` wall seconds."""

    def __init__(self, service: Service, every_s: float) -> None:
        self._service, self._every_s = service, every_s
        self._signer: Signer | None = None

    async def signer(self) -> Signer:
        """Return the plant's signer; its key is read, or made, once.

        Raises:
            PersonNeededError: the key cannot be read or made.
        """
        if self._signer is None:
            path = self._service.settings.given_key(KEY_FILE)
            signer = await asyncio.to_thread(signer_at, path)
            async with self._service.database.quiet() as tx:
                await store.keep_key(tx, signer.key_id, signer.public_key)
            self._signer = signer
        return self._signer

    async def run(self) -> None:
        """Seal for ever; raises RetryLaterError while the database is away."""
        while True:
            while await self.seal():
                pass
            await asyncio.sleep(self._every_s)

    async def seal(self) -> int:
        """Seal the next part of the record; return how many records were put under it."""
        database, outbox = self._service.database, self._service.outbox
        signer, now = await self.signer(), self._service.clock.now()
        await self._keep_own()
        async with database.quiet() as tx:
            settled = await store.settled_position(tx)
        async with database.quiet() as tx:
            position, root, frontier = await store.last_seal(tx)
            fresh = await store.records(tx, position, settled, RECORDS_IN_A_SEAL)
            if not fresh:
                return 0
            unsigned = await asyncio.to_thread(seal.sealed, root, frontier, fresh, now)
            made = unsigned.signed(signer)
            await store.add_seal(tx, made, frontier.grown(made.leaves))
            await names.keep_names(tx, position, made.position)
            event = RecordSealed(
                position=made.position,
                root_sha256=made.root.hex(),
                previous_root_sha256=made.previous_root.hex(),
                count=made.count,
                sealed_at=made.sealed_at,
                key_id=made.key_id,
                signature=made.signature.hex() if made.signature else None,
            )
            await outbox.record(tx, event)
        database.committed.set()
        return len(fresh)

    async def _keep_own(self) -> None:
        """Take this service's own events into the record, but for the seals, which have no end."""
        async with self._service.database.quiet() as tx:
            own = await store.own_events(tx, RECORDS_IN_A_SEAL)
            if own:
                await store.keep(tx, [Envelope.model_validate_json(body) for body in own])


async def verify(tx: Transaction) -> dict[str, Any]:
    """Compute every seal anew from the record; says ok, or the first position that is wrong."""
    position, root, frontier, seal_count = 0, seal.EMPTY_ROOT, seal.Frontier(), 0
    wrong: int | None = None
    keys, signed_count = await store.keys(tx), 0
    while wrong is None and (page := await store.seals(tx, position, 20)):
        for one in page:
            found = await store.records(tx, position, one.position, 2**62)
            wrong = await asyncio.to_thread(seal.first_wrong, one, root, frontier, found)
            if wrong is None and not _is_well_signed(one, keys, signed_count):
                wrong = one.positions[0]
            if wrong is not None:
                log.error("record was changed", position=wrong)
                break
            frontier = frontier.grown(one.leaves)
            position, root, seal_count = one.position, one.root, seal_count + 1
            signed_count += one.signature is not None
    return {
        "ok": wrong is None,
        "first_wrong_position": wrong,
        "seal_count": seal_count,
        "signed_count": signed_count,
        "key_ids": sorted(keys),
        "sealed_count": frontier.count,
        "sealed_position": position,
        "unsealed_count": await store.record_counts(tx, position) if wrong is None else None,
        "root_sha256": root.hex(),
    }


def _is_well_signed(one: seal.Seal, keys: Keys, signed_before: int) -> bool:
    """Say whether a seal is signed, or stands before the first that is."""
    if one.signature is None and one.key_id is None:
        return signed_before == 0
    return one.is_genuine(keys)


async def export(service: Service, signer: Signer) -> AsyncIterator[bytes]:
    """Yield the sealed record as the lines of an export, a seal at a time.

    What is sealed meanwhile is left out. Seals and records stay as they are, so that no
    transaction need last for all of it.
    """
    lines = ExportLines(service.plant.site, signer)
    async with service.database.quiet() as tx:
        newest = await store.seal_list(tx, 1)
        yield lines.header(await store.keys(tx))
    last, position = (newest[0]["position"] if newest else 0), 0
    while position < last:
        async with service.database.quiet() as tx:
            page = await store.seals(tx, position, SEALS_IN_A_PAGE)
            page = [one for one in page if one.position <= last]
            found = await store.records(tx, position, page[-1].position, 2**62)
        at = 0
        for one in page:
            own = found[at : at + len(one.positions)]
            yield await asyncio.to_thread(lines.part, one, own)
            at, position = at + len(own), one.position
    yield lines.end(service.clock.now())


async def proof(service: Service, signer: Signer, lot_id: str) -> str:
    """Return the proof that the sealed events of a lot are in the record.

    Raises:
        NotFoundError: no event has named this lot.
    """
    async with service.database.quiet() as tx:
        positions = [item["position"] for item in await history(tx, lot_id)]
        records = await store.records_at(tx, positions)
        sealings = await store.sealings(tx, positions)
        keys = await store.keys(tx)
    return await asyncio.to_thread(proof_of, lot_id, sealings, records, keys, signer)


async def genealogy(tx: Transaction, lot_id: str, direction: domain.Direction) -> dict[str, Any]:
    """Return the lots above, below or on both sides of a lot, with ranks and what went into what.

    Raises:
        NotFoundError: no event has named this lot.
    """
    if not await lots.lot_exists(tx, lot_id):
        raise NotFoundError(f"lot {lot_id} is not known here")
    edges = set(await lots.member_edges(tx, lot_id))
    if direction != "forward":
        edges.update(await lots.edges(tx, lot_id, backward=True))
    if direction != "backward":
        edges.update(await lots.edges(tx, lot_id, backward=False))
    pairs = {(edge.parent_lot_id, edge.child_lot_id) for edge in edges}
    rank = domain.ranks({lot_id}.union(*pairs), pairs)
    nodes = await lots.nodes(tx, list(rank))
    for node in nodes:
        node["rank"] = rank[node["lot_id"]]
    return {
        "nodes": sorted(nodes, key=lambda node: (node["rank"], node["lot_id"])),
        "edges": [
            {
                "from": edge.parent_lot_id,
                "to": edge.child_lot_id,
                "quantity": edge.quantity,
                "unit": edge.unit,
            }
            for edge in sorted(edges)
        ],
    }


async def circumstances(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return what was at work on a lot and on all it was made of.

    Raises:
        NotFoundError: no event has named this lot.
    """
    if not await lots.lot_exists(tx, lot_id):
        raise NotFoundError(f"lot {lot_id} is not known here")
    above = await lots.edges(tx, lot_id, backward=True)
    return await concern.circumstances(tx, [lot_id, *{edge.parent_lot_id for edge in above}])


async def history(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return a lot's life, event by event.

    Raises:
        NotFoundError: no event has named this lot.
    """
    if not await lots.lot_exists(tx, lot_id):
        raise NotFoundError(f"lot {lot_id} is not known here")
    return await store.history(tx, lot_id)
