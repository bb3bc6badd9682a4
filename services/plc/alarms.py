"""The server's own alarms as conditions of OPC 10000-9: raised, acknowledged, refreshed, ended.

asyncua 2.1 offers events of condition types and ConditionRefresh; Acknowledge is added here.
Enable, Confirm, AddComment and Shelve are not offered and answer BadNothingToDo.
"""

from dataclasses import dataclass, field
from typing import Any

from asyncua import Node, Server, ua
from asyncua.server.event_generator import EventGenerator

SEVERITY = 700
ACKNOWLEDGE = ua.NodeId(ua.Int32(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge))


@dataclass
class _Condition:
    generator: EventGenerator
    event_ids: set[bytes] = field(default_factory=set)
    active: bool = False
    acked: bool = True


class Alarms:
    """One condition for each thing that can be wrong, below `Halite/Alarms`."""

    def __init__(self, server: Server, source: Node) -> None:
        self._server, self._source = server, source
        self._conditions: dict[ua.NodeId, _Condition] = {}

    async def prepare(self) -> None:
        """Let clients subscribe and acknowledge, also before the first alarm."""
        await self._source.set_event_notifier([ua.EventNotifier.SubscribeToEvents])
        method = self._server.get_node(ACKNOWLEDGE)
        self._server.link_method(method, self._acknowledge)

    async def show(self, name: str, message: str | None) -> None:
        """Raise the condition of a name with a message, or end it when there is none."""
        node_id = ua.NodeId(ua.String(f"Halite.Alarms.{name}"), ua.Int16(1))
        if node_id not in self._conditions:
            if message is None:
                return
            self._conditions[node_id] = await self._condition(node_id, name)
        condition = self._conditions[node_id]
        if condition.active == (message is not None):
            return
        condition.active = message is not None
        condition.acked = condition.acked and message is None
        await self._tell(condition, message)

    async def _condition(self, node_id: ua.NodeId, name: str) -> _Condition:
        await self._source.add_object(
            node_id, ua.QualifiedName(name, ua.UInt16(1)), instantiate_optional=False
        )
        generator = await self._server.get_event_generator(
            ua.ObjectIds.AlarmConditionType, self._source.nodeid
        )
        event = generator.event
        event.NodeId = node_id
        event.ConditionName = name
        event.SourceName = name
        event.Severity = SEVERITY
        event.ConditionClassId = ua.NodeId(ua.Int32(ua.ObjectIds.ProcessConditionClassType))
        event.ConditionClassName = ua.LocalizedText("ProcessConditionClassType")
        for state in ("EnabledState", "ActiveState", "AckedState"):
            event.add_property(f"{state}/Id", True, ua.VariantType.Boolean)
        event.EnabledState = ua.LocalizedText("Enabled")
        return _Condition(generator)

    async def _tell(self, condition: _Condition, message: str | None) -> None:
        event: Any = condition.generator.event
        event.ActiveState = ua.LocalizedText("Active" if condition.active else "Inactive")
        event.AckedState = ua.LocalizedText("Acknowledged" if condition.acked else "Unacknowledged")
        setattr(event, "ActiveState/Id", condition.active)
        setattr(event, "AckedState/Id", condition.acked)
        event.Retain = condition.active or not condition.acked
        await condition.generator.trigger(message=message)
        condition.event_ids.add(event.EventId.Value)

    async def _acknowledge(self, parent: ua.NodeId, *arguments: ua.Variant) -> Any:
        condition = self._conditions.get(parent)
        if condition is None:
            return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNodeIdUnknown))
        if len(arguments) != 2 or arguments[0].Value not in condition.event_ids:
            return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadEventIdUnknown))
        if condition.acked:
            return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadConditionBranchAlreadyAcked))
        condition.acked = True
        await self._tell(condition, None)
        condition.event_ids.clear()
        return []
