"""Owns what a tester must be able to do for us, whoever made it."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

from services.formation.answers import (
    Channel,
    ChannelPoint,
    Device,
    LatestTest,
    Looks,
    StepEnd,
    TestRow,
)


class TesterDriver(Protocol):
    """The words all testers share.

    Raises, in every method: StationUnreachableError (try again later), StationFaultError (refused,
    or an answer that cannot be right).
    """

    @property
    def leaves_files(self) -> bool:
        """Whether the tester leaves a file of each test in the folder named at its start."""
        ...

    def looks(self, channel: Channel, after: int) -> Looks | None:
        """Return what must be kept of the newest test, with the rows behind row `after`.

        None where the tester itself gives all rows again, or nothing was seen.
        """
        ...

    def remember(self, channel: Channel, looks: Looks) -> None:
        """Take up what was kept of a test, after a restart; before the next look at its rows."""
        ...

    async def program_ran(self, channel: Channel) -> str | None:
        """Return the name of the program of the newest test; None where the tester tells none."""
        ...

    def program_of(self, share: PurePath, job_order_id: str, protocol: str) -> PurePath:
        """Return what `start` is told to run: our step file, or a program of the tester's own.

        protocol: id and version of the protocol, as `formation-nfm-pouch-v1`.
        """
        ...

    async def devices(self) -> tuple[Device, ...]:
        """Return all channels."""
        ...

    async def inquire(self, channels: Sequence[Channel]) -> list[ChannelPoint]:
        """Return the live point of each channel, in the order asked."""
        ...

    async def start(
        self,
        channel: Channel,
        path: str | PurePath,
        barcode: str,
        backup_dir: str | PurePath,
        *,
        test_name: str = "",
        capacity_mah: float | None = None,
    ) -> None:
        """Let current flow; never sent twice without a look at `latest_test`.

        test_name: one of a kind for each start, for testers that do not number their tests.
        capacity_mah: of the cell, for testers whose programs count in C rates.
        """
        ...

    async def stop(self, channel: Channel) -> bool:
        """Stop what runs; safe to repeat; False where nothing ran."""
        ...

    async def latest_test(self, channel: Channel) -> LatestTest:
        """Return the number of the newest test, another one after each start."""
        ...

    async def all_rows(self, channel: Channel, *, after: int = 0) -> tuple[TestRow, ...]:
        """Return the rows of the newest test behind row `after`."""
        ...

    async def step_layer(self, channel: Channel) -> tuple[StepEnd, ...]:
        """Return the steps of the newest test that have ended."""
        ...

    async def close(self) -> None:
        """Close the line; the next command opens it again."""
        ...
