"""Acts on the exposure budgets of lots while they are open, at the instant a limit is reached."""

import asyncio
from dataclasses import replace

from services.quality import countdowns, lineage, masterdata, opened
from services.quality.countdown import Countdown, begun, begun_after
from services.quality.domain import ExposureBudget
from services.quality.gas import GASES
from services.quality.opened import Opening, OpeningEnded, OpeningGiven
from services.quality.roomlots import GIVE_UP_AFTER, RoomLots, evaluated, read_to_newest
from shared.clock import Clock
from shared.db import Database
from shared.envelope import Envelope
from shared.events import JobOrderEnded, JobOrderStarted, MaterialOpened, WorkRequestEnded
from shared.outbox import Cause, Outbox
from shared.transaction import Transaction

LOOK_S = 1.0  # longest wall wait between looks at what opened and at new samples
LEAST_WAIT_S = 0.01  # shortest: what is due may be locked by another, who must come to its end


class Deadlines:
    """Says once when the budget of an open lot comes near, is used up or cannot be known.

    A lot is read on its own until a sample has come since it was opened; from then on it lies in
    the air of its room with all others.
    """

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, longest_gap_s: float
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._longest_gap_s = longest_gap_s
        self._rooms = RoomLots(database, outbox, clock, longest_gap_s)

    async def on_started(self, tx: Transaction, envelope: Envelope, event: JobOrderStarted) -> None:
        """A station began: budgets that begin with it are counted down from now on."""
        await self._begin(tx, envelope, event)

    async def on_ended(self, tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
        """A station ended: count down what it opened should its start not be known; end the rest.

        A lot whose opening was aborted is held, and nothing is counted down for it.
        """
        ended = event.state == "ended"
        if ended:
            await self._begin(tx, envelope, event)
            await self._inherit(tx, envelope, event)
        closed = [
            budget.state
            for budget in await masterdata.budgets(tx, event.product_id)
            if event.operation == (budget.to_operation if ended else budget.from_operation)
        ]
        if closed:
            await countdowns.end(tx, event.lot_id, closed)
        if closed and ended:
            used = [item.lot_id for item in event.materials if item.use != "produced"]
            lying = [*used, *await lineage.backward(tx, used)]
            await countdowns.end_of_origins(
                tx, event.product_id, lying, closed, event.operation, used
            )

    async def _begin(
        self, tx: Transaction, envelope: Envelope, event: JobOrderStarted | JobOrderEnded
    ) -> None:
        led_here = Cause(envelope.correlationid, str(envelope.id))
        for budget in await masterdata.budgets(tx, event.product_id):
            if budget.status == "released" and budget.from_operation == event.operation:
                countdown = begun(event.started_at, self._longest_gap_s, GASES[budget.gas])
                await countdowns.begin(
                    tx, event.lot_id, event.work_request_id, budget, countdown, led_here
                )

    async def _inherit(self, tx: Transaction, envelope: Envelope, event: JobOrderEnded) -> None:
        """What was built of opened lots goes on from the worst of them, to the second."""
        openings = await opened.of_parts(tx, event.lot_id, event.started_at)
        if not openings:
            return
        led_here = Cause(envelope.correlationid, str(envelope.id))
        for budget in await masterdata.budgets(tx, event.product_id):
            if budget.status != "released" or budget.from_operation != event.operation:
                continue
            parts = [part for part, _ in await opened.counted(tx, openings, budget.state)]
            if parts:
                countdown = await self._inherited(tx, event, budget, parts)
                await countdowns.end(tx, event.lot_id, [budget.state])
                await countdowns.begin(
                    tx, event.lot_id, event.work_request_id, budget, countdown, led_here
                )

    async def _inherited(
        self,
        tx: Transaction,
        event: JobOrderEnded,
        budget: ExposureBudget,
        parts: list[Opening],
    ) -> Countdown:
        """Return the countdown of a lot since its first part was opened, with the worst dose.

        Where the dose of a part is not known its own samples are read again from its opening on.
        """
        from_at, gas = parts[0].opened_at, GASES[budget.gas]
        doses = []
        for part in parts:
            own = await countdowns.of_part(tx, part.lot_id, budget.state)
            doses.append(None if own is None else own.at(event.started_at).dose_ppm_h)
        known = [dose for dose in doses if dose is not None]
        if len(known) < len(doses):
            return begun(from_at, self._longest_gap_s, gas)
        return begun_after(from_at, event.started_at, max(known), self._longest_gap_s, gas)

    async def open_lot(self, tx: Transaction, given: OpeningGiven) -> dict[str, object]:
        """A person opened a lot: its budgets are counted down from now on.

        Raises:
            InvalidInputError: its material is not known, another one, or has no budget.
            ConflictError: it was opened before.
        """
        opening, budgets = await opened.open_lot(tx, given, self._clock.now())
        for budget in budgets:
            countdown = begun(opening.opened_at, self._longest_gap_s, GASES[budget.gas])
            await countdowns.begin(
                tx, opening.lot_id, None, budget, countdown, Cause(opening.lot_id, None)
            )
        event = MaterialOpened(
            lot_id=opening.lot_id,
            material_definition_id=opening.material_definition_id,
            opened_at=opening.opened_at,
            person=given.person,
        )
        await self._outbox.record(tx, event)
        return {
            "lot_id": opening.lot_id,
            "opened_at": opening.opened_at.isoformat(),
            "states": [budget.state for budget in budgets],
        }

    async def end_opening(
        self, tx: Transaction, lot_id: str, ended: OpeningEnded
    ) -> dict[str, object]:
        """A person says that an opened lot is used up or scrapped: nothing is counted any more.

        Raises:
            NotFoundError: the lot does not lie open.
        """
        now = self._clock.now()
        await opened.end(tx, lot_id, ended, now)
        await countdowns.end_all(tx, lot_id)
        return {"lot_id": lot_id, "ended_at": now.isoformat()}

    async def on_request_ended(self, tx: Transaction, _: Envelope, event: WorkRequestEnded) -> None:
        """An order ended: its powder and pellets that are left over are not watched any more.

        A part that a life cell takes from them later is judged by the samples of its whole time.
        """
        await countdowns.end_of_request(tx, event.work_request_id)

    async def run(self) -> None:
        """Act for ever: at each instant that is due, and within a second of each new sample."""
        while True:
            await self.look()
            async with self._database.quiet() as tx:
                alone = await countdowns.next_due(tx, self._clock.now() - GIVE_UP_AFTER)
            together = await self._rooms.next_due()
            due = min((at for at in (alone, together) if at is not None), default=None)
            wait_s = LOOK_S
            if due is not None:
                left_s = (due - self._clock.now()).total_seconds()
                wait_s = min(LOOK_S, max(LEAST_WAIT_S, self._clock.wall_delay_s(left_s)))
            await asyncio.sleep(wait_s)

    async def look(self) -> int:
        """Take what is due once; return how many lots changed their state."""
        changed_count = await self._rooms.look()
        async with self._database.quiet() as tx:
            now = self._clock.now()
            due = await countdowns.due(tx, now, now - GIVE_UP_AFTER)
        for lot_id, state in due:
            async with self._database.quiet() as tx:
                changed_count += await self._take(tx, lot_id, state)
        if changed_count:
            self._database.committed.set()
        return changed_count

    async def _take(self, tx: Transaction, lot_id: str, open_state: str) -> bool:
        interval = await countdowns.lock(tx, lot_id, open_state)
        if interval is None:
            return False
        now, budget = self._clock.now(), interval.budget
        countdown, read_to = await read_to_newest(
            tx,
            budget.room_equipment_id,
            GASES[budget.gas],
            interval.countdown,
            now,
            self._longest_gap_s,
        )
        state = countdown.state(budget, now)
        await countdowns.keep(tx, interval, countdown, state, read_to, now)
        known = replace(interval, countdown=countdown)
        if countdown.rate_ppm is not None and now < countdown.unknown_at:
            state = (await self._rooms.take_in(tx, known, read_to, now)).state
        if state == interval.state:
            return False
        await self._outbox.record_caused(tx, [(interval.cause, evaluated(known, state, now))])
        return True
