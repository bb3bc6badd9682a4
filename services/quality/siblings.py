"""The witness rule: what witnesses and samples decide over their siblings and what was built."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from services.quality import gates, lineage, store
from services.quality.decisions import Recorder
from services.quality.domain import POSITION_ZONE, TestSpecification
from services.quality.gates import Decision, Verdict
from services.quality.store import Passage
from shared.facts import PartDisposition
from shared.transaction import Transaction


class Siblings:
    """Keeps what each witness says; decides over all that are of the same lot or zone."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def decide(
        self,
        tx: Transaction,
        spec: TestSpecification,
        passage: Passage,
        found: Verdict,
        pellet_lots: Sequence[str],
        needed_count: int,
    ) -> None:
        """Take the verdict over one witness into the decisions over its pellet lots."""
        for pellet_lot_id in pellet_lots:
            await store.lock(tx, pellet_lot_id)
            verdicts = await store.keep_verdict(tx, spec.gate, pellet_lot_id, found)
            if spec.siblings == "zone":
                decision = await self._by_zone(tx, spec, pellet_lot_id, verdicts, needed_count)
            else:
                decision = gates.decide_pellet_lot(
                    pellet_lot_id, verdicts, needed_count, spec.extension
                )
            if decision is None or not _is_news(decision, found):
                continue
            failed = {item.lot_id for item in verdicts if item.disposition != "released"}
            decision = await _carried_forward(tx, spec.gate, decision, failed)
            await self._recorder.keep_decision(
                tx, passage, spec.gate, spec.version, decision, to_sign=spec.is_signed
            )
            first = failed == {found.lot_id} and spec.siblings != "zone"
            if spec.extension is not None and first and decision.disposition != "released":
                more = spec.extension.count
                await self._recorder.extend(tx, passage, spec.gate, pellet_lot_id, more)

    async def _by_zone(
        self,
        tx: Transaction,
        spec: TestSpecification,
        pellet_lot_id: str,
        verdicts: Sequence[Verdict],
        needed_count: int,
    ) -> Decision | None:
        pellets = await lineage.members(tx, pellet_lot_id)
        zone_of = await lineage.words_of(tx, pellets, spec.zone or POSITION_ZONE)
        witnesses = []
        for verdict in verdicts:
            own = await lineage.pellets_in(tx, verdict.lot_id, pellet_lot_id)
            witnesses.append((verdict, frozenset(zone_of.get(pellet) for pellet in own)))
        return gates.decide_zones(pellet_lot_id, witnesses, zone_of, needed_count)


async def _carried_forward(
    tx: Transaction, gate: str, decision: Decision, failed: AbstractSet[str]
) -> Decision:
    """Name pellets and cells behind a decision, so that what is built already is held or freed.

    A first release names only the pellet lot: nothing of it was ever held. What `failed` itself
    stays blocked.
    """
    parts = decision.parts
    if not parts:
        is_first = not await store.was_blocked(tx, gate, decision.lot_id)
        if decision.disposition == "released" and is_first:
            return decision
        parts = await _of_all(tx, decision)
    said = {part.lot_id: part for part in parts}
    made = await lineage.made_of_each(tx, [item for item in said if item != decision.lot_id])
    for pellet_id, lots in made.items():
        pellet = said[pellet_id]
        words = f"pellet {pellet_id}: {pellet.reason}"
        for lot_id in lots:
            before = said.get(lot_id)
            if before is None or before.disposition == "released":
                said[lot_id] = pellet.model_copy(update={"lot_id": lot_id, "reason": words})
    for lot_id in failed & set(said):
        said[lot_id] = said[lot_id].model_copy(update={"disposition": "blocked"})
    held = [part.lot_id for part in said.values() if part.disposition != "released"]
    is_held = decision.disposition != "released" or decision.parts
    return replace(
        decision,
        parts=tuple(said.values()),
        blocked_lot_ids=tuple(dict.fromkeys([*held, *decision.blocked_lot_ids])) if is_held else (),
    )


async def _of_all(tx: Transaction, decision: Decision) -> tuple[PartDisposition, ...]:
    """Return the same decision over a pellet lot and each of its pellets."""
    whole = PartDisposition(
        lot_id=decision.lot_id,
        value=decision.decisive.value,
        disposition=decision.disposition,
        reason=decision.reason,
    )
    pellets = await lineage.members(tx, decision.lot_id)
    return (whole, *(whole.model_copy(update={"lot_id": item}) for item in pellets))


def _is_news(decision: Decision, found: Verdict) -> bool:
    """Say whether a decision is new; a pass after an earlier failure changes nothing."""
    return (
        decision.disposition == "released"
        or bool(decision.parts)
        or found.disposition != "released"
    )
