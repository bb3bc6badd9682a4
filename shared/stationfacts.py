"""The facts that every station tells in the same words: state, job orders started and held."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.app import Service
from shared.events import (
    EquipmentStateChanged,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderReleased,
    JobOrderResumed,
    JobOrderStarted,
)
from shared.facts import EquipmentState
from shared.stationorder import StationOrder


class EquipmentStates:
    """Tells the state of one piece of equipment when it changes, and only then."""

    def __init__(self, service: Service, equipment_id: str) -> None:
        self._service, self._equipment_id = service, equipment_id
        self._told: tuple[EquipmentState, bool, str | None, str | None] | None = None

    async def tell(
        self,
        *,
        connected: bool,
        running: bool,
        unusable: str | None = None,
        software: str | None = None,
    ) -> None:
        """Tell the state; while it does not answer, the last known state with quality unknown.

        unusable: why it can be given no job, though it answers. software: the version it runs.
        """
        state: EquipmentState = "productive" if running else "standby"
        if unusable is not None:
            state = "unscheduled_down"
        if not connected and self._told is not None:
            state = self._told[0]
        reason = unusable if connected else "station does not answer"
        if not connected and self._told is not None:
            software = self._told[3]
        if self._told == (state, connected, reason, software):
            return
        metrics = self._service.metrics
        metrics.stations_connected.labels(self._equipment_id).set(connected)
        if connected and self._told is not None and not self._told[1]:
            metrics.station_reconnects.labels(self._equipment_id).inc()
        event = EquipmentStateChanged(
            equipment_id=self._equipment_id,
            state=state,
            data_quality="good" if connected else "unknown",
            reason=reason,
            changed_at=self._service.clock.now(),
            software_version=software,
        )
        async with self._service.database.begin() as tx:
            await self._service.outbox.record(tx, event)
        self._told = (state, connected, reason, software)


def started_events(order: StationOrder) -> list[JobOrderStarted]:
    """Return the facts that the job orders of a station order were started."""
    return [
        JobOrderStarted(
            job_order_id=job_order.job_order_id,
            lot_id=job_order.lot_id,
            work_request_id=job_order.work_request_id,
            product_id=job_order.product_id,
            operation=job_order.operation,
            equipment_id=order.equipment_id,
            recipe_id=order.recipe_id,
            recipe_version=order.recipe_version,
            started_at=order.started_at or order.planned_at,
            lot_ids=_lots(job_order),
        )
        for job_order in order.job_orders
    ]


def held_events(
    job_orders: Sequence[JobOrderReleased], equipment_id: str | None, reason: str
) -> list[JobOrderHeld]:
    """Return the facts that job orders stand until a person looks."""
    return [
        JobOrderHeld(
            job_order_id=job_order.job_order_id,
            lot_id=job_order.lot_id,
            work_request_id=job_order.work_request_id,
            product_id=job_order.product_id,
            operation=job_order.operation,
            equipment_id=equipment_id,
            reason=reason,
            lot_ids=_lots(job_order),
        )
        for job_order in job_orders
    ]


def paused_events(
    order: StationOrder, at: datetime, reason: str, by: str | None
) -> list[JobOrderPaused]:
    """Return the facts that job orders stand at their station, which keeps them.

    by: the person who asked for it, None when the machine did it itself.
    """
    return [
        JobOrderPaused.model_validate(
            _about(one, order) | {"paused_at": at, "reason": reason, "by": by}
        )
        for one in order.job_orders
    ]


def resumed_events(order: StationOrder, at: datetime, by: str | None) -> list[JobOrderResumed]:
    """Return the facts that paused job orders go on; `by` as in `paused_events`."""
    return [
        JobOrderResumed.model_validate(_about(one, order) | {"resumed_at": at, "by": by})
        for one in order.job_orders
    ]


def _about(job_order: JobOrderReleased, order: StationOrder) -> dict[str, Any]:
    return {
        "job_order_id": job_order.job_order_id,
        "lot_id": job_order.lot_id,
        "work_request_id": job_order.work_request_id,
        "product_id": job_order.product_id,
        "operation": job_order.operation,
        "equipment_id": order.equipment_id,
        "lot_ids": _lots(job_order),
    }


def _lots(job_order: JobOrderReleased) -> tuple[str, ...]:
    return tuple(item.lot_id for item in job_order.materials if item.use != "consumed")
