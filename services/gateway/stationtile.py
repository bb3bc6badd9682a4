"""The tile of one station on the overview: what it does, how far it is, how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.facts import DataQuality, EquipmentState


@dataclass(frozen=True, kw_only=True)
class StationFacts:
    """The newest that events said about a station; None where none has spoken."""

    equipment_id: str
    state: EquipmentState | None = None
    data_quality: DataQuality | None = None
    reason: str | None = None
    changed_at: datetime | None = None
    source_quality: DataQuality | None = None
    last_sample_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class JobAtStation:
    """A job order that a station runs, or stands on."""

    job_order_id: str
    equipment_id: str | None
    operation: str
    lot_id: str
    state: Literal["running", "interrupted"]
    reason: str | None
    started_at: datetime | None


def tile(
    facts: StationFacts,
    jobs: Sequence[JobAtStation],
    usual_s: Mapping[str, float],
    values: Sequence[dict[str, Any]],
    sampled_at: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """Return what the overview says of one station beside its name.

    jobs: of this station. usual_s: plant seconds that an operation usually takes, by operation.
    A station that runs many job orders shows the one that it began first.
    """
    job = min(jobs, key=_begun_first, default=None)
    quality = known_quality(facts)
    instants = (facts.changed_at, facts.last_sample_at, sampled_at)
    return {
        "state": facts.state or "standby",
        "data_quality": quality,
        "job_order_id": job.job_order_id if job else None,
        "operation": job.operation if job else None,
        "lot_id": job.lot_id if job else None,
        "progress_ratio": _progress(job, usual_s, now) if job and quality == "good" else None,
        "reason": facts.reason or (job.reason if job else None),
        "values": list(values),
        "updated_at": max((at for at in instants if at is not None), default=None),
    }


def known_quality(facts: StationFacts) -> DataQuality:
    """Return the worse of what the station's service and the historian say; none is unknown."""
    said = [q for q in (facts.data_quality, facts.source_quality) if q is not None]
    if "unknown" in said or not said:
        return "unknown"
    return "stale" if "stale" in said else "good"


def progress_ratio(started_at: datetime, usual_s: float | None, now: datetime) -> float | None:
    """Return 0 to 1 in steps of 0.01; None until it is known how long the operation takes."""
    if usual_s is None or usual_s <= 0:
        return None
    elapsed_s = (now - started_at).total_seconds()
    return round(min(1.0, max(0.0, elapsed_s / usual_s)), 2)


def _begun_first(job: JobAtStation) -> tuple[bool, float, str]:
    started_s = job.started_at.timestamp() if job.started_at else 0.0
    return job.state != "running", started_s, job.job_order_id


def _progress(job: JobAtStation, usual_s: Mapping[str, float], now: datetime) -> float | None:
    if job.state != "running" or job.started_at is None:
        return None
    return progress_ratio(job.started_at, usual_s.get(job.operation), now)
