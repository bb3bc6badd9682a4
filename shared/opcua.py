"""The OPC UA door: job control of OPC 10031-4 and live values of one station."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog
from asyncua import Client, ua
from asyncua.ua.uaerrors import UaError

from shared.db import Signal
from shared.errors import MesError, StationFaultError, StationUnreachableError
from shared.opcua_call import call_method
from shared.opcua_data import WRONG_SHAPE, job_answer, job_at_station, job_order_structure
from shared.opcua_link import LOST, TIMEOUT_S, Access, connection, stranger
from shared.opcua_offer import StationNodes, explore
from shared.opcua_stream import Listener, open_streams, sample_of
from shared.opcua_structures import JobStructures, job_structures
from shared.pulse import Pulse
from shared.settings import StationSettings
from shared.stationoffer import ORDER_LIST, RESPONSE, RESPONSE_LIST, TRACE, StationOffer
from shared.stations import NO_COMMUNICATION, JobAnswer, JobAtStation, JobContent, Sample
from shared.tasks import end_all
from shared.traces import Trace, checked_trace
from shared.tracing import span

__all__ = ["Access", "StationClient"]
log = structlog.get_logger()
AGAIN_S = (0.25, 4.0)  # first and longest wait before connecting again
NO_ERROR, UNKNOWN_JOB, INVALID_STATE = 1, 1 << 1, 1 << 3


class StationClient:
    """One station: connects for ever, calls its job control, keeps its live values.

    Every call may be repeated. All raise StationUnreachableError (retry later) when the station
    does not answer, and StationFaultError (a person must look) when it refuses or answers rubbish.
    """

    def __init__(self, settings: StationSettings, access: Access) -> None:
        self.settings, self.equipment_id = settings, settings.equipment_id
        self.changed = Signal()
        self.samples: dict[str, Sample] = {}
        self.connected_at: datetime | None = None
        self.offer: StationOffer | None = None
        self.trouble: str | None = None
        self.on_samples: list[Callable[[Sequence[Sample]], None]] = []
        self.on_lost: list[Callable[[Sequence[str], str], None]] = []
        self._access = access
        self._structures: JobStructures | None = None
        self._nodes: StationNodes | None = None
        self._pulse = Pulse(settings.equipment_id)
        self._known: StationOffer | None = None
        self._shown: dict[bytes, JobAtStation | None] = {}

    @property
    def connected(self) -> bool:
        """Say whether the station answers; False soon after it fell silent."""
        return self._nodes is not None and not self._pulse.quiet

    async def run(self) -> None:
        """Stay connected for ever: after a loss again, with a growing, jittered delay up to 4 s.

        Raises:
            PersonNeededError: the node sets are missing.
        """
        if self._structures is None and self.settings.takes_jobs:
            self._structures = await asyncio.to_thread(job_structures, self._access.nodesets)
        delay_s = AGAIN_S[0]
        while True:
            try:
                await self._live()
            except (StationUnreachableError, StationFaultError) as error:
                if self._went_away(str(error)):
                    delay_s = AGAIN_S[0]
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
            delay_s = min(AGAIN_S[1], 2 * delay_s)

    async def _live(self) -> None:
        """Connect, attend to the station and watch its pulse until the connection is lost.

        Raises:
            StationUnreachableError: could not connect, or the connection was lost.
            StationFaultError: the server does not have the machine of the plant file.
        """
        try:
            async with self._entered() as client:
                self._pulse = pulse = Pulse(self.equipment_id)
                ask = client.nodes.server_state.read_data_value
                tasks = [
                    asyncio.create_task(pulse.watch(ask, self.changed.set)),
                    asyncio.create_task(self._attend(client)),
                ]
                try:
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                finally:
                    await end_all(tasks)
        except LOST as error:
            raise StationUnreachableError(f"{self.equipment_id}: {error!r}") from error
        finally:
            self._nodes = None

    @contextlib.asynccontextmanager
    async def _entered(self) -> AsyncIterator[Client]:
        """Enter the station; one that shows a certificate nobody accepted is told as such.

        Raises:
            StationUnreachableError: it is not the station that is known.
        """
        entered = False
        try:
            async with connection(self.settings, self._access) as client:
                entered = True
                yield client
        except LOST as error:
            if entered or isinstance(error, ConnectionRefusedError):
                raise
            why = await stranger(self.settings, self._access)
            if why is None:
                raise
            raise StationUnreachableError(f"{self.equipment_id}: {why}") from error

    async def _attend(self, client: Client) -> None:
        """Look what the station offers, watch its values, and end when it stops telling them."""
        dead: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        nodes, offer = await explore(client, self.settings)
        too_many = await self._subscribe(client, nodes, dead)
        if too_many:
            surplus = f"{len(too_many)} values: more than the {self.settings.most_items} it allows"
            offer = replace(offer, missing=(*offer.missing, surplus))
        self._came(nodes, offer)
        raise StationUnreachableError(f"{self.equipment_id}: {await dead}")

    async def jobs(self) -> dict[str, JobAtStation]:
        """Return every job order the station holds, by id."""
        async with self._asking(f"read {ORDER_LIST}") as nodes:
            entries = await nodes.parts[ORDER_LIST].read_value()
            held = [self._shown_job(entry, nodes) for entry in entries or []]
        self._shown = {body: job for body, job in held if body}
        return {job.content.job_order_id: job for _, job in held if job is not None}

    def _shown_job(self, entry: Any, nodes: StationNodes) -> tuple[bytes, JobAtStation | None]:
        """Return an entry of the list with its bytes; what came as before is not read again.

        None for one that does not say which job order it is: the others are read all the same.
        """
        body = bytes(entry.Body or b"") if isinstance(entry, ua.ExtensionObject) else b""
        if body in self._shown:
            return body, self._shown[body]
        try:
            shown = self._unpacked(entry, "ISA95JobOrderAndStateDataType", nodes)
            return body, job_at_station(shown)
        except WRONG_SHAPE as error:
            told = {"equipment_id": self.equipment_id, "reason": repr(error)}
            log.warning("job order at the station cannot be read", **told)
            return body, None

    async def read(self, signals: Sequence[str]) -> dict[str, Sample]:
        """Return what the station shows of some signals now, without those it has not."""
        async with self._asking(f"read {', '.join(signals)}") as nodes:
            here = {signal: nodes.values[signal] for signal in signals if signal in nodes.values}
            return {
                signal: sample_of(signal, await node.read_data_value(raise_on_bad_status=False))
                for signal, node in here.items()
            }

    async def store(self, content: JobContent) -> None:
        """Give the station a job order; it does not start. The same content may be sent twice."""
        await self._command("Store", content.job_order_id, content)

    async def store_and_start(self, content: JobContent) -> None:
        """Give the station a job order that it may start at once; to be sent once only."""
        await self._command("StoreAndStart", content.job_order_id, content)

    async def start(self, job_order_id: str) -> None:
        """Allow a stored job order to start."""
        await self._command("Start", job_order_id, job_order_id)

    async def update(self, content: JobContent) -> None:
        """Put other content in place of a stored job order that has not started."""
        await self._command("Update", content.job_order_id, content)

    async def revoke_start(self, job_order_id: str) -> None:
        """Take back the allowance to start of a job order that has not begun."""
        await self._command("RevokeStart", job_order_id, job_order_id)

    async def pause(self, job_order_id: str) -> None:
        """Let a running job order stand at the station, which keeps it."""
        await self._command("Pause", job_order_id, job_order_id)

    async def resume(self, job_order_id: str) -> None:
        """Let a paused job order go on."""
        await self._command("Resume", job_order_id, job_order_id)

    async def stop(self, job_order_id: str) -> None:
        """End a running or paused job order with what is done so far."""
        await self._command("Stop", job_order_id, job_order_id)

    async def abort(self, job_order_id: str) -> None:
        """Give a job order up for good."""
        await self._command("Abort", job_order_id, job_order_id)

    async def cancel(self, job_order_id: str) -> None:
        """Remove a job order that has not started."""
        await self._command("Cancel", job_order_id, job_order_id)

    async def clear(self, job_order_id: str) -> None:
        """Remove a finished job order; unknown is fine, it was cleared before."""
        await self._command("Clear", job_order_id, job_order_id, accept=NO_ERROR | UNKNOWN_JOB)

    def offers(self, part: str) -> bool:
        """Say whether the station showed a method when it connected."""
        return self.offer is None or part in self.offer.parts

    async def answer(self, job_order_id: str) -> JobAnswer | None:
        """Return the job response of an ended or aborted job order, None while it has not ended.

        Raises:
            StationFaultError: also when the station does not know the job order.
        """
        if not self.offers(RESPONSE):
            return await self._listed_answer(job_order_id)
        async with self._asking(RESPONSE) as nodes:
            method = nodes.parts[RESPONSE]
            reply = await call_method(
                nodes.client, nodes.results.nodeid, method.nodeid, job_order_id
            )
            response, status = reply[0], int(reply[1])
            if status & INVALID_STATE:
                return None
            if status & NO_ERROR and response is not None:
                return job_answer(self._unpacked(response, "ISA95JobResponseDataType", nodes))
        raise StationFaultError(
            f"{self.equipment_id}: no response for {job_order_id} (return status {status})"
        )

    async def trace(self, job_order_id: str, part: int, face: str) -> Trace:
        """Return the trace of one face of a finished job's part, counted from 1.

        Raises:
            StationFaultError: also when the station has none, or no traces at all.
        """
        what = f"{TRACE} {job_order_id} part {part} face {face}"
        async with self._asking(what) as nodes:
            given = (job_order_id, ua.Variant(part, ua.VariantType.UInt32), face)
            method = nodes.parts[TRACE].nodeid
            reply = await call_method(nodes.client, nodes.traces.nodeid, method, *given)
            *said, status = reply
            started_at, interval_s, signals, scale, offset, samples = said
            if int(status) & NO_ERROR:
                return checked_trace(
                    started_at.replace(tzinfo=UTC), interval_s, signals, scale, offset, samples
                )
        raise StationFaultError(f"{self.equipment_id}: {what}: none there, status {int(status)}")

    async def _listed_answer(self, job_order_id: str) -> JobAnswer | None:
        async with self._asking(f"read {RESPONSE_LIST}") as nodes:
            for entry in await nodes.parts[RESPONSE_LIST].read_value() or []:
                response = self._unpacked(entry, "ISA95JobResponseDataType", nodes)
                if response.JobOrderID == job_order_id:
                    return job_answer(response)
        if job_order_id not in await self.jobs():
            raise StationFaultError(f"{self.equipment_id}: {job_order_id} is not known there")
        return None

    async def _command(
        self, method: str, job_order_id: str, argument: JobContent | str, accept: int = NO_ERROR
    ) -> None:
        ids = {"equipment_id": self.equipment_id, "job_order_id": job_order_id}
        with span(f"call {method}", **ids):
            status = await self._status(method, job_order_id, argument)
        if not status & accept:
            raise StationFaultError(
                f"{self.equipment_id}: {method} {job_order_id} refused, return status {status}"
            )

    async def _status(self, method: str, job_order_id: str, argument: JobContent | str) -> int:
        comment = ua.Variant([], ua.VariantType.LocalizedText, is_array=True)
        async with self._asking(f"{method} {job_order_id}") as nodes:
            given = self._packed(argument, nodes) if isinstance(argument, JobContent) else argument
            node_id = nodes.parts[method].nodeid
            [said] = await call_method(nodes.client, nodes.control.nodeid, node_id, given, comment)
            return int(said)

    def _packed(self, content: JobContent, nodes: StationNodes) -> ua.Variant:
        structures = self._here_structures()
        return structures.packed(job_order_structure(content, structures.new), nodes.index)

    def _unpacked(self, value: Any, name: str, nodes: StationNodes) -> Any:
        return self._here_structures().unpacked(value, name, nodes.index)

    def _here_structures(self) -> JobStructures:
        if self._structures is None:
            raise StationUnreachableError(f"{self.equipment_id}: not connected yet")
        return self._structures

    def _here(self) -> StationNodes:
        if self._nodes is None:
            raise StationUnreachableError(f"{self.equipment_id}: not connected")
        return self._nodes

    @contextlib.asynccontextmanager
    async def _asking(self, what: str) -> AsyncIterator[StationNodes]:
        nodes = self._here()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield nodes
        except (OSError, TimeoutError) as error:
            why = f"no answer in {TIMEOUT_S} s" if isinstance(error, TimeoutError) else repr(error)
            raise StationUnreachableError(f"{self.equipment_id}: {what}: {why}") from error
        except UaError as error:
            if _connection_is_gone(error):
                raise StationUnreachableError(f"{self.equipment_id}: {what}: {error}") from error
            raise StationFaultError(f"{self.equipment_id}: {what}: {error!r}") from error
        except WRONG_SHAPE as error:
            raise StationFaultError(
                f"{self.equipment_id}: {what}: answer of the wrong shape: {error!r}"
            ) from error

    async def _subscribe(
        self, client: Client, nodes: StationNodes, dead: "asyncio.Future[str]"
    ) -> list[str]:
        def ended(reason: str) -> None:
            if not dead.done():
                dead.set_result(reason)

        async def lost(error: Exception) -> None:
            ended(f"connection lost: {error!r}")

        # Told before the library ends each subscription with a status that says nothing of why.
        client.connection_lost_callback = lost
        listener = Listener(
            heard=self._pulse.heard,
            samples=self.take,
            lost=self._lost,
            state=self.changed.set,
            ended=ended,
        )
        return await open_streams(client, self.settings, nodes.values, nodes.alive, listener)

    def take(self, samples: Sequence[Sample]) -> None:
        """Take what a station says of its values, in order."""
        self.samples.update((sample.signal, sample) for sample in samples)
        for call in self.on_samples:
            call(samples)

    def _lost(self, signals: Sequence[str], status: str) -> None:
        for call in self.on_lost:
            call(signals, status)

    def _came(self, nodes: StationNodes, offer: StationOffer) -> None:
        before, self.offer = self._known, offer
        self._nodes, self._known, self.trouble = nodes, offer, None
        self.connected_at = datetime.now(UTC)
        self.changed.set()
        log.info("station connected", equipment_id=self.equipment_id)
        told = {"equipment_id": self.equipment_id}
        if offer.unusable is not None and (before is None or before.unusable != offer.unusable):
            log.error("station unusable", **told, reason=offer.unusable)
        if offer.missing and (before is None or before.missing != offer.missing):
            log.warning("station lacks", **told, missing=offer.missing)

    def _went_away(self, trouble: str) -> bool:
        """Tell a loss or why connecting fails, each once; return whether it was connected."""
        was_connected = self.connected_at is not None
        if was_connected:
            log.warning("station lost", equipment_id=self.equipment_id, reason=trouble)
            self._lost(list(self.samples), NO_COMMUNICATION)
        elif self.trouble is None:
            log.warning("no station", equipment_id=self.equipment_id, reason=trouble)
        self.trouble = trouble
        self.connected_at = None
        self.samples.clear()
        self.changed.set()
        return was_connected


def _connection_is_gone(error: MesError | UaError) -> bool:
    code = getattr(error, "code", None)
    gone = (
        ua.StatusCodes.BadConnectionClosed,
        ua.StatusCodes.BadSessionClosed,
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSessionNotActivated,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadSecureChannelIdInvalid,
        ua.StatusCodes.BadCommunicationError,
        ua.StatusCodes.BadTimeout,
        ua.StatusCodes.BadShutdown,
    )
    return code in gone
