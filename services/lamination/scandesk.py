"""Takes the parts of a stack one by one from whoever builds it, and shows what comes next."""

from collections.abc import Sequence
from typing import Any

from services.lamination import domain, partstore, scanning, scanstore, stackplan, store
from services.lamination.partmeasures import stack_figures
from services.lamination.scanning import ScanGiven
from services.lamination.stackplan import StackPlan
from shared.app import Service
from shared.effects import Handler
from shared.envelope import Envelope
from shared.errors import ConflictError, InvalidInputError, PersonNeededError
from shared.events import GenealogyRecorded, JobOrderReleased, LotHeld, TimeLimitChanged
from shared.facts import Material
from shared.transaction import Transaction

STACKED = "stack started"  # the event that ends the windows of coated parts


class ScanDesk:
    """Scans of parts: each is checked against plan, holds and clocks, and kept or refused whole."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def scan(self, tx: Transaction, job_order_id: str, given: ScanGiven) -> dict[str, Any]:
        """Put one part on a stack; return the stack as it lies then.

        Raises:
            NotFoundError: no such job order.
            ConflictError: it is no longer waiting, complete, or the part lies there already.
            PersonNeededError: the part may not lie next; names the rule and the remedy.
        """
        job_order, plan = await self._waiting(tx, job_order_id)
        lying = [row["lot_id"] for row in await scanstore.scans(tx, job_order_id)]
        part = scanning.next_part(plan, domain.parts_of(job_order), lying, given)
        cell = domain.cell_of(job_order)
        about = [cell.lot_id, *lying, part.lot_id]
        now = self._service.clock.now()
        scanning.check_bearing(about, await scanstore.bearing(tx, job_order_id, about), now)
        await scanstore.keep_scan(
            tx, job_order_id, len(lying) + 1, part.lot_id, given.face_up, given.person, now
        )
        return await self._shown(tx, job_order, plan)

    async def take_back(self, tx: Transaction, job_order_id: str) -> dict[str, Any]:
        """Take all parts of a stack off again, to begin anew.

        Raises:
            ConflictError: the stack has started.
        """
        job_order, plan = await self._waiting(tx, job_order_id)
        await scanstore.take_back(tx, job_order_id)
        return await self._shown(tx, job_order, plan)

    async def lying(
        self, tx: Transaction, job_order: JobOrderReleased, plan: StackPlan
    ) -> Sequence[Material] | None:
        """Return the parts as they lie, None while some are still to be scanned.

        Raises:
            BlockedError: one of them may not be stacked any more.
        """
        parts = domain.parts_of(job_order)
        if not plan.needs_scan:
            return parts
        scanned = [row["lot_id"] for row in await scanstore.scans(tx, job_order.job_order_id)]
        if len(scanned) < len(plan.layers):
            return None
        about = [domain.cell_of(job_order).lot_id, *scanned]
        found = await scanstore.bearing(tx, job_order.job_order_id, about)
        scanning.check_bearing(about, found, self._service.clock.now())
        return scanning.in_order(parts, scanned)

    async def shown(self, tx: Transaction) -> list[dict[str, Any]]:
        """Return the stacks that wait for a laminator, most urgent first."""
        found = []
        for job_order, held in await scanstore.waiting(tx):
            try:
                plan = await _plan_of(tx, job_order)
            except PersonNeededError:
                continue  # it is held with that reason as soon as a laminator is free
            found.append(await self._shown(tx, job_order, plan) | {"held": held})
        return found

    async def on_window(self, tx: Transaction, _: Envelope, event: TimeLimitChanged) -> None:
        """A window of a lot that ends with stacking opened or changed."""
        if event.to_event == STACKED:
            await scanstore.keep_window(tx, event)

    async def on_genealogy(self, tx: Transaction, _: Envelope, event: GenealogyRecorded) -> None:
        """Pieces were issued from a stock lot, or pellets sprayed with a mix."""
        await partstore.keep_pieces(tx, event)
        await scanstore.keep_glued(tx, event)

    def on_held(self, inner: Handler) -> Handler:
        """Return the handler of held lots that also keeps when the life of a mix was over."""

        async def held(tx: Transaction, envelope: Envelope, event: LotHeld) -> None:
            await inner(tx, envelope, event)
            if event.gate == scanstore.POT_LIFE:
                await scanstore.keep_mix_end(tx, event.lot_id, envelope.time)

        return held

    async def _waiting(
        self, tx: Transaction, job_order_id: str
    ) -> tuple[JobOrderReleased, StackPlan]:
        job_order, state = await scanstore.lock_waiting(tx, job_order_id)
        if state != "not_allowed_to_start":
            raise ConflictError(f"job order {job_order_id} is {state}; its parts lie already")
        plan = await _plan_of(tx, job_order)
        if not plan.needs_scan:
            raise InvalidInputError(
                f"stack plan {plan.stack_plan_id} version {plan.version} takes its parts by "
                "position; post a version with needs_scan to have each scanned"
            )
        return job_order, plan

    async def _shown(
        self, tx: Transaction, job_order: JobOrderReleased, plan: StackPlan
    ) -> dict[str, Any]:
        scans = {row["position"]: row for row in await scanstore.scans(tx, job_order.job_order_id)}
        parts, cell = domain.parts_of(job_order), domain.cell_of(job_order)
        listed = (
            {}
            if plan.needs_scan
            else {position: part.lot_id for position, part in enumerate(parts, start=1)}
        )
        layers = [
            {
                "position": position,
                "material_definition_id": material,
                "role": plan.roles[material],
                "face_up": plan.face_up.get(material),
                "lot_id": scans[position]["lot_id"] if position in scans else listed.get(position),
                "scanned_at": _when(scans.get(position)),
            }
            for position, material in enumerate(plan.layers, start=1)
        ]
        waits = next((one for one in layers if one["lot_id"] is None), None)
        return {
            "job_order_id": job_order.job_order_id,
            "lot_id": cell.lot_id,
            "product_id": job_order.product_id,
            "stack_plan_id": plan.stack_plan_id,
            "stack_plan_version": plan.version,
            "needs_scan": plan.needs_scan,
            "layers": layers,
            "next": waits,
            "figures": await _figures(tx, plan, parts),
            "windows": [
                {**row, "limit_at": row["limit_at"].isoformat()}
                for row in await scanstore.windows(tx, cell.lot_id)
            ],
        }


async def _plan_of(tx: Transaction, job_order: JobOrderReleased) -> StackPlan:
    return stackplan.choose(
        await store.newest_plans(tx),
        job_order.product_id,
        job_order.operation,
        domain.plan_named(job_order),
    )


async def _figures(
    tx: Transaction, plan: StackPlan, parts: Sequence[Material]
) -> dict[str, Any] | None:
    """Return N/P, mean foil and mean loading of the parts; None with `reason` where they fail."""
    values = await partstore.measured_values(tx, parts)
    by_role: dict[str, list[float]] = {"sodium": [], "cathode": []}
    for part in parts:
        role = plan.roles.get(part.material_definition_id)
        if role in by_role and part.lot_id in values:
            by_role[role].append(values[part.lot_id])
    means = {
        "sodium_thickness_um": _mean(by_role["sodium"]),
        "cathode_loading_mg_per_cm2": _mean(by_role["cathode"]),
        "np_low_ratio": plan.np_low_ratio,
        "np_high_ratio": plan.np_high_ratio,
    }
    try:
        stackplan.check_order(plan, parts)
        found = stack_figures(plan, parts, values)
    except PersonNeededError as error:
        return {**means, "np_ratio": None, "np_min_ratio": None, "reason": str(error)}
    return {
        **means,
        "np_ratio": found.np_ratio,
        "np_min_ratio": found.np_min_ratio,
        "measured_count": found.measured_count,
        "needed_count": found.needed_count,
        "reason": None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _when(row: dict[str, Any] | None) -> str | None:
    return None if row is None else row["scanned_at"].isoformat()
