"""Acts on the budgets of all lots that lie in a room together, as the air of the room goes on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from services.quality import airstore, countdowns, openings, store
from services.quality.countdown import Countdown, read_on
from services.quality.countdowns import OpenInterval
from services.quality.exposure import ExposureState, sentence
from services.quality.gas import GASES, Gas
from services.quality.roomair import RoomAir, Standing, standing
from shared.clock import Clock
from shared.db import Database
from shared.events import ExposureEvaluated
from shared.outbox import Cause, Outbox
from shared.transaction import Transaction

PIECE = timedelta(hours=1)  # of samples that are read at once
MOST = 1000  # lots whose change is said in one transaction
GIVE_UP_AFTER = timedelta(days=1)  # of waiting for samples that would make known what is not


class RoomLots:
    """Reads each room's samples once for all its lots, and says which changed their state."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, longest_gap_s: float
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._longest_gap_s = longest_gap_s

    async def look(self) -> int:
        """Take every room that has new samples or changes; return how many lots changed."""
        async with self._database.quiet() as tx:
            now = self._clock.now()
            found = await airstore.airs(tx)
            if not found:
                return 0
            rooms = set(await airstore.rooms_with_samples(tx, now - GIVE_UP_AFTER))
            due = await airstore.changed(tx, found, now, MOST)
        rooms |= {air.room_equipment_id for air in found if air.air_id in due}
        changed_count = 0
        for room in sorted(rooms):
            more = True
            while more:
                async with self._database.quiet() as tx:
                    count, more = await self._take(tx, room)
                changed_count += count
                if count:
                    self._database.committed.set()
        return changed_count

    async def next_due(self) -> datetime | None:
        """Return the next instant at which a lot's state changes if no sample comes."""
        async with self._database.quiet() as tx:
            found = {air.air_id: air for air in await airstore.airs(tx)}
            levels = await airstore.next_levels(tx)
        now = self._clock.now()
        # At the very instant an air is unknown already, and its lots have been told.
        instants = [air.counted.unknown_at for air in found.values() if not air.is_unknown(now)]
        for air_id, due_at, due_dose_ppm_h in levels:
            if air_id in found and due_dose_ppm_h is not None:
                instants.append(max(now, found[air_id].reaches(due_dose_ppm_h)))
            instants += [] if due_at is None else [max(now, due_at)]
        return min((instant for instant in instants if instant >= now), default=None)

    async def take_in(
        self, tx: Transaction, interval: OpenInterval, read_to: datetime, now: datetime
    ) -> Standing:
        """Let a lot whose air is known lie in its room with the others; return where it stands."""
        room, countdown = interval.budget.room_equipment_id, interval.countdown
        await store.lock(tx, f"air {room}")
        gas = interval.budget.gas
        found = [
            air
            for air in await airstore.airs(tx, room)
            if air.gas == gas and air.joined_by(countdown)
        ]
        if found:
            air = found[0]
        else:
            air_id = await airstore.begin(tx, room, gas, countdown, read_to)
            air = RoomAir(
                air_id=air_id, room_equipment_id=room, gas=gas, counted=countdown, read_to=read_to
            )
        before = air.counted.dose_ppm_h - countdown.dose_ppm_h
        await airstore.join(tx, interval.lot_id, interval.budget.state, air.air_id, before)
        stands = standing(air, before, countdown.from_at, interval.budget, now)
        await airstore.keep_standings(tx, [_row(interval, stands)])
        return stands

    async def _take(self, tx: Transaction, room: str) -> tuple[int, bool]:
        """Return how many lots of a room changed their state, and whether there may be more."""
        await store.lock(tx, f"air {room}")
        now = self._clock.now()
        await airstore.forget_empty(tx, room)
        moved = [await self._advanced(tx, air, now) for air in await airstore.airs(tx, room)]
        found = _distinct(moved)
        for kept, other in found.doubles:
            await airstore.merge(tx, kept, other)
        due = await airstore.changed(tx, found.airs, now, MOST)
        said: list[tuple[Cause, ExposureEvaluated]] = []
        for air in found.airs:
            if air.air_id in due:
                said += await self._restate(tx, air, due[air.air_id], now)
        await self._outbox.record_caused(tx, said)
        return len(said), any(len(lot_ids) >= MOST for lot_ids in due.values())

    async def _advanced(self, tx: Transaction, air: RoomAir, now: datetime) -> RoomAir:
        if air.counted.unknown_at <= now - GIVE_UP_AFTER:
            return air
        counted, read_to = await read_to_newest(
            tx, air.room_equipment_id, GASES[air.gas], air.counted, now, self._longest_gap_s
        )
        read_to = max(read_to, air.read_to)
        if (counted, read_to) == (air.counted, air.read_to):
            return air
        moved = replace(air, counted=counted, read_to=read_to)
        await airstore.advance(tx, moved)
        return moved

    async def _restate(
        self, tx: Transaction, air: RoomAir, lot_ids: Sequence[str], now: datetime
    ) -> list[tuple[Cause, ExposureEvaluated]]:
        rows, said = [], []
        for before, interval in await countdowns.lots_in(tx, air, lot_ids):
            stands = standing(air, before, interval.countdown.from_at, interval.budget, now)
            rows.append(_row(interval, stands))
            if stands.state != interval.state:
                said.append((interval.cause, evaluated(interval, stands.state, now)))
        if rows:
            await airstore.keep_standings(tx, rows)
        return said


