"""One life of a service, from its start to its crash."""

import asyncio
from collections.abc import Callable

TWIN = " twin"


class Life:
    """Says whether this incarnation still lives; after its end nothing it does has an effect.

    `seat` tells replicas of one service apart; its first one has the name of the service.
    """

    def __init__(self, seat: str, number: int, on_end: Callable[["Life"], None]) -> None:
        self.seat, self.name, self.number = seat, seat.removesuffix(TWIN), number
        self.alive = True
        self._on_end = on_end

    def check(self) -> None:
        """Let the living pass.

        Raises:
            CancelledError: this life has ended; the task that asks ends with it.
        """
        if not self.alive:
            raise asyncio.CancelledError(f"{self.seat} {self.number} has crashed")

    def end(self) -> None:
        """End here and now.

        Raises:
            CancelledError: always; the task that asks ends at this very point.
        """
        if self.alive:
            self.alive = False
            self._on_end(self)
        self.check()
