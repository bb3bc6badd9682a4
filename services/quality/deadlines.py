"""Acts on the exposure budgets of lots while they are open, at the instant a limit is reached."""

import asyncio
from datetime import datetime, timedelta

from services.quality import countdowns, masterdata, openings
from services.quality.countdown import Countdown, begun, read_on
from services.quality.countdowns import OpenInterval
from services.quality.exposure import ExposureState, sentence
from shared.clock import Clock
from shared.db import Database
from shared.envelope import Envelope
from shared.events import ExposureEvaluated, JobOrderEnded, JobOrderStarted
from shared.outbox import Cause, Outbox, cause
from shared.transaction import Transaction

LOOK_S = 1.0  # longest wall wait between looks at what opened and at new samples
PIECE = timedelta(hours=1)  # of samples that are read at once
GIVE_UP_AFTER = timedelta(days=1)  # of waiting for samples that would make known what is not


class Deadlines:
    """Says once when the budget of an open lot comes near, is used up or cannot be known."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, longest_gap_s: float
    ) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._longest_gap_s = longest_gap_s

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
        closed = [
            budget.state
            for budget in await masterdata.budgets(tx, event.product_id)
            if event.operation == (budget.to_operation if ended else budget.from_operation)
        ]
        if closed:
            await countdowns.end(tx, event.lot_id, closed)

    async def _begin(
        self, tx: Transaction, envelope: Envelope, event: JobOrderStarted | JobOrderEnded
    ) -> None:
        led_here = Cause(envelope.correlationid, str(envelope.id))
        for budget in await masterdata.budgets(tx, event.product_id):
            if budget.status == "released" and budget.from_operation == event.operation:
                countdown = begun(event.started_at, self._longest_gap_s)
                await countdowns.begin(tx, event, budget, countdown, led_here)

    async def run(self) -> None:
        """Act for ever: at each instant that is due, and within a second of each new sample."""
        while True:
            await self.look()
            async with self._database.quiet() as tx:
                due = await countdowns.next_due(tx, self._clock.now() - GIVE_UP_AFTER)
            wait_s = LOOK_S
            if due is not None:
                left_s = (due - self._clock.now()).total_seconds()
                wait_s = min(LOOK_S, max(0.0, self._clock.wall_delay_s(left_s)))
            await asyncio.sleep(wait_s)

    async def look(self) -> int:
        """Take every interval once that is due; return how many changed their state."""
        async with self._database.quiet() as tx:
            now = self._clock.now()
            due = await countdowns.due(tx, now, now - GIVE_UP_AFTER)
        changed_count = 0
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
        countdown, read_to = await self._read_on(tx, interval, now)
        state = countdown.state(budget, now)
        await countdowns.keep(tx, interval, countdown, state, read_to, now)
        if state == interval.state:
            return False
        cause.set(interval.cause)
        await self._outbox.record(tx, _evaluated(interval, countdown, state, now))
        return True

    async def _read_on(
        self, tx: Transaction, interval: OpenInterval, now: datetime
    ) -> tuple[Countdown, datetime]:
        """Return the countdown by all samples there are, and the instant of the newest.

        They are read in pieces, so that an interval that stays unknown costs the same each time.
        """
        gap = timedelta(seconds=self._longest_gap_s)
        countdown, read_to = interval.countdown, interval.countdown.from_at
        while True:
            known_to = countdown.known_to
            until = min(now, known_to + PIECE + 2 * gap)
            sensors = await openings.dew_points(
                tx, interval.budget.room_equipment_id, known_to - gap, until
            )
            countdown = read_on(countdown, sensors, self._longest_gap_s)
            read_to = max([read_to, *(own[-1].source_at for own in sensors.values())])
            if until == now or countdown.known_to == known_to:
                return countdown, read_to


def _evaluated(
    interval: OpenInterval, countdown: Countdown, state: ExposureState, now: datetime
) -> ExposureEvaluated:
    budget, so_far = interval.budget, countdown.at(now)
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
        limit_at=countdown.limit_at(budget),
    )
