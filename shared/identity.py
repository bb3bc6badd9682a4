"""Who a process is on the plant's network: its certificate, its key, and whom it believes."""

import asyncio
import ssl
from pathlib import Path

import structlog

from shared.errors import InvalidInputError

log = structlog.get_logger()
RENEWED_LOOK_S = 10.0
AUTHORITY, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"


def believing(authority: str | None) -> ssl.SSLContext | bool:
    """Return how a client knows servers that are no part of the plant, as httpx is told it.

    authority: certificates in PEM, the only ones believed; None: the public authorities.
    """
    return ssl.create_default_context(cadata=authority) if authority else True


class Identity:
    """The three PEM files of a process in one folder, and what TLS makes of them.

    Files that were renewed count for the connections after the next `take_renewed`, which
    `keep_renewed` does for ever.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.certificate = folder / AUTHORITY, folder / CERTIFICATE
        self.key = folder / KEY
        self._contexts: list[ssl.SSLContext] = []
        self._state = self._look()

    def as_client(self) -> ssl.SSLContext:
        """Return what connects to servers: shows our certificate, checks theirs and their name.

        Raises:
            InvalidInputError: a file is missing, unreadable, or does not fit the others.
        """
        return self._made(ssl.PROTOCOL_TLS_CLIENT)

    def as_server(self) -> ssl.SSLContext:
        """Return what listens: shows our certificate, asks for none.

        Raises:
            InvalidInputError: a file is missing, unreadable, or does not fit the others.
        """
        return self._made(ssl.PROTOCOL_TLS_SERVER)

    def take_renewed(self) -> bool:
        """Load the files again if they have changed; say whether they had.

        Raises:
            InvalidInputError: a file is missing, unreadable, or does not fit the others.
        """
        if (state := self._look()) == self._state:
            return False
        for context in self._contexts:
            self._load(context)
        self._state = state
        return True

    async def keep_renewed(self, look_s: float = RENEWED_LOOK_S) -> None:
        """Take renewed files up, for ever; connections that are there go on as they are.

        look_s: seconds between two looks.
        """
        told: str | None = None
        while True:
            await asyncio.sleep(look_s)
            try:
                if self.take_renewed():
                    log.info("certificate renewed", folder=str(self.folder))
                told = None
            except InvalidInputError as error:  # half renewed: looked at again
                if told != str(error):
                    log.warning("certificate cannot be used", error=str(error))
                told = str(error)

    def _made(self, side: int) -> ssl.SSLContext:
        context = ssl.SSLContext(side)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        self._contexts.append(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(self.certificate, self.key)
            context.load_verify_locations(self.authority)
        except OSError as error:
            raise InvalidInputError(
                f"The certificate of this process in {self.folder} cannot be used "
                f"({AUTHORITY}, {CERTIFICATE}, {KEY}): {error}"
            ) from error

    def _look(self) -> tuple[int, ...]:
        """Return what changes with the files; 0 for one that is missing."""
        files = (self.authority, self.certificate, self.key)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
