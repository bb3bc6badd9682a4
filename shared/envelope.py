"""The CloudEvents envelope around every event: its type, who may say it, its partition."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events import (
    CellCompleted,
    CellGraded,
    CertificateValidityChanged,
    ChannelLeased,
    ControlChartSignalled,
    CureMeasured,
    CyclingEnded,
    DispositionDecided,
    EquipmentStateChanged,
    ExposureEvaluated,
    FileSealed,
    FurnaceLoadPlanned,
    FurnacePlanChanged,
    GenealogyRecorded,
    JobOrderCancelled,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderReleased,
    JobOrderResumed,
    JobOrderStarted,
    JobOrderWithdrawn,
    LotHeld,
    LotHoldReleased,
    LotsRecalled,
    LotsScrapped,
    MaterialLotRegistered,
    MaterialOpened,
    NonconformanceChanged,
    NonconformanceRaised,
    OperatorActed,
    OperatorChanged,
    PelletMarked,
    PersonTrained,
    PlcHearingChanged,
    PlcReported,
    RecallEnded,
    RecordSealed,
    RecordSigned,
    ReworkOrdered,
    SampleExtended,
    ShiftHandedOver,
    ShiftTakenOver,
    SinterRunEnded,
    SodiumMoved,
    SodiumScrapped,
    SourceStateChanged,
    SpectrumMeasured,
    ThermocoupleDriftFound,
    TimeLimitChanged,
    WaiverChanged,
    WorkRequestAccepted,
    WorkRequestClosedShort,
    WorkRequestEnded,
)
from shared.facts import Event

PARTITIONS = 16
EVENTS: dict[str, tuple[type[Event], ...]] = {
    "execution": (
        WorkRequestAccepted,
        WorkRequestClosedShort,
        WorkRequestEnded,
        JobOrderReleased,
        JobOrderWithdrawn,
        MaterialLotRegistered,
        GenealogyRecorded,
        LotHeld,
        LotHoldReleased,
        TimeLimitChanged,
        CellCompleted,
        SodiumMoved,
        SodiumScrapped,
    ),
    "sintering": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderCancelled,
        JobOrderHeld,
        JobOrderPaused,
        JobOrderResumed,
        EquipmentStateChanged,
        OperatorChanged,
        PersonTrained,
        FurnaceLoadPlanned,
        FurnacePlanChanged,
        SinterRunEnded,
        ThermocoupleDriftFound,
        PelletMarked,
    ),
    "spray": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderCancelled,
        JobOrderHeld,
        JobOrderPaused,
        JobOrderResumed,
        EquipmentStateChanged,
        GenealogyRecorded,
        OperatorChanged,
        PersonTrained,
        LotHeld,
        MaterialLotRegistered,
        NonconformanceRaised,
        CureMeasured,
    ),
    "lamination": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderCancelled,
        JobOrderHeld,
        JobOrderPaused,
        JobOrderResumed,
        EquipmentStateChanged,
        OperatorChanged,
        PersonTrained,
    ),
    "formation": (
        JobOrderStarted,
        JobOrderEnded,
        JobOrderCancelled,
        JobOrderHeld,
        JobOrderPaused,
        JobOrderResumed,
        EquipmentStateChanged,
        OperatorChanged,
        PersonTrained,
        SpectrumMeasured,
        CyclingEnded,
        ChannelLeased,
        CellGraded,
    ),
    "quality": (
        ControlChartSignalled,
        DispositionDecided,
        ExposureEvaluated,
        MaterialOpened,
        LotHeld,
        LotHoldReleased,
        LotsScrapped,
        NonconformanceChanged,
        NonconformanceRaised,
        RecordSigned,
        ReworkOrdered,
        SampleExtended,
        WaiverChanged,
    ),
    "trace": (RecordSealed, LotsRecalled, RecallEnded),
    "historian": (FileSealed, SourceStateChanged),
    "plc": (PlcReported, PlcHearingChanged, CertificateValidityChanged),
    "gateway": (OperatorActed, ShiftHandedOver, ShiftTakenOver),
}
BY_TYPE: dict[str, type[Event]] = {
    f"org.halite.{event.kind}.v{event.version}": event
    for events in EVENTS.values()
    for event in events
}


def event_type(cls: type[Event]) -> str:
    """Return the CloudEvents type of an event class."""
    return f"org.halite.{cls.kind}.v{cls.version}"


class Envelope(BaseModel):
    """CloudEvents 1.0, structured JSON. `sequence` is gapless per source, given by its relay."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=uuid4)
    source: str = Field(examples=["/halite/execution"])
    type: str = Field(examples=["org.halite.job_order_released.v1"])
    subject: str
    partitionkey: str | None = Field(
        default=None, description="what keeps its order: the lot, else the subject"
    )
    time: AwareDatetime = Field(description="plant time at which it happened")
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: int | None = Field(default=None, ge=1)
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]

    @property
    def order_key(self) -> str:
        """What this event keeps its order with: later events of the same key wait behind it."""
        return self.partitionkey or self.subject

    @property
    def service(self) -> str:
        """The service that said it."""
        return self.source.rsplit("/", 1)[-1]

    def event(self) -> Event | None:
        """Return the typed event, or None for a type this reader does not know.

        Raises:
            pydantic.ValidationError: the data does not fit the contract of its type.
        """
        cls = BY_TYPE.get(self.type)
        return cls.model_validate(self.data) if cls else None


def partition_of(key: str) -> int:
    """Return the partition, 0 to 15, of a key; the same in every process and version."""
    return hashlib.blake2s(key.encode(), digest_size=1).digest()[0] % PARTITIONS


def envelope(
    event: Event,
    *,
    service: str,
    time: datetime,
    event_id: UUID | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
) -> Envelope:
    """Wrap an event; the relay gives `sequence` when it has been committed."""
    return Envelope(
        id=event_id or uuid4(),
        source=f"/halite/{service}",
        type=event_type(type(event)),
        subject=event.subject,
        partitionkey=event.partition_key,
        time=time,
        correlationid=correlation_id,
        causationid=causation_id,
        traceparent=traceparent,
        data=event.model_dump(mode="json"),
    )