async def read_to_newest(
    tx: Transaction, room: str, gas: Gas, before: Countdown, now: datetime, longest_gap_s: float
) -> tuple[Countdown, datetime]:
    """Return a countdown by all samples of a room there are, and the instant of the newest.

    They are read in pieces, so that one that stays unknown costs the same each time.
    """
    gap = timedelta(seconds=longest_gap_s)
    countdown, read_to = before, before.from_at
    while True:
        known_to = countdown.known_to
        until = min(now, known_to + PIECE + 2 * gap)
        sensors = await openings.air_samples(tx, room, gas, known_to - gap, until)
        countdown = read_on(countdown, sensors, longest_gap_s, gas)
        read_to = max([read_to, *(own[-1].source_at for own in sensors.values())])
        if until == now or countdown.known_to == known_to:
            return countdown, read_to


def evaluated(interval: OpenInterval, state: ExposureState, now: datetime) -> ExposureEvaluated:
    """Return the fact that an open lot came to a state."""
    budget, so_far = interval.budget, interval.countdown.at(now)
    return ExposureEvaluated(
        lot_id=interval.lot_id,
        work_request_id=interval.work_request_id,
        state=state,
        minutes=so_far.minutes,
        budget_minutes=budget.budget_minutes,
        dose_ppm_h=so_far.dose_ppm_h,
        budget_dose_ppm_h=budget.budget_dose_ppm_h,
        reason=f"still open, {sentence(so_far, budget)}",
        is_open=True,
        limit_at=interval.countdown.limit_at(budget),
    )


@dataclass(frozen=True, kw_only=True)
class _Distinct:
    airs: list[RoomAir]
    doubles: list[tuple[RoomAir, RoomAir]]


def _distinct(found: Sequence[RoomAir]) -> _Distinct:
    """Return the airs that go on differently, and each other one beside that which it equals."""
    airs: list[RoomAir] = []
    doubles = []
    for air in found:
        same = next(
            (one for one in airs if one.gas == air.gas and one.joined_by(air.counted)), None
        )
        if same is None:
            airs.append(air)
        else:
            doubles.append((same, air))
    return _Distinct(airs=airs, doubles=doubles)


def _row(interval: OpenInterval, stands: Standing) -> dict[str, object]:
    return {"lot_id": interval.lot_id, "open_state": interval.budget.state, **asdict(stands)}
