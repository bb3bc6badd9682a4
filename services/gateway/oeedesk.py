"""Times, losses and yields of all stations over a period, and the reasons that persons give."""

from datetime import datetime, timedelta
from typing import Any

from services.gateway import oee, oeestore
from services.gateway.oee import Norm, Output, Span
from shared.app import Service
from shared.errors import NotFoundError
from shared.events import OperatorActed
from shared.transaction import Transaction

MOST_STOPS = 500


class OeeDesk:
    """Answers what was lost where, and keeps why."""

    def __init__(self, service: Service) -> None:
        self._clock, self._outbox, self._database = service.clock, service.outbox, service.database
        plant = service.plant
        self._channels = {item.equipment_id: item.channel_count for item in plant.tester}
        self._equipment = [
            *(item.equipment_id for item in plant.station),
            *(item.equipment_id for item in plant.tester),
        ]

    async def page(self, hours: float) -> dict[str, Any]:
        """Return states, ratios, stops, Pareto and first-pass yields of the last plant hours."""
        until = self._clock.now()
        since = until - timedelta(hours=hours)
        async with self._database.quiet() as tx:
            norms = await oeestore.norms(tx)
            spans = await oeestore.spans(tx, since, until)
            outputs = await oeestore.outputs(tx, since, until, norms)
            gates = await oeestore.first_pass(tx, since, until)
        stops = [
            stop
            for name in self._equipment
            for stop in oee.stops(name, spans.get(name, []), since, until)
        ]
        stops.sort(key=lambda stop: (stop.downtime_reason is not None, -stop.begun_at.timestamp()))
        return {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "stations": [
                self._station(name, spans.get(name, []), outputs.get(name, []), norms, since, until)
                for name in self._equipment
            ],
            "stops": [_written(stop) for stop in stops[:MOST_STOPS]],
            "stops_left_off_count": max(0, len(stops) - MOST_STOPS),
            "pareto": oee.pareto(stops),
            "gates": gates,
        }

    async def give_reason(
        self,
        tx: Transaction,
        equipment_id: str,
        begun_at: datetime | None,
        reason: str,
        note: str | None,
        person: str,
    ) -> dict[str, Any]:
        """Keep why a station stopped; without an instant, why it stopped last.

        Raises:
            NotFoundError: the station has no such stop on record.
        """
        found = await oeestore.stop_at(tx, equipment_id, begun_at)
        if found is None:
            when = f" that began at {begun_at.isoformat()}" if begun_at else ""
            raise NotFoundError(
                f"{equipment_id} has no unscheduled stop{when} on record; read the list again"
            )
        at = self._clock.now()
        await oeestore.give_reason(tx, equipment_id, found, reason, note, person, at)
        said = f"{reason}, stop of {found:%Y-%m-%d %H:%M:%S}" + (f": {note}" if note else "")
        event = OperatorActed(
            action="give_downtime_reason", target=equipment_id, person=person, reason=said
        )
        await self._outbox.record(tx, event)
        return {"equipment_id": equipment_id, "begun_at": found.isoformat(), "reason": reason}

    def _station(
        self,
        equipment_id: str,
        spans: list[Span],
        outputs: list[Output],
        norms: dict[str, Norm],
        since: datetime,
        until: datetime,
    ) -> dict[str, Any]:
        times_s = oee.time_by_state(spans, since, until)
        found = oee.ratios(times_s, outputs, norms)
        channels = self._channels.get(equipment_id)
        available_h = None if channels is None else channels * found["pbt_s"] / 3600
        return {
            "equipment_id": equipment_id,
            "times_s": times_s,
            **found,
            **oee.reliability(oee.stops(equipment_id, spans, since, until), found["apt_s"]),
            "channel_count": channels,
            "channel_hours_available": available_h,
        }


def _written(stop: oee.Stop) -> dict[str, Any]:
    return {
        "equipment_id": stop.equipment_id,
        "begun_at": stop.begun_at.isoformat(),
        "ended_at": stop.ended_at.isoformat() if stop.ended_at else None,
        "duration_s": stop.duration_s,
        "reason": stop.reason,
        "downtime_reason": stop.downtime_reason,
        "note": stop.note,
        "person": stop.person,
    }
