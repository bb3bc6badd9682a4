"""The service of `peers` that says events, open to anybody: what tokens cost is told beside it."""

from starlette.types import Receive, Scope, Send

from benchmarks import peers
from shared.app import Service
from shared.door import Door
from shared.tokens import Verifier


class OpenDoor(Door):
    """Asks nobody for a token, which the product's door always does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass every request on."""
        await self._app(scope, receive, send)


class DoorlessService(Service):
    """A service behind an open door."""

    def door(self, *, for_services: bool) -> OpenDoor:
        """Return what answers at a port of the service."""
        return OpenDoor(self.app, self.name, Verifier(self.settings.token_keys, self.name))


if __name__ == "__main__":
    peers.main(DoorlessService)
