"""Which events raise an alarm or end one, and which lots an event is about."""

from dataclasses import dataclass
from typing import Literal

from shared.events import (
    CertificateValidityChanged,
    ControlChartSignalled,
    DispositionDecided,
    EquipmentStateChanged,
    JobOrderCancelled,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    LotsScrapped,
    NonconformanceRaised,
    PlcHearingChanged,
    PlcReported,
    SourceStateChanged,
    TimeLimitChanged,
    WorkRequestEnded,
)
from shared.facts import Event

Priority = Literal[1, 2, 3]
Leaves = Literal["with_cause", "when_acknowledged", "with_either"]
# Gates of holds that follow from an event which raises an alarm of its own.
ALARMED_ELSEWHERE = frozenset({"station", "operation", "time_limit"})


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something a person should look at.

    condition: what stands behind it; there is one alarm of a condition at a time.
    lot_id: the lot that adds to the condition; the alarm lasts as long as one lot does.
    leaves: when it leaves the list of alarms.
    """

    condition: str
    code: str
    text: str
    priority: Priority
    source: str
    leaves: Leaves = "with_cause"
    lot_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Return:
    """A condition is normal again, or one lot of it is."""

    condition: str
    lot_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class LotGone:
    """No gate asks anybody to decide on a lot any more: it is scrap."""

    lot_id: str


@dataclass(frozen=True, kw_only=True)
class RequestOver:
    """No gate asks anybody to decide on a lot of a work request any more: it has ended."""

    work_request_id: str


Change = Alarm | Return | LotGone | RequestOver


def alarm_changes(event: Event | None) -> list[Change]:
    """Return the alarms that an event raises and the conditions that it ends."""
    match event:
        case EquipmentStateChanged():
            return _of_station(event)
        case SourceStateChanged():
            return _of_source(event)
        case JobOrderStarted() | JobOrderCancelled():
            return [Return(condition=f"held:{event.job_order_id}")]
        case JobOrderEnded():
            return _of_ended(event)
        case JobOrderHeld():
            return [_of_held(event)]
        case DispositionDecided():
            return _of_gate(event)
        case LotHeld() if event.gate not in ALARMED_ELSEWHERE:
            return [_gate_alarm(event, event.lot_id, f"{event.lot_id} is held: {event.reason}")]
        case LotHoldReleased():
            return [Return(condition=_gate_condition(event), lot_id=event.lot_id)]
        case LotsScrapped():
            return [LotGone(lot_id=lot_id) for lot_id in event.lot_ids]
        case WorkRequestEnded():
            return [RequestOver(work_request_id=event.work_request_id)]
        case TimeLimitChanged():
            return _of_limit(event)
        case NonconformanceRaised() | PlcReported():
            return _of_report(event)
        case PlcHearingChanged():
            return [_of_hearing(event)]
        case CertificateValidityChanged():
            return [_of_certificate(event)]
        case ControlChartSignalled():
            return [_of_chart(event)]
        case _:
            return []


def waiting_alarms(
    service: str, oldest_event_age_s: float | None, set_aside_count: int, wait_limit_s: float
) -> dict[str, Alarm | None]:
    """Return by condition the alarms over events that wait in a service; None where all is well.

    Ages and limit in wall seconds.
    """
    waits, aside = f"waits:{service}", f"set_aside:{service}"
    found: dict[str, Alarm | None] = {waits: None, aside: None}
    if oldest_event_age_s is not None and oldest_event_age_s > wait_limit_s:
        text = f"events of {service} have waited for more than {wait_limit_s:g} s; none is lost"
        found[waits] = _plain_alarm(waits, "events_wait", text, 2, service)
    if set_aside_count > 0:
        counted = "1 event is" if set_aside_count == 1 else f"{set_aside_count} events are"
        text = f"{counted} set aside: {service} could not handle what others said"
        found[aside] = _plain_alarm(aside, "set_aside", text, 2, service)
    return found


def clock_alarm(service: str, drift_s: float, limit_s: float) -> dict[str, Alarm | None]:
    """Return by condition the alarm over a wall clock that was set, or None where it is right."""
    condition = "clock"
    if abs(drift_s) <= limit_s:
        return {condition: None}
    direction = "forward" if drift_s > 0 else "back"
    text = f"the wall clock was set {direction} by more than {limit_s:g} s; plant time goes on"
    return {condition: _plain_alarm(condition, "clock_set", text, 2, service)}


def disk_alarm(service: str, free_mb: float | None, limit_mb: float) -> dict[str, Alarm | None]:
    """Return by condition the alarm over a disk that fills up, or None while it has room."""
    condition = "disk"
    if free_mb is None or free_mb >= limit_mb:
        return {condition: None}
    text = f"the disk has less than {limit_mb:g} MB free; make room before the plant waits for it"
    return {condition: _plain_alarm(condition, "disk_low", text, 2, service)}


def alarm_text(text: str, lot_count: int) -> str:
    """Return the text of an alarm with how many lots stand behind it."""
    return f"{text} ({lot_count} lots)" if lot_count > 1 else text


def touched(event: Event | None) -> frozenset[str]:
    """Return the lots and the work request that an event is about, without what was consumed."""
    if event is None:
        return frozenset()
    data = event.model_dump(include={"lot_id", "lot_ids", "members", "materials", "parts"})
    ids = {data.get("lot_id"), *data.get("lot_ids", ()), *data.get("members", ())}
    ids |= {item["lot_id"] for item in data.get("parts", ())}
    ids |= {item["lot_id"] for item in data.get("materials", ()) if item["use"] != "consumed"}
    return frozenset(item for item in ids if item)


def _of_station(event: EquipmentStateChanged) -> list[Change]:
    name, down = event.equipment_id, f"down:{event.equipment_id}"
    lost = f"lost:{event.equipment_id}"
    if event.data_quality != "good":
        text = event.reason or f"what the station does is {event.data_quality}"
        return [_plain_alarm(lost, "station_lost", text, 2, name)]
    if event.state != "unscheduled_down":
        return [Return(condition=lost), Return(condition=down)]
    text = event.reason or "the station is down and gives no reason"
    return [Return(condition=lost), _plain_alarm(down, "station_down", text, 1, name)]


def _of_source(event: SourceStateChanged) -> list[Change]:
    condition = f"silent:{event.equipment_id}"
    if event.data_quality == "good":
        return [Return(condition=condition)]
    since = f"since {event.last_sample_at:%Y-%m-%d %H:%M:%S}" if event.last_sample_at else "ever"
    text = f"no live values {since}"
    return [_plain_alarm(condition, "source_silent", text, 3, event.equipment_id)]


def _plain_alarm(condition: str, code: str, text: str, priority: Priority, source: str) -> Alarm:
    return Alarm(condition=condition, code=code, text=text, priority=priority, source=source)


def _of_held(event: JobOrderHeld) -> Alarm:
    return Alarm(
        condition=f"held:{event.job_order_id}",
        code="job_order_held",
        text=f"{event.operation} of {event.lot_id} stands: {event.reason}",
        priority=1,
        source=event.equipment_id or event.job_order_id,
    )


def _of_ended(event: JobOrderEnded) -> list[Change]:
    changes: list[Change] = [Return(condition=f"held:{event.job_order_id}")]
    if event.state == "aborted":
        reason = event.reason or "no reason given"
        changes.append(
            Alarm(
                condition=f"aborted:{event.job_order_id}",
                code="job_order_aborted",
                text=f"{event.operation} of {event.lot_id} was aborted: {reason}",
                priority=2,
                source=event.equipment_id,
                leaves="when_acknowledged",
            )
        )
    return changes


def _of_gate(event: DispositionDecided) -> list[Change]:
    decided = [(part.lot_id, part.disposition, part.reason) for part in event.parts] or [
        (event.lot_id, event.disposition, event.reason)
    ]
    changes = list[Change]()
    for lot_id, disposition, reason in decided:
        if disposition == "released":
            changes.append(Return(condition=_gate_condition(event), lot_id=lot_id))
        elif disposition == "scrap":
            changes.append(LotGone(lot_id=lot_id))
        else:
            changes.append(_gate_alarm(event, lot_id, f"{lot_id} is {disposition}: {reason}"))
    return changes


def _gate_alarm(event: DispositionDecided | LotHeld, lot_id: str, text: str) -> Alarm:
    return Alarm(
        condition=_gate_condition(event),
        code="gate_blocked",
        text=f"{event.gate}: {text}",
        priority=2,
        source=event.work_request_id or event.lot_id,
        leaves="with_either",
        lot_id=lot_id,
    )


def _gate_condition(event: DispositionDecided | LotHeld | LotHoldReleased) -> str:
    return f"gate:{event.work_request_id or event.lot_id}:{event.gate}"


def _of_limit(event: TimeLimitChanged) -> list[Change]:
    near, limit = f"near:{event.time_limit_id}", f"{event.limit_at:%Y-%m-%d %H:%M:%S}"
    window = f"{event.name} of {event.lot_id}, {event.from_event} to {event.to_event}"
    if event.state == "near":
        text = f"{window}: limit at {limit}"
        return [
            Alarm(
                condition=near, code="time_limit_near", text=text, priority=3, source=event.lot_id
            )
        ]
    if event.state == "broken":
        return [
            Return(condition=near),
            Alarm(
                condition=f"broken:{event.time_limit_id}",
                code="time_limit_broken",
                text=f"{window}: limit was {limit}",
                priority=2,
                source=event.lot_id,
                leaves="when_acknowledged",
            ),
        ]
    broken = Return(condition=f"broken:{event.time_limit_id}")  # late news of a start in time
    return [Return(condition=near), broken] if event.state == "met" else []


def _of_report(event: NonconformanceRaised | PlcReported) -> list[Change]:
    if isinstance(event, NonconformanceRaised):
        source = event.equipment_id or event.lot_id
        code, text, key = "nonconformance", event.description, event.nonconformance_id
    elif event.report == "alarm":
        source, code, text = event.equipment_id, "plc_alarm", event.text
        key = f"{event.equipment_id}:{event.text}"
    else:
        return []
    return [
        Alarm(
            condition=f"{code}:{key}",
            code=code,
            text=text,
            priority=2,
            source=source,
            leaves="when_acknowledged",
        )
    ]


def _of_chart(event: ControlChartSignalled) -> Alarm | Return:
    condition = f"chart:{event.signal_id}"
    if event.state == "closed":
        return Return(condition=condition)
    where = f" of {event.series}" if event.series else ""
    return Alarm(
        condition=condition,
        code="control_chart",
        text=f"chart {event.chart_id}{where}: {event.value:.4g} {event.unit} at {event.lot_id} "
        f"breaks {', '.join(event.rules)}; first step: {event.action_plan[0]}",
        priority=3,
        source=event.series or event.lot_id,
    )


def _of_hearing(event: PlcHearingChanged) -> Alarm | Return:
    condition = f"plc_silent:{event.equipment_id}"
    if event.state == "heard":
        return Return(condition=condition)
    return Alarm(
        condition=condition,
        code="plc_silent",
        text=f"the PLC of {event.equipment_id} sends no heartbeat for {event.silent_s:.0f} s",
        priority=2,
        source=event.equipment_id,
    )


def _of_certificate(event: CertificateValidityChanged) -> Alarm | Return:
    condition, until = f"certificate:{event.name}", f"{event.valid_until:%Y-%m-%d}"
    if event.state == "valid":
        return Return(condition=condition)
    ends = f"ends on {until}, in {event.days_left} days"
    return Alarm(
        condition=condition,
        code="certificate_ends",
        text=f"the certificate of {event.name} {ends if event.state == 'near' else 'has ended'}",
        priority=3 if event.state == "near" else 1,
        source=event.name,
    )
