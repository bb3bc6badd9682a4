"""Every event on the plant bus, versioned; who says which stands in shared/envelope.py."""

from shared.events.equipment import (
    ChannelLeased,
    EquipmentStateChanged,
    FurnaceLoadPlanned,
    FurnacePlanChanged,
    PlcHearingChanged,
    PlcReported,
    SinterRunEnded,
    SourceStateChanged,
    ThermocoupleDriftFound,
)
from shared.events.material import (
    CellCompleted,
    GenealogyRecorded,
    LotHeld,
    LotHoldReleased,
    MaterialLotRegistered,
    TimeLimitChanged,
)
from shared.events.quality import (
    CellGraded,
    ControlChartSignalled,
    CyclingEnded,
    DispositionDecided,
    ExposureEvaluated,
    NonconformanceRaised,
    SpectrumMeasured,
)
from shared.events.record import CertificateValidityChanged, FileSealed, OperatorActed, RecordSealed
from shared.events.work import (
    JobOrderEnded,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    WorkRequestAccepted,
    WorkRequestEnded,
)

__all__ = [
    "CellCompleted",
    "CellGraded",
    "CertificateValidityChanged",
    "ChannelLeased",
    "ControlChartSignalled",
    "CyclingEnded",
    "DispositionDecided",
    "EquipmentStateChanged",
    "ExposureEvaluated",
    "FileSealed",
    "FurnaceLoadPlanned",
    "FurnacePlanChanged",
    "GenealogyRecorded",
    "JobOrderEnded",
    "JobOrderHeld",
    "JobOrderReleased",
    "JobOrderStarted",
    "LotHeld",
    "LotHoldReleased",
    "MaterialLotRegistered",
    "NonconformanceRaised",
    "OperatorActed",
    "PlcHearingChanged",
    "PlcReported",
    "RecordSealed",
    "SinterRunEnded",
    "SourceStateChanged",
    "SpectrumMeasured",
    "ThermocoupleDriftFound",
    "TimeLimitChanged",
    "WorkRequestAccepted",
    "WorkRequestEnded",
]
