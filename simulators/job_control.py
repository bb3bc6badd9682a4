"""The methods of OPC 10031-4 over a station: arguments are checked here, the station decides."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from asyncua import ua

from simulators import job_structures as structures
from simulators.tracing import Method

# Return status of OPC 10031-4.
DONE, UNKNOWN_JOB, INVALID_STATE, UNABLE = 1, 1 << 1, 1 << 3, 1 << 4
INVALID_REQUEST = 1 << 32
PAUSING = ("Pause", "Resume")


class JobKeeper(Protocol):
    """What a station can be asked to do with job orders; each returns a status."""

    async def store(self, order: Any) -> int:
        """Take an order."""

    async def allow(self, job_order_id: str) -> int:
        """Let it start."""

    async def update(self, order: Any) -> int:
        """Put other content in place of what was stored."""

    async def revoke(self, job_order_id: str) -> int:
        """No longer let it start."""

    async def pause(self, job_order_id: str) -> int:
        """Let it stand."""

    async def resume(self, job_order_id: str) -> int:
        """Let it go on."""

    async def end(self, job_order_id: str) -> int:
        """End it now."""

    async def abort(self, job_order_id: str) -> int:
        """Give it up."""

    async def cancel(self, job_order_id: str) -> int:
        """Remove it before it starts."""

    async def clear(self, job_order_id: str) -> int:
        """Remove it after its end."""

    def answer(self, job_order_id: str) -> tuple[Any, int]:
        """Return its response and a status."""

    def fault(self, name: str) -> float | None:
        """Return the magnitude of a fault that acts now."""


def methods_of(keeper: JobKeeper, *, pauses: bool = True) -> dict[str, Method]:
    """Return the methods that a station offers by their names, bound to it.

    pauses: whether its jobs can be paused.
    """
    actions: dict[str, Callable[[str], Awaitable[int]]] = {
        "Start": keeper.allow,
        "RevokeStart": keeper.revoke,
        "Pause": keeper.pause,
        "Resume": keeper.resume,
        "Stop": keeper.end,
        "Abort": keeper.abort,
        "Cancel": keeper.cancel,
        "Clear": keeper.clear,
    }
    calls = _Calls(keeper)
    methods: dict[str, Method] = {
        name: calls.by_id(action)
        for name, action in actions.items()
        if pauses or name not in PAUSING
    }
    return methods | {
        "Store": calls.store,
        "Update": calls.update,
        "StoreAndStart": calls.store_and_start,
        "RequestJobResponseByJobOrderID": calls.request_response,
        "RequestJobResponseByJobOrderState": calls.request_by_state,
    }


class _Calls:
    """The call-backs asyncua runs; none waits for the machine, and none raises."""

    def __init__(self, keeper: JobKeeper) -> None:
        self._keeper = keeper

    def by_id(self, action: Callable[[str], Awaitable[int]]) -> Method:
        async def method(_parent: ua.NodeId, *arguments: ua.Variant) -> list[ua.Variant]:
            await self._answer_late()
            if len(arguments) != 2 or not _is_text(arguments[0]) or not _is_comment(arguments[1]):
                return _status(INVALID_REQUEST)
            return _status(await action(arguments[0].Value))

        return method

    async def store(self, _parent: ua.NodeId, *arguments: ua.Variant) -> list[ua.Variant]:
        await self._answer_late()
        return _status(await self._take(arguments, self._keeper.store))

    async def update(self, _parent: ua.NodeId, *arguments: ua.Variant) -> list[ua.Variant]:
        await self._answer_late()
        return _status(await self._take(arguments, self._keeper.update))

    async def store_and_start(self, _parent: ua.NodeId, *arguments: ua.Variant) -> list[ua.Variant]:
        await self._answer_late()
        status = await self._take(arguments, self._keeper.store)
        if status != DONE:
            return _status(status)
        return _status(await self._keeper.allow(arguments[0].Value.JobOrderID))

    async def _take(
        self, arguments: tuple[ua.Variant, ...], keep: Callable[[Any], Awaitable[int]]
    ) -> int:
        if len(arguments) != 2 or not structures.is_order(arguments[0].Value):
            return INVALID_REQUEST
        if not _is_comment(arguments[1]):
            return INVALID_REQUEST
        return await keep(arguments[0].Value)

    async def request_response(
        self, _parent: ua.NodeId, *arguments: ua.Variant
    ) -> list[ua.Variant]:
        await self._answer_late()
        if len(arguments) != 1 or not _is_text(arguments[0]):
            return [_structure(structures.no_response()), *_status(INVALID_REQUEST)]
        response, status = self._keeper.answer(arguments[0].Value)
        return [_structure(response), *_status(status)]

    async def request_by_state(
        self, _parent: ua.NodeId, *_arguments: ua.Variant
    ) -> list[ua.Variant]:
        nothing = ua.Variant([], ua.VariantType.ExtensionObject, is_array=True)
        return [nothing, *_status(UNABLE)]

    async def _answer_late(self) -> None:
        if (delay_s := self._keeper.fault("late_answers")) is not None:
            await asyncio.sleep(delay_s)


def _status(status: int) -> list[ua.Variant]:
    return [ua.Variant(status, ua.VariantType.UInt64)]


def _structure(value: Any) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.ExtensionObject)


def _is_text(argument: ua.Variant) -> bool:
    return argument.VariantType == ua.VariantType.String and isinstance(argument.Value, str)


def _is_comment(argument: ua.Variant) -> bool:
    return argument.VariantType in (ua.VariantType.LocalizedText, ua.VariantType.Null)
