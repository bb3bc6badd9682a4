"""The OPC UA door: job control of OPC 10031-4 and live values of one station."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import structlog
from asyncua import Client, Node, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaError

from shared.db import Signal
from shared.errors import MesError, StationFaultError, StationUnreachableError
from shared.opcua_data import job_order_structure, material, value_of
from shared.settings import StationSettings
from shared.stations import (
    JobAnswer,
    JobAtStation,
    JobContent,
    Sample,
    StationJobState,
)

log = structlog.get_logger()
BASE = "http://opcfoundation.org/UA/"
MACHINERY, JOBS = f"{BASE}Machinery/", f"{BASE}Machinery/Jobs/"
JOB_CONTROL = f"{BASE}ISA95-JOBCONTROL_V2/"
TIMEOUT_S = 10.0
WATCH_S = 2.0
NO_ERROR, UNKNOWN_JOB, INVALID_STATE = 1, 1 << 1, 1 << 3
STATES: dict[int, StationJobState] = dict(enumerate(get_args(StationJobState), start=1))
LOST = (OSError, TimeoutError, UaError, asyncio.IncompleteReadError)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Certificate, key and user with which a service enters a station."""

    application_uri: str
    certificate: Path
    private_key: Path
    server_certificate: Path
    user: str
    password_file: Path


