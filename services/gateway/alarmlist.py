"""The list of alarms that stand: each with its state, what hides it, and what to do about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.gateway.alarmstates import (
    AlarmState,
    Annunciation,
    Suppression,
    newest_hiding,
    state_of,
)
from services.gateway.alarmtable import (
    AlarmDefinition,
    Standing,
    designed_suppressions,
    grouped,
)
from services.gateway.domain import Leaves, Priority, alarm_text
from shared.facts import EquipmentState

HIDDEN: frozenset[AlarmState] = frozenset({"shelved", "suppressed_by_design", "out_of_service"})
_ORDER: dict[AlarmState, int] = {
    "unacknowledged": 0,
    "returned_unacknowledged": 0,
    "acknowledged": 1,
    "suppressed_by_design": 2,
    "shelved": 3,
    "out_of_service": 4,
}


@dataclass(frozen=True, kw_only=True)
class AlarmRecord:
    """An alarm as the database holds it, with the suppressions of its point."""

    alarm_id: str
    condition: str
    code: str
    text: str
    priority: Priority
    source: str
    leaves: Leaves
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    returned_at: datetime | None
    confirm_return: bool
    lot_count: int = 0
    suppressions: tuple[Suppression, ...] = ()

    @property
    def annunciation(self) -> Annunciation:
        """What its state follows from."""
        return Annunciation(
            raised_at=self.raised_at,
            acknowledged_at=self.acknowledged_at,
            returned_at=self.returned_at,
            momentary=self.leaves == "when_acknowledged",
            confirm_return=self.confirm_return,
            suppressions=self.suppressions,
        )


@dataclass(frozen=True, kw_only=True)
class ListedAlarm:
    """One alarm of the list. because: why the alarm table suppresses it."""

    record: AlarmRecord
    state: AlarmState
    because: str | None
    hiding: Suppression | None

    @property
    def shown(self) -> bool:
        """Whether it is annunciated; one that leaves with either is over once it is known."""
        over = self.record.leaves == "with_either" and self.state == "acknowledged"
        return self.state not in HIDDEN and not over


def listed(
    records: Sequence[AlarmRecord],
    definitions: Mapping[str, AlarmDefinition],
    station_states: Mapping[str, EquipmentState],
    now: datetime,
) -> list[ListedAlarm]:
    """Return the alarms that are not normal, those that ask for a person first."""
    designed = designed_suppressions(_standing(records), definitions, station_states)
    found = []
    for record in records:
        because = designed.get(record.alarm_id)
        state = state_of(record.annunciation, now, suppressed_by_design=because is not None)
        if state != "normal":
            hiding = newest_hiding(record.suppressions, now)
            kept = because if state == "suppressed_by_design" else None
            found.append(ListedAlarm(record=record, state=state, because=kept, hiding=hiding))
    return sorted(found, key=_urgency)


def written(alarm: ListedAlarm) -> dict[str, Any]:
    """Return what the alarm screen shows of one alarm, beside its row of the alarm table."""
    record, hiding = alarm.record, alarm.hiding
    return {
        "alarm_id": record.alarm_id,
        "code": record.code,
        "priority": record.priority,
        "text": alarm_text(record.text, record.lot_count),
        "source": record.source,
        "state": alarm.state,
        "active": record.returned_at is None,
        "raised_at": record.raised_at.isoformat(),
        "returned_at": _iso(record.returned_at),
        "acknowledged_at": _iso(record.acknowledged_at),
        "acknowledged_by": record.acknowledged_by,
        "because": alarm.because,
        "hidden_by": hiding.person if hiding else None,
        "hidden_reason": hiding.reason if hiding else None,
        "hidden_until": _iso(hiding.over_at) if hiding else None,
    }


def rows_of(
    alarms: Sequence[ListedAlarm], definitions: Mapping[str, AlarmDefinition]
) -> dict[str, dict[str, Any]]:
    """Return by code what the alarm table says of these alarms; a code without a row is left out.

    It stands once for each code: a flood has many alarms of one.
    """
    codes = {alarm.record.code for alarm in alarms}
    return {
        code: {
            "longest_shelf_h": definition.longest_shelf_h,
            "cause": definition.cause,
            "consequence": definition.consequence,
            "guidance": definition.guidance.model_dump(),
            "respond_within_min": definition.respond_within_min,
        }
        for code, definition in definitions.items()
        if code in codes
    }


def groups_of(
    alarms: Sequence[ListedAlarm],
    definitions: Mapping[str, AlarmDefinition],
    listed_ids: Collection[str],
) -> list[dict[str, Any]]:
    """Return alarms in groups by likely cause: how many each has, and the ids that are listed."""
    groups = grouped(_standing([alarm.record for alarm in alarms]), definitions)
    return [
        {
            "kind": group.kind,
            "key": group.key,
            "count": len(group.alarm_ids),
            "alarm_ids": [alarm_id for alarm_id in group.alarm_ids if alarm_id in listed_ids],
        }
        for group in groups
    ]


def _standing(records: Sequence[AlarmRecord]) -> list[Standing]:
    return [
        Standing(
            alarm_id=record.alarm_id,
            code=record.code,
            source=record.source,
            priority=record.priority,
            active=record.returned_at is None,
        )
        for record in records
    ]


def _urgency(alarm: ListedAlarm) -> tuple[int, int, float, str]:
    record = alarm.record
    return (
        _ORDER[alarm.state],
        record.priority,
        -record.raised_at.timestamp(),
        record.alarm_id,
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
