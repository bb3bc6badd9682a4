"""What the spray service does with glue mixes: weigh, verify, check, end their life, dispose."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.spray import mix as mixes
from services.spray import mixstore
from services.spray.mix import Mix, MixFormula, Weighing
from shared import joborders
from shared.app import Service
from shared.errors import BlockedError, ConflictError, InvalidInputError
from shared.events import (
    GenealogyRecorded,
    JobOrderReleased,
    LotHeld,
    MaterialLotRegistered,
)
from shared.facts import Material
from shared.instants import Instant
from shared.transaction import Transaction

LOOK_S = 1.0  # longest wall wait between looks at the lives of mixes
GATE = "pot_life"
RECEIVED = "received"  # in the place of who weighed
UL_PER = {"ul": 1.0, "ml": 1000.0, "l": 1e6}


class WeighOut(BaseModel):
    """A weigh-out as entered; the clock runs from `mixed_at`, by default from now."""

    model_config = ConfigDict(extra="forbid")

    lot_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    formula_id: str
    weighings: tuple[Weighing, ...] = Field(min_length=1, max_length=100)
    person: str = Field(min_length=1, max_length=200)
    mixed_at: Instant | None = None


class Second(BaseModel):
    """A second person, who signed in for this command at the gateway beside the first."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=200)


class MixCheck(BaseModel):
    """A second person's verification, with what was measured; each value may come later.

    second: who verifies, where another one is signed in at the panel.
    """

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=200)
    second: Second | None = None
    viscosity_mpas: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    conductivity_s_per_cm: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @property
    def values(self) -> dict[str, float]:
        """What was measured."""
        return self.model_dump(exclude={"person", "second"}, exclude_none=True)

    @property
    def verifier(self) -> str:
        """Who verifies."""
        return self.person if self.second is None else self.second.person


