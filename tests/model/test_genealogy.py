"""Genealogy on a real database: what it answers is what a walk over the plant's own list finds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.trace import workflow
from services.trace.domain import Direction
from shared.db import Database, migrate
from shared.envelope import envelope
from shared.errors import NotFoundError
from shared.events import GenealogyRecorded
from shared.facts import Material, MaterialUse
from tests.model.conftest import budget

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
which = st.integers(0, 50)
some = st.lists(which, min_size=1, max_size=3, unique=True)


@dataclass
class Ground:
    """The database that all examples share."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    database: Database


def one(lot_id: str, quantity: float, use: MaterialUse) -> Material:
    return Material(lot_id=lot_id, material_definition_id="m", quantity=quantity, unit="g", use=use)


class Genealogy(RuleBasedStateMachine):
    """Lots that are split, merged, coated and consumed, and a list of who came from whom."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.run = ground, ground.run
        self.lots: list[str] = []
        self.given: Counter[tuple[str, str]] = Counter()  # grams from one lot into another

    @initialize()
    def empty(self) -> None:
        async def act() -> None:
            async with self.ground.database.quiet() as tx:
                await tx.execute(text("TRUNCATE genealogy_edge, genealogy_step, lot"))

        self.run(act())

    @rule(sources=some, parts=st.integers(1, 4), grams=st.integers(1, 9))
    def make(self, sources: list[int], parts: int, grams: int) -> None:
        """Merge lots and split what comes out; without any before, the inputs are raw lots."""
        inputs = self._picked(sources) or [f"RAW-{number}" for number in sources]
        outputs = [f"LOT-{len(self.lots) + number}" for number in range(1, parts + 1)]
        for source in inputs:
            for made in outputs:
                self.given[source, made] += grams * 12 // parts
        materials = [one(lot_id, grams * 12, "consumed") for lot_id in inputs]
        materials += [one(lot_id, 1.0, "produced") for lot_id in outputs]
        self._record(inputs + outputs, materials)

    @precondition(lambda self: len(self.lots) > 1)
    @rule(glue=which, coated=some, grams=st.integers(1, 9))
    def coat(self, glue: int, coated: list[int], grams: int) -> None:
        """Put some of one lot on others that stay what they are."""
        source = self.lots[glue % len(self.lots)]
        targets = [lot for lot in self._picked(coated) if lot not in self._walk(source, 0)]
        if not targets:
            return
        for target in targets:
            self.given[source, target] += grams * 12 // len(targets)
        materials = [one(source, grams * 12, "consumed")]
        materials += [one(lot_id, 1.0, "processed") for lot_id in targets]
        self._record([source, *targets], materials)

    @precondition(lambda self: self.lots)
    @rule(lot=which, direction=st.sampled_from(("backward", "forward", "both")))
    def ask(self, lot: int, direction: Direction) -> None:
        lot_id = self.lots[lot % len(self.lots)]
        above = self._walk(lot_id, 0) if direction != "forward" else {lot_id}
        below = self._walk(lot_id, 1) if direction != "backward" else {lot_id}
        wanted = {
            (parent, child): float(grams)
            for (parent, child), grams in self.given.items()
            if {parent, child} <= above or {parent, child} <= below
        }
        answer = self.run(self._asked(lot_id, direction))
        edges = {(edge["from"], edge["to"]): edge["quantity"] for edge in answer["edges"]}
        assert edges.keys() == wanted.keys()
        assert edges == pytest.approx(wanted)
        assert len(answer["edges"]) == len(edges)
        ranks = {node["lot_id"]: node["rank"] for node in answer["nodes"]}
        assert ranks == self._ranks(above | below, set(wanted))

    @rule()
    def ask_for_an_unknown_lot(self) -> None:
        with pytest.raises(NotFoundError, match="lot NONE is not known here"):
            self.run(self._asked("NONE", "both"))

    def _picked(self, numbers: list[int]) -> list[str]:
        return sorted({self.lots[number % len(self.lots)] for number in numbers if self.lots})

    def _walk(self, lot_id: str, way: int) -> set[str]:
        """Return a lot with all above (0) or below (1) it."""
        found, ahead = {lot_id}, [lot_id]
        while ahead:
            here = ahead.pop()
            beside = {pair[way] for pair in self.given if pair[1 - way] == here}
            ahead += sorted(beside - found)
            found |= beside
        return found

    def _ranks(self, lot_ids: set[str], pairs: set[tuple[str, str]]) -> dict[str, int]:
        @cache
        def rank(lot_id: str) -> int:
            return max((rank(parent) + 1 for parent, child in pairs if child == lot_id), default=0)

        return {lot_id: rank(lot_id) for lot_id in lot_ids}

    def _record(self, named: list[str], materials: list[Material]) -> None:
        self.lots += [lot_id for lot_id in named if lot_id not in self.lots]
        event = GenealogyRecorded(
            job_order_id="J",
            lot_id=named[-1],
            work_request_id="W",
            product_id="P",
            operation="o",
            equipment_id="pilot/a/b/c",
            recipe_id="r",
            recipe_version=1,
            materials=tuple(materials),
            started_at=AT,
            ended_at=AT,
        )

        async def act() -> None:
            said = envelope(event, service="execution", time=AT)
            async with self.ground.database.begin() as tx:
                await workflow.take_genealogy(tx, said, event)

        self.run(act())

    async def _asked(self, lot_id: str, direction: Direction) -> dict[str, Any]:
        async with self.ground.database.quiet() as tx:
            return await workflow.genealogy(tx, lot_id, direction)


def test_what_was_made_of_what_is_answered_as_a_walk_over_all_of_it_finds(
    runner: asyncio.Runner, fresh_database: str
) -> None:
    migrate(fresh_database, ROOT / "services/trace/migrations")
    ground = Ground(runner.run, Database(fresh_database))
    try:
        run_state_machine_as_test(partial(Genealogy, ground), settings=budget(20, 15))
    finally:
        runner.run(ground.database.close())
