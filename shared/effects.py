"""What a service does with the events it reads: one handler a kind, and one for all events."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared.envelope import BY_TYPE, Envelope
from shared.facts import Event
from shared.outbox import NO_CAUSE, Cause, cause
from shared.tracing import following, span
from shared.transaction import Transaction

Handler = Callable[[Transaction, Envelope, Any], Awaitable[None]]
Said = tuple[Envelope, Event | None]  # None: of a type that is not known here
EveryHandler = Callable[[Transaction, Sequence[Said]], Awaitable[None]]


class Effects:
    """The handlers of one service.

    `handlers` maps an event class to its effect. `every` takes each envelope of each source, those
    of a transaction at once and before the handlers take their events one by one; its effect must
    not depend on theirs.
    """

    def __init__(
        self, handlers: Mapping[type[Event], Handler], every: EveryHandler | None = None
    ) -> None:
        self._handlers, self._every = handlers, every

    async def handle(self, tx: Transaction, *envelopes: Envelope) -> None:
        """Apply events of one source in the caller's transaction; unknown types have no effect."""
        said = [(envelope, envelope.event()) for envelope in envelopes if self.wants(envelope)]
        if self._every is not None and said:
            cause.set(NO_CAUSE)
            await self._every(tx, said)
        for envelope, event in said:
            handler = self._handlers.get(type(event)) if event is not None else None
            if handler is not None:
                cause.set(Cause(envelope.correlationid or str(envelope.id), str(envelope.id)))
                with following(envelope.traceparent), span(f"handle {envelope.type}"):
                    await handler(tx, envelope, event)

    def wants(self, envelope: Envelope) -> bool:
        """Say whether an event of this type has any effect here."""
        return self._every is not None or BY_TYPE.get(envelope.type) in self._handlers
