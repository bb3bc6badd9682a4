"""What persons do with alarms: acknowledge, shelve, take out of service; and the alarm page."""

from datetime import datetime, timedelta
from typing import Any

from services.gateway import alarmkpis, alarmlist, alarmstore, store
from services.gateway.alarmlist import AlarmRecord
from services.gateway.alarmstates import (
    AlarmState,
    Move,
    Suppression,
    SuppressionKind,
    acknowledged,
    check_move,
    state_of,
)
from services.gateway.alarmtable import LONGEST_SHELF_H, AlarmDefinition
from services.gateway.domain import alarm_text
from services.gateway.health import Health
from shared.app import Service
from shared.errors import NotFoundError, OutOfLimitsError
from shared.events import OperatorActed
from shared.facts import EquipmentState
from shared.transaction import Transaction

Answer = dict[str, Any]
LISTED = 200
# Open alarms whose state is looked at, however few are listed: nobody reads as many, and which of
# them are hidden is known of these alone.
JUDGED = 500


class AlarmDesk:
    """Acts on alarms in a person's name, each act once and told as an event."""

    def __init__(self, service: Service, health: Health) -> None:
        self._clock, self._outbox, self._database = service.clock, service.outbox, service.database
        self._new_id, self._health = service.parts.new_id, health

    async def page(self, limit: int = LISTED) -> Answer:
        """Return what the alarm screen shows, with who could not be asked.

        limit: of the alarms that are listed, and of those that are hidden. Counts and groups are of
        all that were looked at; groups name those that are listed.
        """
        async with self._database.quiet() as tx:
            now = self._clock.now()
            records = await alarmstore.open_alarms(tx, max(limit, JUDGED))
            count = await alarmstore.open_count(tx)
            definitions = await alarmstore.definitions(tx)
            states = await _station_states(tx)
            times = await alarmstore.raised_after(tx, now - 6 * alarmkpis.WINDOW)
        alarms = alarmlist.listed(records, definitions, states, now)
        hidden = [item for item in alarms if item.state in alarmlist.HIDDEN]
        standing = [item for item in alarms if item.state not in alarmlist.HIDDEN]
        items = standing[:limit] + hidden[:limit]
        listed_ids = {item.record.alarm_id for item in items}
        shown = [item for item in standing if item.shown]
        return {
            "plant_time": now.isoformat(),
            "items": [alarmlist.written(item) for item in items],
            "table_rows": alarmlist.rows_of(items, definitions),
            "standing_count": len(standing),
            "hidden_count": len(hidden),
            "left_off_count": max(0, count - len(records)) + len(alarms) - len(items),
            "groups": alarmlist.groups_of(shown, definitions, listed_ids),
            "flood": alarmkpis.in_flood(times, now),
            "raised_10_min_count": sum(at > now - alarmkpis.WINDOW for at in times),
            "silent": self._health.silent(),
        }

    async def key_figures(self, hours: float) -> Answer:
        """Return the figures of EEMUA 191 over the last plant hours, at most since the first alarm.

        Before the first alarm on record nobody listened, so that time does not thin the rates.
        """
        async with self._database.quiet() as tx:
            now = self._clock.now()
            first = await alarmstore.first_raised_at(tx)
            since = max(now - timedelta(hours=hours), first or now)
            return alarmkpis.key_figures(
                await alarmstore.raised_between(tx, since, now), since, now
            )

    async def table(self) -> Answer:
        """Return the alarm table, and the codes that have been raised without a row in it."""
        async with self._database.quiet() as tx:
            definitions = await alarmstore.definitions(tx)
            codes = await alarmstore.codes_on_record(tx)
        return {
            "items": [item.model_dump(mode="json") for item in definitions.values()],
            "not_rationalised": [code for code in codes if code not in definitions],
        }

    async def acknowledge(self, tx: Transaction, alarm_id: str, person: str) -> Answer:
        """Acknowledge an alarm; whoever was first stays named.

        Raises:
            NotFoundError: no such alarm.
            ConflictError: it is hidden from operators.
        """
        record, _ = await self._found(tx, alarm_id, "acknowledge")
        now = self._clock.now()
        by, at = record.acknowledged_by, record.acknowledged_at
        if not acknowledged(record.annunciation, now):
            by, at = person, now
            await alarmstore.set_acknowledged(tx, alarm_id, person, now)
            await self._say(tx, "acknowledge_alarm", record, person, record.text)
        return {
            "alarm_id": alarm_id,
            "acknowledged": True,
            "acknowledged_at": at.isoformat() if at else None,
            "acknowledged_by": by,
        }

    async def shelve(
        self, tx: Transaction, alarm_id: str, person: str, duration_s: float, reason: str
    ) -> Answer:
        """Hide an alarm for some plant seconds; it comes back by itself.

        Raises:
            NotFoundError: no such alarm.
            ConflictError: it is hidden already, or has left the list.
            OutOfLimitsError: longer than the alarm table allows.
        """
        record, definition = await self._found(tx, alarm_id, "shelve")
        longest_h = definition.longest_shelf_h if definition else LONGEST_SHELF_H
        if duration_s > longest_h * 3600:
            raise OutOfLimitsError(
                f"{record.code} may be shelved for {longest_h:g} h at most, "
                f"{duration_s / 3600:.4g} h were asked for; shelve it for less, or let maintenance "
                "take it out of service"
            )
        until = self._clock.now() + timedelta(seconds=duration_s)
        return await self._hide(tx, record, "shelved", person, reason, until)

    async def take_out_of_service(
        self, tx: Transaction, alarm_id: str, person: str, reason: str
    ) -> Answer:
        """Hide an alarm until somebody puts it back; raises as `shelve` does."""
        record, _ = await self._found(tx, alarm_id, "take_out_of_service")
        return await self._hide(tx, record, "out_of_service", person, reason, None)

    async def unshelve(self, tx: Transaction, alarm_id: str, person: str) -> Answer:
        """Show a shelved alarm again; raises as `shelve` does."""
        return await self._unhide(tx, alarm_id, person, "unshelve", "shelved")

    async def put_back_in_service(self, tx: Transaction, alarm_id: str, person: str) -> Answer:
        """Show an alarm again that was out of service; raises as `shelve` does."""
        return await self._unhide(tx, alarm_id, person, "put_back_in_service", "out_of_service")

    async def _found(
        self, tx: Transaction, alarm_id: str, move: Move
    ) -> tuple[AlarmRecord, AlarmDefinition | None]:
        """Return an alarm, locked, that a person may make this move with."""
        record = await alarmstore.alarm(tx, alarm_id)
        if record is None:
            raise NotFoundError(f"alarm {alarm_id} does not exist")
        check_move(move, self._state(record))
        return record, (await alarmstore.definitions(tx)).get(record.code)

    def _state(self, record: AlarmRecord) -> AlarmState:
        """What the alarm table suppresses may be acted on like what it shows."""
        return state_of(record.annunciation, self._clock.now())

    async def _hide(
        self,
        tx: Transaction,
        record: AlarmRecord,
        kind: SuppressionKind,
        person: str,
        reason: str,
        until: datetime | None,
    ) -> Answer:
        item = Suppression(
            kind=kind, person=person, reason=reason, begun_at=self._clock.now(), until_at=until
        )
        await alarmstore.hide(tx, str(self._new_id()), record.condition, item)
        action = "shelve_alarm" if kind == "shelved" else "take_alarm_out_of_service"
        span = f" until {until:%Y-%m-%d %H:%M:%S}" if until else ""
        await self._say(tx, action, record, person, f"{record.text}{span}; {reason}")
        return {
            "alarm_id": record.alarm_id,
            "state": kind,
            "until": until.isoformat() if until else None,
        }

    async def _unhide(
        self, tx: Transaction, alarm_id: str, person: str, move: Move, kind: SuppressionKind
    ) -> Answer:
        record, _ = await self._found(tx, alarm_id, move)
        await alarmstore.unhide(tx, record.condition, kind, person, self._clock.now())
        action = "unshelve_alarm" if kind == "shelved" else "put_alarm_back_in_service"
        await self._say(tx, action, record, person, record.text)
        again = await alarmstore.alarm(tx, alarm_id)
        return {"alarm_id": alarm_id, "state": self._state(again or record), "until": None}

    async def _say(
        self, tx: Transaction, action: str, record: AlarmRecord, person: str, text: str
    ) -> None:
        event = OperatorActed(
            action=action, target=record.alarm_id, person=person, reason=f"{record.code}: {text}"
        )
        await self._outbox.record(tx, event)


async def shown_alarms(
    tx: Transaction, now: datetime, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the alarms of the overview, and how many more there are.

    Those that stand and are not hidden, the most urgent first.
    """
    records = await alarmstore.open_alarms(tx, JUDGED)
    unread = 0 if len(records) < JUDGED else await alarmstore.open_count(tx) - JUDGED
    definitions = await alarmstore.definitions(tx)
    alarms = alarmlist.listed(records, definitions, await _station_states(tx), now)
    shown = [item for item in alarms if item.shown]
    items = [
        {
            "alarm_id": item.record.alarm_id,
            "code": item.record.code,
            "priority": item.record.priority,
            "source": item.record.source,
            "text": alarm_text(item.record.text, item.record.lot_count),
            "raised_at": item.record.raised_at.isoformat(),
            "acknowledged": item.state == "acknowledged",
            "returned": item.record.returned_at is not None,
        }
        for item in shown[:limit]
    ]
    return items, len(shown) - len(items) + unread


async def _station_states(tx: Transaction) -> dict[str, EquipmentState]:
    """Return the states that are known for certain; a lost station's last state says nothing."""
    return {
        name: facts.state
        for name, facts in (await store.stations(tx)).items()
        if facts.state is not None and facts.data_quality == "good"
    }