@dataclass(frozen=True)
class _Nodes:
    control: Node
    order_list: Node
    results: Node
    state: Node
    values: dict[str, Node]
    methods: int  # namespace index of the job control


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
        self.on_samples: list[Callable[[list[Sample]], None]] = []
        self._access = access
        self._client: Client | None = None
        self._nodes: _Nodes | None = None

    @property
    def connected(self) -> bool:
        """Say whether the station answered at the last look."""
        return self._nodes is not None

    async def run(self) -> None:
        """Stay connected until the connection is lost; to be supervised.

        Raises:
            StationUnreachableError: could not connect, or the connection was lost.
        """
        try:
            async with self._connection() as client:
                self._nodes = await self._resolve(client)
                self.connected_at = datetime.now(UTC)
                log.info("station connected", equipment_id=self.equipment_id)
                await self._subscribe(client, self._nodes)
                self.changed.set()
                while True:
                    async with asyncio.timeout(TIMEOUT_S):
                        await self._nodes.state.read_value()
                    await asyncio.sleep(WATCH_S)
        except LOST as error:
            raise StationUnreachableError(f"{self.equipment_id}: {error!r}") from error
        finally:
            self._went_away()

    async def jobs(self) -> dict[str, JobAtStation]:
        """Return every job order the station holds, by id."""
        nodes = self._here()
        async with self._asking("read JobOrderList"):
            entries = await nodes.order_list.read_value()
        held = [self._job_at_station(entry) for entry in entries or []]
        return {job.content.job_order_id: job for job in held}

    async def store(self, content: JobContent) -> None:
        """Give the station a job order; it does not start. The same content may be sent twice."""
        await self._command("Store", content.job_order_id, job_order_structure(content))

    async def start(self, job_order_id: str) -> None:
        """Allow a stored job order to start."""
        await self._command("Start", job_order_id, job_order_id)

    async def abort(self, job_order_id: str) -> None:
        """Stop a job order for good."""
        await self._command("Abort", job_order_id, job_order_id)

    async def cancel(self, job_order_id: str) -> None:
        """Remove a job order that has not started."""
        await self._command("Cancel", job_order_id, job_order_id)

    async def clear(self, job_order_id: str) -> None:
        """Remove a finished job order; unknown is fine, it was cleared before."""
        await self._command("Clear", job_order_id, job_order_id, accept=NO_ERROR | UNKNOWN_JOB)

    async def answer(self, job_order_id: str) -> JobAnswer | None:
        """Return the job response of an ended or aborted job order, None while it has not ended.

        Raises:
            StationFaultError: also when the station does not know the job order.
        """
        nodes = self._here()
        async with self._asking("RequestJobResponseByJobOrderID"):
            method = f"{nodes.methods}:RequestJobResponseByJobOrderID"
            reply = await nodes.results.call_method(method, job_order_id)
            response, status = reply[0], int(reply[1])
            if status & INVALID_STATE:
                return None
            if not status & NO_ERROR or response is None:
                raise StationFaultError(
                    f"{self.equipment_id}: no response for {job_order_id} (return status {status})"
                )
            return self._job_answer(response)

    async def _command(
        self, method: str, job_order_id: str, argument: Any, accept: int = 1
    ) -> None:
        nodes = self._here()
        comment = ua.Variant([], ua.VariantType.LocalizedText, is_array=True)
        async with self._asking(f"{method} {job_order_id}"):
            status = await nodes.control.call_method(f"{nodes.methods}:{method}", argument, comment)
        if not int(status) & accept:
            raise StationFaultError(
                f"{self.equipment_id}: {method} {job_order_id} refused, return status {status}"
            )

    def _here(self) -> _Nodes:
        if self._nodes is None:
            raise StationUnreachableError(f"{self.equipment_id}: not connected")
        return self._nodes

    @contextlib.asynccontextmanager
    async def _asking(self, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield
        except (OSError, TimeoutError) as error:
            raise StationUnreachableError(
                f"{self.equipment_id}: {what}: no answer in {TIMEOUT_S} s"
            ) from error
        except UaError as error:
            if _connection_is_gone(error):
                raise StationUnreachableError(f"{self.equipment_id}: {what}: {error}") from error
            raise StationFaultError(f"{self.equipment_id}: {what}: {error!r}") from error
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            raise StationFaultError(
                f"{self.equipment_id}: {what}: answer of the wrong shape: {error!r}"
            ) from error

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Client]:
        access = self._access
        # The library's own watchdog of 1 s drops stations whenever this machine is busy.
        client = Client(self.settings.endpoint, timeout=TIMEOUT_S, watchdog_intervall=TIMEOUT_S / 2)
        client.application_uri = access.application_uri
        client.session_timeout = 120_000
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(access.certificate),
            private_key=str(access.private_key),
            server_certificate=str(access.server_certificate),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        client.set_user(access.user)
        client.set_password(access.password_file.read_text().strip())
        async with asyncio.timeout(2 * TIMEOUT_S):
            await client.connect()
        self._client = client
        try:
            await client.load_data_type_definitions()
            yield client
        finally:
            self._client = None
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(2):
                    await client.disconnect()

    async def _resolve(self, client: Client) -> _Nodes:
        uris = await client.get_namespace_array()
        own = uris.index(f"urn:halite:station:{self.settings.name}")
        machinery = uris.index(MACHINERY)
        root = await client.nodes.objects.get_child(
            [f"{machinery}:Machines", f"{own}:{self.settings.name}"]
        )
        blocks = [f"{own}:MachineryBuildingBlocks", f"{own}:MachineryItemState"]
        state = await root.get_child([*blocks, f"{own}:CurrentState"])
        values = {}
        for node in await (await root.get_child(f"{own}:ProcessValues")).get_children():
            values[str((await node.read_browse_name()).Name)] = node
        if self.settings.kind == "dryroom":
            return _Nodes(state, state, state, state, values, 0)
        jobs, methods = uris.index(JOBS), uris.index(JOB_CONTROL)
        management = await root.get_child(f"{jobs}:JobManagement")
        control = await management.get_child(f"{jobs}:JobOrderControl")
        return _Nodes(
            control=control,
            order_list=await control.get_child(f"{methods}:JobOrderList"),
            results=await management.get_child(f"{jobs}:JobOrderResults"),
            state=state,
            values=values,
            methods=methods,
        )

    async def _subscribe(self, client: Client, nodes: _Nodes) -> None:
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=500,
            RequestedLifetimeCount=240,
            RequestedMaxKeepAliveCount=10,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        names = {node.nodeid: signal for signal, node in nodes.values.items()}
        subscription = await client.create_subscription(parameters, _Watcher(self, names))
        if names:
            await subscription.subscribe_data_change(list(nodes.values.values()), queuesize=20)
        await subscription.subscribe_data_change(nodes.state)

    def take(self, signal: str | None, data: ua.DataValue) -> None:
        """Take one notification: a process value, or, with signal None, a new machine state."""
        if signal is None:
            self.changed.set()
            return
        value = data.Value.Value if data.Value is not None else None
        status = data.StatusCode.name if data.StatusCode is not None else "Good"
        good = status == "Good" and isinstance(value, float)
        at = data.SourceTimestamp or datetime.now(UTC)
        sample = Sample(
            signal=signal,
            value=value if good else None,
            status=status if good or status != "Good" else "BadTypeMismatch",
            source_at=at.replace(tzinfo=UTC),
        )
        self.samples[signal] = sample
        for call in self.on_samples:
            call([sample])

    def _went_away(self) -> None:
        if self._nodes is not None:
            log.warning("station lost", equipment_id=self.equipment_id)
        self._nodes = None
        self.connected_at = None
        self.samples.clear()
        self.changed.set()

    def _job_at_station(self, entry: Any) -> JobAtStation:
        try:
            order = entry.JobOrder
            parameters = {item.ID: value_of(item) for item in order.JobOrderParameters or []}
            units = {
                item.ID: item.EngineeringUnits.DisplayName.Text or ""
                for item in order.JobOrderParameters or []
                if item.EngineeringUnits is not None
            }
            return JobAtStation(
                content=JobContent(
                    job_order_id=order.JobOrderID,
                    parameters=parameters,
                    materials=tuple(material(item) for item in order.MaterialRequirements or []),
                ),
                units=units,
                state=STATES[int(entry.State[0].StateNumber)],
            )
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            raise StationFaultError(
                f"{self.equipment_id}: JobOrderList entry of the wrong shape: {error!r}"
            ) from error

    def _job_answer(self, response: Any) -> JobAnswer | None:
        try:
            state = STATES[int(response.JobState[0].StateNumber)]
            if state not in ("ended", "aborted"):
                return None
            return JobAnswer(
                job_order_id=response.JobOrderID,
                state=state,
                started_at=response.StartTime.replace(tzinfo=UTC),
                ended_at=response.EndTime.replace(tzinfo=UTC),
                data={item.ID: value_of(item) for item in response.JobResponseData or []},
            )
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            raise StationFaultError(
                f"{self.equipment_id}: job response of the wrong shape: {error!r}"
            ) from error


class _Watcher:
    def __init__(self, station: StationClient, names: dict[ua.NodeId, str]) -> None:
        self._station, self._names = station, names

    def datachange_notification(self, node: Node, _value: Any, data: Any) -> None:
        self._station.take(self._names.get(node.nodeid), data.monitored_item.Value)


def _connection_is_gone(error: MesError | UaError) -> bool:
    code = getattr(error, "code", None)
    gone = (
        ua.StatusCodes.BadConnectionClosed,
        ua.StatusCodes.BadSessionClosed,
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadTimeout,
        ua.StatusCodes.BadShutdown,
    )
    return code in gone
