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
from shared.events import Material
from shared.settings import StationSettings
from shared.stations import (
    JobAnswer,
    JobAtStation,
    JobContent,
    ParameterValue,
    Sample,
    StationJobState,
)
from shared.units import UNITS, display_unit, unit_suffix

log = structlog.get_logger()
BASE = "http://opcfoundation.org/UA/"
MACHINERY, JOBS = f"{BASE}Machinery/", f"{BASE}Machinery/Jobs/"
JOB_CONTROL = f"{BASE}ISA95-JOBCONTROL_V2/"
TIMEOUT_S = 10.0
WATCH_S = 2.0
NO_ERROR, UNKNOWN_JOB = 1, 2
STATES: dict[int, StationJobState] = dict(enumerate(get_args(StationJobState), start=1))
USES = {"consumed": "Consumed", "processed": "Processed", "produced": "Produced"}
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

    async def answer(self, job_order_id: str) -> JobAnswer:
        """Return the job response of an ended or aborted job order."""
        nodes = self._here()
        async with self._asking("RequestJobResponseByJobOrderID"):
            method = f"{nodes.methods}:RequestJobResponseByJobOrderID"
            reply = await nodes.results.call_method(method, job_order_id)
        response, status = reply[0], int(reply[1])
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
        client = Client(self.settings.endpoint, timeout=TIMEOUT_S)
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
            RequestedPublishingInterval=200,
            RequestedLifetimeCount=600,
            RequestedMaxKeepAliveCount=25,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        names = {node.nodeid: signal for signal, node in nodes.values.items()}
        subscription = await client.create_subscription(parameters, _Watcher(self, names))
        if names:
            await subscription.subscribe_data_change(list(nodes.values.values()), queuesize=20)
        if nodes.control is not nodes.state:
            await subscription.subscribe_data_change(nodes.order_list)

    def take(self, signal: str | None, data: ua.DataValue) -> None:
        """Take one notification: a process value, or a change of the job list (signal None)."""
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
            parameters = {item.ID: _value(item) for item in order.JobOrderParameters or []}
            units = {
                item.ID: item.EngineeringUnits.DisplayName.Text or ""
                for item in order.JobOrderParameters or []
                if item.EngineeringUnits is not None
            }
            return JobAtStation(
                content=JobContent(
                    job_order_id=order.JobOrderID,
                    parameters=parameters,
                    materials=tuple(_material(item) for item in order.MaterialRequirements or []),
                ),
                units=units,
                state=STATES[int(entry.State[0].StateNumber)],
            )
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            raise StationFaultError(
                f"{self.equipment_id}: JobOrderList entry of the wrong shape: {error!r}"
            ) from error

    def _job_answer(self, response: Any) -> JobAnswer:
        try:
            state = STATES[int(response.JobState[0].StateNumber)]
            if state not in ("ended", "aborted"):
                raise ValueError(f"job state is {state}")
            return JobAnswer(
                job_order_id=response.JobOrderID,
                state=state,
                started_at=response.StartTime.replace(tzinfo=UTC),
                ended_at=response.EndTime.replace(tzinfo=UTC),
                data={item.ID: _value(item) for item in response.JobResponseData or []},
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


def _unit_of(name: str) -> Any:
    suffix = unit_suffix(name)
    if suffix is None:
        return None
    text = ua.LocalizedText(display_unit(name))
    return ua.EUInformation(
        NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
        UnitId=_unit_id(UNITS[suffix][1]),
        DisplayName=text,
        Description=text,
    )


def _unit_id(common_code: str) -> int:
    """Return the UnitId of a UNECE common code: its characters as bytes (OPC 10000-8, 5.6.3)."""
    return int.from_bytes(common_code.encode(), "big") if common_code else -1


def _variant(value: ParameterValue) -> ua.Variant:
    first = value[0] if isinstance(value, tuple) and value else value
    kind = ua.VariantType.String if isinstance(first, str) else ua.VariantType.Double
    return ua.Variant(list(value) if isinstance(value, tuple) else value, kind)


def job_order_structure(content: JobContent) -> Any:
    """Return a job order as the structure of OPC 10031-4; its type definition must be loaded."""
    parameters = [
        ua.ISA95ParameterDataType(  # type: ignore[attr-defined]
            ID=name, Value=_variant(value), EngineeringUnits=_unit_of(name)
        )
        for name, value in content.parameters.items()
    ]
    materials = [
        ua.ISA95MaterialDataType(  # type: ignore[attr-defined]
            MaterialDefinitionID=item.material_definition_id,
            MaterialLotID=item.lot_id,
            MaterialUse=USES[item.use],
            Quantity=f"{item.quantity:.9g}",
            EngineeringUnits=_unit_of(f"quantity_{item.unit}"),
        )
        for item in content.materials
    ]
    return ua.ISA95JobOrderDataType(  # type: ignore[attr-defined]
        JobOrderID=content.job_order_id,
        JobOrderParameters=parameters,
        MaterialRequirements=materials,
    )


def _value(item: Any) -> ParameterValue:
    value = item.Value.Value if isinstance(item.Value, ua.Variant) else item.Value
    if isinstance(value, list):
        if all(isinstance(part, str) for part in value):
            return tuple(value)
        return tuple(_number(item.ID, part) for part in value)
    return value if isinstance(value, str) else _number(item.ID, value)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, expected a number or text")
    return float(value)


def _material(item: Any) -> Material:
    uses = {wire: use for use, wire in USES.items()}
    unit = item.EngineeringUnits.DisplayName.Text if item.EngineeringUnits is not None else ""
    return Material(
        lot_id=item.MaterialLotID,
        material_definition_id=item.MaterialDefinitionID or "",
        quantity=float(item.Quantity or 0),
        unit=unit or "",
        use=uses[item.MaterialUse],
    )
