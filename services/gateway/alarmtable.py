"""The alarm table of a plant (rationalisation, ISA-18.2 clause 9), and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.domain import Priority
from shared.facts import EquipmentState

LONGEST_SHELF_H = 24.0
SAME_CODE = 3


class Words(BaseModel):
    """A text for operators in the three languages of the screens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1, max_length=600)
    de: str = Field(min_length=1, max_length=600)
    zh: str = Field(min_length=1, max_length=600)


class AlarmDefinition(BaseModel):
    """One row of the table: why an alarm exists and what an operator does about it.

    priority: None where the event that raises it says how urgent it is. respond_within_min: plant
    minutes in which the operator's action still helps. confirm_return: it must be acknowledged even
    when it has returned. longest_shelf_h: plant hours; 0: it may not be shelved. follows: codes of
    alarms of the same source that cause this one; while one of them stands, this one is suppressed.
    silent_in: states of the station in which it says nothing that is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    version: int = Field(ge=1)
    priority: Priority | None = None
    cause: str = Field(min_length=1, max_length=600)
    consequence: str = Field(min_length=1, max_length=600)
    guidance: Words
    respond_within_min: float = Field(gt=0, le=14_400)
    confirm_return: bool = False
    longest_shelf_h: float = Field(default=8.0, ge=0, le=LONGEST_SHELF_H)
    follows: tuple[str, ...] = ()
    silent_in: tuple[EquipmentState, ...] = ()

    @model_validator(mode="after")
    def _cause_of_another(self) -> Self:
        if self.code in self.follows:
            raise ValueError(f"{self.code} cannot follow from itself")
        return self


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the rules need to know of an alarm on record. active: its cause has not returned."""

    alarm_id: str
    code: str
    source: str
    priority: Priority
    active: bool = True


GroupKind = Literal["cause", "source", "code"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Alarms with one likely cause; `key` is the alarm, the source or the code that they share."""

    kind: GroupKind
    key: str
    alarm_ids: tuple[str, ...]


def designed_suppressions(
    alarms: Sequence[Standing],
    definitions: Mapping[str, AlarmDefinition],
    station_states: Mapping[str, EquipmentState],
) -> dict[str, str]:
    """Return by alarm id why the table suppresses it: `follows:<alarm id>` or `state:<state>`.

    A cause that is itself hidden still suppresses what follows from it.
    """
    causes = causes_of(alarms, definitions)
    found = {alarm_id: f"follows:{cause}" for alarm_id, cause in causes.items()}
    for alarm in alarms:
        definition, state = definitions.get(alarm.code), station_states.get(alarm.source)
        if definition is not None and state is not None and state in definition.silent_in:
            found.setdefault(alarm.alarm_id, f"state:{state}")
    return found


def causes_of(
    alarms: Sequence[Standing], definitions: Mapping[str, AlarmDefinition]
) -> dict[str, str]:
    """Return by alarm id the id of the active alarm of the same source that it follows from.

    Alarms that follow from each other in a ring have no cause: somebody must hear of them.
    """
    active = {(alarm.source, alarm.code): alarm.alarm_id for alarm in alarms if alarm.active}
    found: dict[str, str] = {}
    for alarm in alarms:
        definition = definitions.get(alarm.code)
        follows = definition.follows if definition is not None else ()
        causes = (active.get((alarm.source, code)) for code in follows)
        cause = next((item for item in causes if item not in (None, alarm.alarm_id)), None)
        if cause is not None:
            found[alarm.alarm_id] = cause
    return {alarm_id: cause for alarm_id, cause in found.items() if not _in_ring(alarm_id, found)}


def grouped(
    alarms: Sequence[Standing], definitions: Mapping[str, AlarmDefinition]
) -> tuple[Group, ...]:
    """Return all alarms in groups by likely cause, the most urgent and then the largest first.

    An alarm stands with the one that it follows from; then alarms of one code at three or more
    sources stand together (a switch or a service that they share); the rest by source.
    """
    causes = causes_of(alarms, definitions)
    sources_of: dict[str, set[str]] = {}
    for alarm in alarms:
        sources_of.setdefault(alarm.code, set()).add(alarm.source)
    led = set(causes.values())
    members: dict[tuple[GroupKind, str], list[Standing]] = {}
    for alarm in alarms:
        root = _root(alarm.alarm_id, causes)
        if root != alarm.alarm_id or root in led:
            place: tuple[GroupKind, str] = ("cause", root)
        elif len(sources_of[alarm.code]) >= SAME_CODE:
            place = ("code", alarm.code)
        else:
            place = ("source", alarm.source)
        members.setdefault(place, []).append(alarm)
    order = sorted(
        members.items(),
        key=lambda item: (min(alarm.priority for alarm in item[1]), -len(item[1]), item[0]),
    )
    return tuple(
        Group(kind=kind, key=key, alarm_ids=tuple(alarm.alarm_id for alarm in found))
        for (kind, key), found in order
    )


def _root(alarm_id: str, causes: Mapping[str, str]) -> str:
    """Follow causes, which have no ring, to the alarm that has none."""
    while (cause := causes.get(alarm_id)) is not None:
        alarm_id = cause
    return alarm_id


def _in_ring(alarm_id: str, causes: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    cause = causes.get(alarm_id)
    while cause is not None and cause not in seen:
        if cause == alarm_id:
            return True
        seen.add(cause)
        cause = causes.get(cause)
    return False