class Disposal(BaseModel):
    """Who disposes of a mix, and why."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)


class Receipt(BaseModel):
    """When a bought lot came into the plant, and how much of it, as a person enters it."""

    model_config = ConfigDict(extra="forbid")

    material_definition_id: str = Field(min_length=1, max_length=200)
    quantity_ul: float = Field(gt=0, allow_inf_nan=False)
    received_at: Instant
    person: str = Field(min_length=1, max_length=200)


class Mixing:
    """Keeps glue mixes and ends their life at its instant."""

    def __init__(self, service: Service) -> None:
        self._service, self._clock, self._outbox = service, service.clock, service.outbox

    async def weigh(self, tx: Transaction, given: WeighOut) -> dict[str, Any]:
        """Keep a weigh-out within tolerance, and say what was consumed for it.

        Raises:
            NotFoundError: no such formula.
            InvalidInputError: foreign, missing or double material, or mixed in the future.
            OutOfLimitsError: a mass outside its tolerance.
            BlockedError: a lot is on hold.
            ConflictError: the lot id is in use.
        """
        held = await joborders.holds_of(tx, [item.lot_id for item in given.weighings])
        if held:
            raise BlockedError(f"{'; '.join(held)}; release it or weigh another lot")
        formula = await mixstore.formula(tx, given.formula_id)
        made_ul, now = mixes.made_ul(formula, given.weighings), self._clock.now()
        mixed_at = given.mixed_at or now
        if mixed_at > now:
            raise InvalidInputError(
                f"mixed_at {mixed_at.isoformat()} is after now, {now.isoformat()}; enter when the "
                "solvent met the salt"
            )
        mix = Mix(
            lot_id=given.lot_id,
            state="weighed",
            reason=None,
            weighed_by=given.person,
            verified_by=None,
            checks={},
            left_ul=made_ul,
            expires_at=mixed_at + timedelta(seconds=formula.pot_life_s),
        )
        await mixstore.add_mix(tx, mix, formula, given.weighings, mixed_at)
        await self._outbox.record(tx, self._genealogy(formula, given, made_ul, mixed_at))
        return self._answer(mix)

    async def check(self, tx: Transaction, lot_id: str, given: MixCheck) -> dict[str, Any]:
        """Verify a mix by a second person; once all checks are within, it may be used.

        Raises:
            NotFoundError: no such mix.
            NotAllowedError: who weighed cannot verify.
            BlockedError: its life is over.
        """
        mix, formula = await mixstore.locked_mix(tx, lot_id)
        mixes.check_alive(mix, self._clock.now())
        mixes.check_verifier(mix, given.verifier)
        known = {**mix.checks, **given.values}
        state, reason = mixes.judged(formula, mix, known, given.verifier)
        await mixstore.set_mix(
            tx, lot_id, state, reason, verified_by=given.verifier, checks=given.values
        )
        if state == "usable" and mix.state == "weighed":
            registered = MaterialLotRegistered(
                lot_id=lot_id,
                material_definition_id=formula.material_definition_id,
                quantity=mix.left_ul,
                unit="ul",
                work_request_id=None,
                origin="produced",
            )
            await self._outbox.record(tx, registered)
        if state == "blocked" and mix.state != "blocked":
            await self._hold(tx, lot_id, "glue_check", reason or state)
        return {"lot_id": lot_id, "state": state, "reason": reason}

    async def dispose(self, tx: Transaction, lot_id: str, given: Disposal) -> dict[str, Any]:
        """Take what is left of a mix out of use.

        Raises:
            NotFoundError: no such mix.
            IllegalTransitionError: it was disposed of before.
        """
        mix, _ = await mixstore.locked_mix(tx, lot_id)
        state = mixes.moved(mix, "disposed")
        now = self._clock.now()
        disposed_ul = await mixstore.dispose(tx, lot_id, given.person, given.reason, now)
        reason = f"{disposed_ul:.4g} µL disposed of: {given.reason} ({given.person})"
        await self._hold(tx, lot_id, "disposed", reason)
        return {"lot_id": lot_id, "state": state, "disposed_ul": disposed_ul}

    async def check_glue(
        self, tx: Transaction, job_order: JobOrderReleased, now: datetime, end: datetime
    ) -> None:
        """Refuse a job order with glue that may not be sprayed until its end.

        Raises:
            BlockedError: names the lot, the rule and the remedy.
        """
        consumed = [item for item in job_order.materials if item.use == "consumed"]
        known = await mixstore.mixes(tx, [item.lot_id for item in consumed])
        formulas = await mixstore.formula_of(tx, [item.material_definition_id for item in consumed])
        for item in consumed:
            mix, formula = known.get(item.lot_id), formulas.get(item.material_definition_id)
            if mix is not None:
                mixes.check_usable(mix, item.quantity, now, end)
            elif formula is None:
                raise BlockedError(
                    f"glue {item.material_definition_id} has no mix formula, so its pot life is "
                    "unknown; enter one in spray's master data"
                )
            else:
                received = await self._received(tx, item.lot_id, formula)
                mixes.check_usable(received, item.quantity, now, end)

    async def take_received(
        self, tx: Transaction, event: MaterialLotRegistered, received_at: datetime
    ) -> None:
        """Keep when a bought lot came; glue whose formula allows it begins its life there."""
        if event.origin != "received":
            return
        await mixstore.keep_received(tx, event, received_at)
        formulas = await mixstore.formula_of(tx, [event.material_definition_id])
        formula = formulas.get(event.material_definition_id)
        if formula is not None and formula.received_allowed:
            await self._received(tx, event.lot_id, formula)

    async def enter_receipt(self, tx: Transaction, lot_id: str, given: Receipt) -> dict[str, Any]:
        """Keep when a bought lot came that was received before this service heard of lots.

        Raises:
            InvalidInputError: it came in the future, or is a mix of this plant.
            ConflictError: its receipt is known.
        """
        if given.received_at > self._clock.now():
            raise InvalidInputError(f"received_at {given.received_at.isoformat()} is after now")
        if await mixstore.mixes(tx, [lot_id]):
            raise InvalidInputError(f"glue lot {lot_id} is known here, its clock runs already")
        if await mixstore.received(tx, lot_id) is not None:
            raise ConflictError(f"the receipt of {lot_id} is known", {"lot_id": lot_id})
        event = MaterialLotRegistered(
            lot_id=lot_id,
            material_definition_id=given.material_definition_id,
            quantity=given.quantity_ul,
            unit="ul",
            work_request_id=None,
            origin="received",
        )
        await self.take_received(tx, event, given.received_at)
        return {"lot_id": lot_id, "received_at": given.received_at.isoformat()}

    async def _received(self, tx: Transaction, lot_id: str, formula: MixFormula) -> Mix:
        """Return a bought lot as a mix whose clock runs from its receipt.

        Raises:
            BlockedError: its formula allows none, or when it was received is not known.
        """
        if not formula.received_allowed:
            raise BlockedError(
                f"glue lot {lot_id} was not mixed here, and formula {formula.formula_id} "
                "allows none that was received; mix one"
            )
        received = await mixstore.received(tx, lot_id)
        if received is None:
            raise BlockedError(
                f"glue lot {lot_id} was not mixed here, and when it was received is unknown; "
                f"mix one or enter it: POST /glue-lots/{lot_id}/receipt"
            )
        if received["unit"] not in UL_PER:
            raise BlockedError(
                f"glue lot {lot_id} was received in {received['unit']!r}, its volume is unknown; "
                f"receive it in {', '.join(UL_PER)}"
            )
        life_s = formula.received_life_s or formula.pot_life_s
        mix = Mix(
            lot_id=lot_id,
            state="usable",
            reason=None,
            weighed_by=RECEIVED,
            verified_by=None,
            checks={},
            left_ul=received["quantity"] * UL_PER[received["unit"]],
            expires_at=received["received_at"] + timedelta(seconds=life_s),
        )
        await mixstore.add_mix(tx, mix, formula, (), received["received_at"])
        return mix

    async def watch(self) -> None:
        """End the lives of mixes for ever, each at its instant; also those that ended meanwhile."""
        while True:
            await self.end_lives()
            async with self._service.database.quiet() as tx:
                end = await mixstore.next_end(tx)
            wait_s = LOOK_S
            if end is not None:
                left_s = (end - self._clock.now()).total_seconds()
                wait_s = min(LOOK_S, max(0.0, self._clock.wall_delay_s(left_s)))
            await asyncio.sleep(wait_s)

    async def end_lives(self) -> int:
        """Mark the mixes whose life is over and hold them; return how many."""
        async with self._service.database.quiet() as tx:
            over = await mixstore.expired(tx, self._clock.now())
            for mix in over:
                reason = (
                    f"pot life ended at {mix.expires_at.isoformat()}; dispose of it and mix anew"
                )
                await mixstore.set_mix(tx, mix.lot_id, mixes.moved(mix, "expired"), reason)
                await self._hold(tx, mix.lot_id, GATE, reason)
        if over:
            self._service.database.committed.set()
        return len(over)

    async def _hold(self, tx: Transaction, lot_id: str, gate: str, reason: str) -> None:
        await joborders.hold_lot(tx, lot_id, gate, reason)
        held = LotHeld(lot_id=lot_id, work_request_id=None, gate=gate, reason=reason)
        await self._outbox.record(tx, held)

    def _genealogy(
        self, formula: MixFormula, given: WeighOut, made_ul: float, mixed_at: datetime
    ) -> GenealogyRecorded:
        consumed = [
            Material(
                lot_id=item.lot_id,
                material_definition_id=item.material_definition_id,
                quantity=item.mass_g,
                unit="g",
                use="consumed",
            )
            for item in given.weighings
        ]
        produced = Material(
            lot_id=given.lot_id,
            material_definition_id=formula.material_definition_id,
            quantity=made_ul,
            unit="ul",
            use="produced",
        )
        return GenealogyRecorded(
            job_order_id=f"{given.lot_id}-mix",
            lot_id=given.lot_id,
            work_request_id="",
            product_id=formula.material_definition_id,
            operation="mix",
            equipment_id=f"{self._service.plant.site}/glue",
            recipe_id=formula.formula_id,
            recipe_version=formula.version,
            materials=(*consumed, produced),
            started_at=mixed_at,
            persons=(given.person,),
            ended_at=mixed_at,
        )

    def _answer(self, mix: Mix) -> dict[str, Any]:
        return {
            "lot_id": mix.lot_id,
            "state": mix.state,
            "made_ul": mix.left_ul,
            "expires_at": mix.expires_at.isoformat(),
        }


def shared_ul(materials: Sequence[Material], used_ul: float | None) -> list[Material]:
    """Return materials with the glue really used, shared as it was ordered among several lots."""
    consumed = [item for item in materials if item.use == "consumed"]
    ordered = sum(item.quantity for item in consumed)
    if used_ul is None or ordered <= 0:
        return list(materials)
    return [
        item.model_copy(update={"quantity": used_ul * item.quantity / ordered})
        if item.use == "consumed"
        else item
        for item in materials
    ]
