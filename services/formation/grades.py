"""What formation does with grades: gives them, gives them anew, compares cells, proposes packs."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from services.formation import domain, gradestore, store
from services.formation.gradestore import Graded
from services.formation.lotstatistics import levels, outliers, robust
from services.formation.packs import PackCell, PackRules, propose
from shared.app import Service
from shared.errors import NotFoundError
from shared.events import CellGraded
from shared.transaction import Transaction

CHARACTERISTICS = ("capacity_mah", "efficiency_ratio", "resistance_ohm")
OWN_FACTORS = ("channel", "chamber_position")
FACTORS = (*OWN_FACTORS, "spray_head", "furnace_position")


class Grades:
    """Grades of tested cells."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def give(self, tx: Transaction, given: Graded) -> None:
        """Keep a grade and say so, in one transaction."""
        await gradestore.keep(tx, given, self._service.clock.now())
        await self._service.outbox.record(
            tx,
            CellGraded(
                lot_id=given.lot_id,
                work_request_id=given.work_request_id,
                product_id=given.product_id,
                grade=given.grade,
                discharge_capacity_mah=given.capacity_mah,
                coulombic_efficiency_ratio=given.efficiency_ratio,
                reasons=given.reasons,
                grading_version=given.grading_version,
                person=given.person,
            ),
        )

    async def regrade(self, tx: Transaction, lot_id: str, person: str, why: str) -> dict[str, Any]:
        """Grade a cell anew by the newest grading; both grades stay.

        Raises:
            NotFoundError: the cell has no grade, or its product no grading for its protocol.
        """
        before = await gradestore.newest(tx, lot_id)
        grading = await store.newest_grading(
            tx, before.product_id, before.protocol_id, before.protocol_version
        )
        grade, reasons = domain.grade(grading, before.capacity_mah, before.efficiency_ratio)
        after = replace(
            before,
            grading_version=grading.version,
            grade=grade,
            reasons=reasons,
            person=person,
            why=why,
        )
        await self.give(tx, after)
        return {"lot_id": lot_id, "before": before.grade, "after": grade, "reasons": list(reasons)}

    async def statistics(
        self, tx: Transaction, cells: Sequence[Graded], factors: Sequence[str]
    ) -> dict[str, Any]:
        """Return median, deviation, outliers and factors of each characteristic."""
        found: dict[str, Any] = {"cell_count": len(cells), "characteristics": {}}
        for name in CHARACTERISTICS:
            values = {c.lot_id: v for c in cells if (v := getattr(c, name)) is not None}
            by_factor = {}
            for factor in factors:
                level_of = await self._level_of(tx, cells, factor)
                by_factor[factor] = [asdict(item) for item in levels(values, level_of)]
            found["characteristics"][name] = {
                **asdict(robust(list(values.values()))),
                "outliers": outliers(values),
                "factors": by_factor,
            }
        return found

    async def _level_of(
        self, tx: Transaction, cells: Sequence[Graded], factor: str
    ) -> dict[str, str]:
        if factor not in OWN_FACTORS:
            return await gradestore.factor_levels(tx, factor, [cell.lot_id for cell in cells])
        found = {cell.lot_id: getattr(cell, factor) for cell in cells}
        return {lot_id: level for lot_id, level in found.items() if level is not None}

    def packs(self, cells: Sequence[Graded], grade: str, rules: PackRules) -> dict[str, Any]:
        """Return matched packs of one grade, and the cells left over.

        Raises:
            NotFoundError: no cell has that grade.
        """
        able = [
            PackCell(
                lot_id=cell.lot_id,
                capacity_mah=cell.capacity_mah,
                resistance_ohm=cell.resistance_ohm,
            )
            for cell in cells
            if cell.grade == grade and cell.capacity_mah is not None
        ]
        if not able:
            raise NotFoundError(f"no cell of grade {grade} with a known capacity")
        packs, left = propose(able, rules)
        return {"packs": [asdict(pack) for pack in packs], "left_over": list(left)}
