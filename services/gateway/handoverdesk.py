"""Writes what a shift hands over, and keeps who of the coming one took it over."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any

from services.gateway import handover, handoverstore, oee, oeestore, store
from services.gateway.alarmdesk import AlarmDesk
from services.gateway.handover import Span
from services.gateway.peers import Peers
from services.gateway.persons import Caller
from services.gateway.shifts import shifts_around
from services.gateway.signing import AUTHENTICATION
from shared.app import Service
from shared.errors import InvalidInputError, NotFoundError, ServiceUnreachableError
from shared.events import ShiftHandedOver, ShiftTakenOver
from shared.transaction import Transaction

ASK_WITHIN_S = 5.0
Answer = dict[str, Any]


class HandoverDesk:
    """Gathers what stands open from the gateway's own copy and from execution and quality."""

    def __init__(self, service: Service, peers: Peers, alarms: AlarmDesk) -> None:
        self._clock, self._outbox, self._database = service.clock, service.outbox, service.database
        self._new_id, self._plant = service.parts.new_id, service.plant
        self._peers, self._alarms = peers, alarms
        self._equipment = [
            *(item.equipment_id for item in service.plant.station),
            *(item.equipment_id for item in service.plant.tester),
        ]

    async def draft(self, begun_at: datetime | None) -> Answer:
        """Return what a handover written now would say, and those that nobody has taken over.

        Raises:
            InvalidInputError: begun_at is not of the running shift or the one before.
        """
        now = self._clock.now()
        around = shifts_around(self._plant.shift, self._plant.time_zone, now)
        span = handover.span_of(around, now, begun_at)
        return {
            "plant_time": now.isoformat(),
            "shifts": [around[name] for name in ("running", "before") if around[name]],
            **await self._gathered(span, now),
        }

    async def write(
        self, notes: str, begun_at: datetime | None, person: str
    ) -> tuple[Answer, Span]:
        """Return the record of a handover written now, not yet kept."""
        now = self._clock.now()
        around = shifts_around(self._plant.shift, self._plant.time_zone, now)
        span = handover.span_of(around, now, begun_at)
        record = {
            "handover_id": str(self._new_id()),
            "line": self._plant.line,
            "written_at": now.isoformat(),
            "person": person,
            "notes": notes,
            **await self._gathered(span, now),
        }
        return record, span

    async def keep(self, tx: Transaction, record: Answer, span: Span) -> Answer:
        """Keep a handover; one of the same shift that nobody has taken over is superseded."""
        await handoverstore.one_at_a_time(tx)
        earlier = await handoverstore.not_taken_of(tx, span.begun_at, span.shift)
        text, sha256 = handover.sealed({**record, "supersedes": earlier})
        written_at = datetime.fromisoformat(record["written_at"])
        await handoverstore.add(
            tx,
            handover_id=record["handover_id"],
            begun_at=span.begun_at,
            written_at=written_at,
            person=record["person"],
            supersedes=earlier,
            record=text,
            record_sha256=sha256,
        )
        event = ShiftHandedOver(
            handover_id=record["handover_id"],
            shift=span.shift,
            begun_at=span.begun_at,
            written_at=written_at,
            person=record["person"],
            notes=record["notes"],
            open_counts=record["counts"],
            missing=tuple(record["missing"]),
            record_sha256=sha256,
            supersedes=earlier,
        )
        await self._outbox.record(tx, event)
        return {"handover_id": record["handover_id"], "record_sha256": sha256}

    async def take_over(
        self, tx: Transaction, handover_id: str, taker: Caller, seen_sha256: str, remark: str | None
    ) -> Answer:
        """Keep that a person, who has just proved who it is, took a handover over.

        The same person may say so again.

        Raises:
            NotFoundError: no such handover.
            ConflictError, InvalidInputError: as `handover.check_taking` says.
        """
        await handoverstore.one_at_a_time(tx)
        found = await handoverstore.whole(tx, handover_id)
        if found is None:
            raise NotFoundError(f"handover {handover_id} does not exist")
        if (found["taken_by"], found["record_sha256"]) == (taker.printed, seen_sha256):
            return _taken(handover_id, taker.printed, found["taken_at"])
        handover.check_taking(found, found["superseded_by"], taker.printed, seen_sha256)
        taken_at = self._clock.now()
        await handoverstore.add_taking(
            tx,
            handover_id=handover_id,
            person=taker.printed,
            printed_name=taker.name,
            remark=remark,
            record_sha256=seen_sha256,
            taken_at=taken_at,
        )
        event = ShiftTakenOver(
            handover_id=handover_id,
            person=taker.printed,
            printed_name=taker.name,
            authentication=AUTHENTICATION,
            remark=remark,
            record_sha256=seen_sha256,
            taken_at=taken_at,
        )
        await self._outbox.record(tx, event)
        return _taken(handover_id, taker.printed, taken_at.isoformat())

    async def newest(self, limit: int) -> Answer:
        """Return the newest handovers without their lists."""
        async with self._database.quiet() as tx:
            return {"items": await handoverstore.newest(tx, limit)}

    async def whole(self, handover_id: str) -> Answer:
        """Return one handover.

        Raises:
            NotFoundError: no such handover.
        """
        async with self._database.quiet() as tx:
            found = await handoverstore.whole(tx, handover_id)
        if found is None:
            raise NotFoundError(f"handover {handover_id} does not exist")
        return found

    async def _gathered(self, span: Span, now: datetime) -> Answer:
        """Return what stands open; a part that could not be had is None and named in `missing`."""
        until = span.coming_ends_at
        missing: list[str] = []
        page: dict[str, Any] = {"limit": handover.MOST_OF_A_KIND}
        held, limits, exposures = await asyncio.gather(
            self._asked("held_lots", missing, self._peers.ask(
                "execution", "holds", query={**page, "only_open": True},
                timeout_s=ASK_WITHIN_S)),
            self._asked("time_limits", missing, self._peers.ask(
                "execution", "time-limits",
                query={**page, "until": until.isoformat()}, timeout_s=ASK_WITHIN_S)),
            self._asked("exposures", missing, self._peers.ask(
                "quality", "open-exposures",
                query={**page, "until": until.isoformat()}, timeout_s=ASK_WITHIN_S)),
        )  # fmt: skip
        alarms = await self._alarms.page(handover.MOST_OF_A_KIND)
        missing += [
            f"alarms: {name} is silent, its alarms may be missing" for name in alarms["silent"]
        ]
        async with self._database.quiet() as tx:
            jobs = await store.jobs(tx)
            spans = await oeestore.spans(tx, span.begun_at, now)
        stops = [
            stop
            for name in self._equipment
            for stop in oee.stops(name, spans.get(name, []), span.begun_at, now)
        ]
        parts: dict[str, Sequence[Any] | None] = {
            "held_lots": _items(held),
            "alarms": handover.alarms_shown(alarms["items"]),
            "job_orders": handover.jobs_shown(jobs),
            "time_limits": _items(limits),
            "exposures": None
            if exposures is None
            else handover.exposures_shown(exposures["items"]),
            "stops": handover.stops_without_reason(stops),
        }
        totals = {"alarms": len(alarms["items"]) + alarms["left_off_count"]}
        paged = {"held_lots": held, "time_limits": limits, "exposures": exposures}
        totals |= {name: one["total"] for name, one in paged.items() if one and "total" in one}
        kept, counts = handover.bounded(parts, totals)
        return {
            "shift": span.shift,
            "begun_at": span.begun_at.isoformat(),
            "coming": span.coming,
            "coming_ends_at": until.isoformat(),
            "open": kept,
            "counts": counts,
            "missing": sorted(missing),
        }

    async def _asked(self, part: str, missing: list[str], answer: Awaitable[Any]) -> Answer | None:
        try:
            page: Answer = await answer
        except (ServiceUnreachableError, NotFoundError, InvalidInputError) as error:
            missing.append(f"{part}: {error}")
            return None
        return page


def _items(page: Answer | None) -> list[dict[str, Any]] | None:
    return None if page is None else page["items"]


def _taken(handover_id: str, taken_by: str, taken_at: str) -> Answer:
    return {"handover_id": handover_id, "taken_by": taken_by, "taken_at": taken_at}
