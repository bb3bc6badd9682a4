"""What the trace service does: keep every event, seal the record, and prove it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from services.trace import domain, seal, store
from shared.app import Service
from shared.effects import Handler, Said
from shared.envelope import Envelope
from shared.errors import NotFoundError
from shared.events import GenealogyRecorded, MaterialLotRegistered, RecordSealed
from shared.facts import Event
from shared.transaction import Transaction

log = structlog.get_logger()
RECORDS_IN_A_SEAL = 2000


async def keep(tx: Transaction, said: Sequence[Said]) -> None:
    """Keep envelopes of one source, whether their types are known here or not."""
    await store.keep(tx, [envelope for envelope, _ in said])


async def take_lot(tx: Transaction, envelope: Envelope, event: MaterialLotRegistered) -> None:
    """Keep what a lot is."""
    await store.register_lot(tx, envelope, event)


async def take_genealogy(tx: Transaction, envelope: Envelope, event: GenealogyRecorded) -> None:
    """Keep what was made of what."""
    await store.add_genealogy(tx, envelope, event, domain.edges_of(event))


HANDLERS: dict[type[Event], Handler] = {
    MaterialLotRegistered: take_lot,
    GenealogyRecorded: take_genealogy,
}


class Sealer:
    """Puts what is new in the record under a seal, about once in `every_s` wall seconds."""

    def __init__(self, service: Service, every_s: float) -> None:
        self._service, self._every_s = service, every_s

    async def run(self) -> None:
        """Seal for ever; raises RetryLaterError while the database is away."""
        while True:
            while await self.seal():
                pass
            await asyncio.sleep(self._every_s)

    async def seal(self) -> int:
        """Seal the next part of the record; return how many records were put under it."""
        database, outbox = self._service.database, self._service.outbox
        async with database.quiet() as tx:
            settled = await store.settled_position(tx)
        async with database.quiet() as tx:
            position, root, frontier = await store.last_seal(tx)
            fresh = await store.records(tx, position, settled, RECORDS_IN_A_SEAL)
            if not fresh:
                return 0
            made = await asyncio.to_thread(seal.sealed, root, frontier, fresh)
            await store.add_seal(tx, made, frontier.grown(made.leaves), self._service.clock.now())
            event = RecordSealed(
                position=made.position,
                root_sha256=made.root.hex(),
                previous_root_sha256=made.previous_root.hex(),
            )
            await outbox.record(tx, event)
        database.committed.set()
        return len(fresh)


async def verify(tx: Transaction) -> dict[str, Any]:
    """Compute every seal anew from the record; says ok, or the first position that is wrong."""
    position, root, frontier, seal_count = 0, seal.EMPTY_ROOT, seal.Frontier(), 0
    wrong: int | None = None
    while wrong is None and (page := await store.seals(tx, position, 20)):
        for one in page:
            found = await store.records(tx, position, one.position, 2**62)
            wrong = await asyncio.to_thread(seal.first_wrong, one, root, frontier, found)
            if wrong is not None:
                log.error("record was changed", position=wrong)
                break
            frontier = frontier.grown(one.leaves)
            position, root, seal_count = one.position, one.root, seal_count + 1
    return {
        "ok": wrong is None,
        "first_wrong_position": wrong,
        "seal_count": seal_count,
        "sealed_count": frontier.count,
        "sealed_position": position,
        "unsealed_count": await store.record_counts(tx, position) if wrong is None else None,
        "root_sha256": root.hex(),
    }


async def genealogy(tx: Transaction, lot_id: str, direction: domain.Direction) -> dict[str, Any]:
    """Return the lots above, below or on both sides of a lot, with ranks and what went into what.

    Raises:
        NotFoundError: no event has named this lot.
    """
    if not await store.lot_exists(tx, lot_id):
        raise NotFoundError(f"lot {lot_id} is not known here")
    edges = set()
    if direction != "forward":
        edges |= set(await store.edges(tx, lot_id, backward=True))
    if direction != "backward":
        edges |= set(await store.edges(tx, lot_id, backward=False))
    pairs = [(edge.parent_lot_id, edge.child_lot_id) for edge in edges]
    lot_ids = {lot_id, *(end for pair in pairs for end in pair)}
    rank = domain.ranks(lot_ids, pairs)
    nodes = [node | {"rank": rank[node["lot_id"]]} for node in await store.nodes(tx, list(rank))]
    return {
        "nodes": sorted(nodes, key=lambda node: (node["rank"], node["lot_id"])),
        "edges": [
            {
                "from": edge.parent_lot_id,
                "to": edge.child_lot_id,
                "quantity": edge.quantity,
                "unit": edge.unit,
            }
            for edge in sorted(edges, key=lambda edge: (edge.parent_lot_id, edge.child_lot_id))
        ],
    }


async def history(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return a lot's life, event by event.

    Raises:
        NotFoundError: no event has named this lot.
    """
    if not await store.lot_exists(tx, lot_id):
        raise NotFoundError(f"lot {lot_id} is not known here")
    return await store.history(tx, lot_id)
