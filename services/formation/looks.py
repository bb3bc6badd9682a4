"""What is seen of a tester, whichever replica is asked: one drives it and keeps what it sees."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from services.formation.racks import OLD_S, Seen
from services.formation.testing import TesterRunner
from services.formation.watching import TesterWatch
from shared.app import Service
from shared.db import sql
from shared.transaction import Transaction

KEEP_EVERY_S = 2.0  # wall seconds; a look counts as now for `OLD_S`
_SEEN = TypeAdapter(dict[str, Seen])


@dataclass(frozen=True, kw_only=True)
class Look:
    """Whether a tester answers, its channels' names, and the last look at those at work."""

    answers: bool = False
    channels: Sequence[str] = ()
    seen: Mapping[str, Seen]


class TesterLooks:
    """The looks at one tester: of this process while it drives it, else those that were kept."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, service: Service, runner: TesterRunner, watch: TesterWatch) -> None:
        self.tester = runner.tester
        self._database, self._runner, self._watch = service.database, runner, watch
        self._has_others = bool(service.settings.replica)
        self._drives = False

    async def keep(self) -> None:
        """Keep for the other replicas what is seen here, for ever; for the one that drives."""
        self._drives = True
        try:
            while True:
                if self._has_others:
                    async with self._database.quiet() as tx:
                        await _save(tx, self.tester.equipment_id, self._own())
                await asyncio.sleep(KEEP_EVERY_S)
        finally:
            self._drives = False

    async def newest(self, tx: Transaction) -> Look:
        """Return the newest look; of a tester that nobody drives now, one that does not answer."""
        if self._drives or not self._has_others:
            return self._own()
        return await _kept(tx, self.tester.equipment_id)

    def _own(self) -> Look:
        return Look(
            answers=self._runner.answers,
            channels=self._runner.channel_names(),
            seen=self._watch.seen(),
        )


async def _save(tx: Transaction, equipment_id: str, look: Look) -> None:
    statement = """
        INSERT INTO tester_look (equipment_id, looked_at, answers, channels, seen)
        VALUES (:equipment_id, clock_timestamp(), :answers, :channels, CAST(:seen AS jsonb))
        ON CONFLICT (equipment_id) DO UPDATE SET looked_at = excluded.looked_at,
            answers = excluded.answers, channels = excluded.channels, seen = excluded.seen"""
    values = {
        "equipment_id": equipment_id,
        "answers": look.answers,
        "channels": list(look.channels),
        "seen": _SEEN.dump_json(dict(look.seen)).decode(),
    }
    await tx.execute(sql(statement), values)


async def _kept(tx: Transaction, equipment_id: str) -> Look:
    statement = """
        SELECT answers, channels, seen::text AS seen,
               extract(epoch FROM clock_timestamp() - looked_at)::float8 AS age_s
        FROM tester_look WHERE equipment_id = :equipment_id"""
    row = (await tx.execute(sql(statement), {"equipment_id": equipment_id})).mappings().first()
    if row is None:
        return Look(seen={})
    age_s = max(0.0, row["age_s"])
    seen = {
        name: Seen(point=one.point, age_s=one.age_s + age_s)
        for name, one in _SEEN.validate_json(row["seen"]).items()
    }
    return Look(answers=row["answers"] and age_s <= OLD_S, channels=row["channels"], seen=seen)
