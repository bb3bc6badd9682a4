"""Delivers confirmations to the ERP system: in order, each until it is taken, none lost."""

import asyncio
from typing import Any

import httpx
import structlog

from services.trace import confirmations
from services.trace.export import canonical
from shared.app import Service
from shared.errors import ServiceUnreachableError
from shared.identity import believing
from shared.settings import ErpSettings
from shared.tracing import carry_on

log = structlog.get_logger()
AT_ONCE = 100
TIMEOUT_S = 30.0
LONGEST_WAIT_S = 60.0


class ErpDelivery:
    """One address and its place in the feed; every_s: wall seconds between looks for new ones.

    It is no part of the plant: over TLS it is known by an authority of the site's that the plant
    file gives, or the public ones, not by the plant's.

    A confirmation that the address refuses stops all behind it, since they stand on it; it is
    sent again for ever, at most a minute apart, and GET /confirmations/delivery says why.
    """

    def __init__(self, service: Service, erp: ErpSettings, every_s: float) -> None:
        self._service, self._url, self._every_s = service, erp.url, every_s
        self._http = httpx.AsyncClient(
            verify=believing(erp.authority),
            trust_env=False,
            event_hooks={"request": [carry_on]},
        )
        service.on_stop(self._http.aclose)

    async def run(self) -> None:
        """Deliver for ever; raises RetryLaterError while the database is away."""
        wait_s, is_failing = self._every_s, False
        while True:
            try:
                while await self.deliver():
                    pass
            except ServiceUnreachableError as error:
                await self._keep_failure(str(error))
                if not is_failing:
                    log.error("confirmations are not taken", url=self._url, reason=str(error))
                is_failing, wait_s = True, min(wait_s * 2, LONGEST_WAIT_S)
            else:
                if is_failing:
                    log.info("confirmations are taken again", url=self._url)
                is_failing, wait_s = False, self._every_s
            await asyncio.sleep(wait_s)

    async def deliver(self) -> bool:
        """Deliver the next confirmations; say whether there may be more.

        Raises:
            ServiceUnreachableError: one was not taken; those before it were.
        """
        database = self._service.database
        async with database.quiet() as tx:
            place = await confirmations.place_of(tx, self._url)
            settled = await confirmations.settled(tx)
            found = await confirmations.confirmations(tx, place, AT_ONCE)
        for one in found:
            await self._send(one)
            async with database.quiet() as tx:
                await confirmations.taken(tx, self._url, one["number"], 1)
        if not found and settled > place:
            async with database.quiet() as tx:
                await confirmations.taken(tx, self._url, settled, 0)
        return bool(found)

    async def _send(self, one: dict[str, Any]) -> None:
        headers = {"content-type": "application/json", "idempotency-key": one["confirmation_id"]}
        try:
            answer = await self._http.post(
                self._url, content=canonical(one), headers=headers, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise ServiceUnreachableError(f"{self._url}: {error!r}") from error
        if not answer.is_success:
            raise ServiceUnreachableError(
                f"{self._url} answers {answer.status_code} to confirmation {one['number']} "
                f"({one['kind']}): {answer.text[:300]}"
            )

    async def _keep_failure(self, failure: str) -> None:
        async with self._service.database.quiet() as tx:
            await confirmations.refused(tx, self._url, failure, self._service.clock.now())
