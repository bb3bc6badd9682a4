"""What formation does at rest racks and analysers, with master data and channels."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from typing import Any, Literal

from services.formation import channelstore, store
from services.formation.channels import Need, facts_of, refusals
from services.formation.domain import Grading
from services.formation.eclabsettings import left_out, settings_text
from services.formation.looks import TesterLooks
from services.formation.plan import parts_of
from services.formation.plans import Plans, next_work
from services.formation.protocol import CellOrder, Spectrum, TestProtocol
from services.formation.stepfile import step_file
from shared import joborders, recipes
from shared.app import Service
from shared.errors import BlockedError, NotFoundError
from shared.events import JobOrderReleased, SpectrumMeasured
from shared.intake import ended_event, first_startable, lot_results, order_for
from shared.settings import StationSettings, TesterSettings
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.transaction import Transaction

# Of an analyser's recipe these describe the part and its fixture; the station is not told.
PART_PARAMETERS = ("area_cm2", "faces_count")


class RestAndSpectra:
    """Chooses jobs for rack and analyser and records what they measured."""

    def __init__(self, service: Service) -> None:
        self._service, self._plans = service, Plans(service)

    async def plan(
        self,
        tx: Transaction,
        station: StationSettings,
        waiting: Sequence[JobOrderReleased],
    ) -> StationOrder | None:
        """Return the most urgent job order for a free place; one that cannot be is held."""

        taken = {
            order.parameters.get("slot_count")
            for order in await joborders.open_at(tx, station.equipment_id)
        }

        async def prepare(job_order: JobOrderReleased) -> StationOrder | None:
            if job_order.station_kind == "tester":
                return await self._part(tx, station, job_order)
            order = await order_for(tx, self._service, station, job_order)
            sent = {
                name: value
                for name, value in order.parameters.items()
                if name not in PART_PARAMETERS
            }
            if "slot_count" in sent:
                sent["slot_count"] = next(float(n) for n in count(1) if float(n) not in taken)
            return replace(order, parameters=sent)

        return await first_startable(tx, self._service, waiting, prepare)

    async def _part(
        self, tx: Transaction, station: StationSettings, job_order: JobOrderReleased
    ) -> StationOrder | None:
        """Return the order for the spectrum that a plan comes to, and keep that it was given.

        Raises:
            BlockedError: a frequency beyond the analyser's.
        """
        work = await next_work(tx, job_order)
        if work is None or not isinstance(spectrum := work.protocol.steps[0], Spectrum):
            return None
        highest_hz = station.highest_frequency_hz
        if highest_hz is not None and spectrum.frequency_max_hz > highest_hz:
            raise BlockedError(
                f"{station.equipment_id}: {work.whole.protocol_id} needs"
                f" {spectrum.frequency_max_hz:g} Hz, limit {highest_hz:g} Hz; order another version"
            )
        order = StationOrder(
            station_order_id=work.station_order_id,
            equipment_id=station.equipment_id,
            recipe_id=work.whole.protocol_id,
            recipe_version=work.whole.version,
            parameters={
                "mode": "cell",
                "frequency_max_hz": spectrum.frequency_max_hz,
                "frequency_min_hz": spectrum.frequency_min_hz,
                "points_per_decade_count": float(spectrum.points_per_decade_count),
                "amplitude_mv": spectrum.amplitude_mv,
            },
            materials=job_order.materials,
            job_orders=(job_order,),
            planned_at=self._service.clock.now(),
        )
        await self._plans.given(tx, work)
        return order

    async def ended(self, tx: Transaction, order: StationOrder, answer: JobAnswer) -> None:
        """Say what was measured: temperatures at rest, or a spectrum with its voltage."""
        [job_order] = order.job_orders
        lot_id = job_order.lot_id
        if job_order.station_kind == "tester":
            is_whole = answer.state == "ended"
            spectrum = await self._spectrum(tx, order, answer) if is_whole else None
            await self._plans.spectrum_ended(tx, order, answer, spectrum)
            return
        if job_order.station_kind == "rack":
            names: tuple[str, ...] = ("temperature_min_degc", "temperature_max_degc", "duration_s")
        else:
            names = ("ocv_v", "temperature_degc")
            if answer.state == "ended":
                await self._service.outbox.record(tx, await self._spectrum(tx, order, answer))
        results = lot_results(answer, lot_id, names)
        event = ended_event(order, job_order, answer, order.materials, results)
        await self._service.outbox.record(tx, event)

    async def _spectrum(
        self, tx: Transaction, order: StationOrder, answer: JobAnswer
    ) -> SpectrumMeasured:
        [job_order] = order.job_orders
        part: Mapping[str, object] = job_order.parameters
        if job_order.station_kind != "tester":
            recipe = await recipes.version(tx, order.recipe_id, order.recipe_version)
            part = recipe.control({})
        area, faces = part.get("area_cm2"), part.get("faces_count")
        mode: Literal["cell", "blocking"] = (
            "blocking" if order.parameters.get("mode") == "blocking" else "cell"
        )
        return SpectrumMeasured(
            lot_id=job_order.lot_id,
            spectrum_id=f"{order.station_order_id}-spectrum",
            job_order_id=job_order.job_order_id,
            work_request_id=job_order.work_request_id,
            product_id=job_order.product_id,
            operation=job_order.operation,
            mode=mode,
            frequency_hz=answer.numbers("frequency_hz"),
            z_real_ohm=answer.numbers("z_real_ohm"),
            z_imag_ohm=answer.numbers("z_imag_ohm"),
            temperature_degc=answer.number("temperature_degc"),
            fixture_id=answer.text("fixture_id"),
            thickness_um=None,
            area_cm2=float(area) if isinstance(area, int | float) else None,
            faces=round(faces) if isinstance(faces, int | float) else None,
            measured_at=answer.ended_at,
        )


class Channels:
    """The channels of all testers as equipment."""

    def __init__(self, testers: Sequence[TesterLooks]) -> None:
        self._testers = {looks.tester.equipment_id: looks for looks in testers}

    def tester(self, equipment_id: str) -> TesterSettings:
        """Return what the plant file says of a tester.

        Raises:
            NotFoundError: no such tester.
        """
        if equipment_id not in self._testers:
            raise NotFoundError(f"no tester {equipment_id}; known are {sorted(self._testers)}")
        return self._testers[equipment_id].tester

    async def channels(self, tx: Transaction, need: Need, today: date) -> list[dict[str, Any]]:
        """Return each channel with its facts, its lease and the reasons it has to refuse."""
        items = []
        for equipment_id, looks in self._testers.items():
            look = await looks.newest(tx)
            held = {item.channel: item for item in (await store.leases(tx, equipment_id)).values()}
            history = await channelstore.histories(tx, equipment_id)
            for name in sorted({*look.channels, *held, *history}):
                lines = [line.entry for line in history.get(name, ())]
                facts = facts_of(looks.tester, name, lines)
                lease = held.get(name)
                items.append(
                    {
                        **vars(facts),
                        "job_order_id": lease.job_order_id if lease else None,
                        "lot_id": lease.lot_id if lease else None,
                        "refuses": refusals(facts, need, today),
                    }
                )
        return items


async def take_master_data(
    tx: Transaction,
    master_recipes: Sequence[recipes.MasterRecipe],
    protocols: Sequence[TestProtocol],
    gradings: Sequence[Grading],
) -> dict[str, Any]:
    """Keep recipes, protocols and gradings; all or none."""
    for recipe in master_recipes:
        await recipes.add(tx, recipe)
    for protocol in protocols:
        await store.add_protocol(tx, protocol)
    for grading in gradings:
        await store.add_grading(tx, grading)
    return {
        "master_recipes": [recipe.recipe_id for recipe in master_recipes],
        "test_protocols": [protocol.protocol_id for protocol in protocols],
        "gradings": [grading.product_id for grading in gradings],
    }


async def plan_of(
    tx: Transaction, protocol_id: str, cell: CellOrder, tester: TesterSettings, at: datetime
) -> list[dict[str, Any]]:
    """Return the parts of a protocol with what each instrument is given to run.

    Raises:
        NotFoundError: no released version.
        InvalidInputError: the cell lacks a capacity or an area.
        OutOfLimitsError: a part for the tester does not fit its range with margin.
    """
    protocol = await store.newest_protocol(tx, protocol_id)
    return await asyncio.to_thread(_written, protocol, cell, tester, at)


def _written(
    protocol: TestProtocol, cell: CellOrder, tester: TesterSettings, at: datetime
) -> list[dict[str, Any]]:
    found = []
    ranges_ma = [item.current_range_ma for item in tester.ranges]
    for part in parts_of(protocol):
        common = {"part": part.number, "instrument": part.instrument, "version": protocol.version}
        neware = None
        if part.instrument == "tester":
            neware = step_file(
                part.protocol,
                cell,
                range_ma=max([tester.current_range_ma, *ranges_ma]),
                range_v=tester.voltage_range_v,
                written_at=at,
            ).content.decode()
        eclab = settings_text(part.protocol, cell).decode("cp1252")
        steps = part.protocol.model_dump(mode="json")["steps"]
        files = {"neware_xml": neware, "eclab_mps": eclab}
        lacks = list(left_out(part.protocol.limits))
        found.append({**common, "steps": steps, **files, "eclab_lacks_limits": lacks})
    return found
