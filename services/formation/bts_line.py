"""Owns one TCP line to a Neware BTS 8 server: login, frames of XML, time-outs."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from shared.errors import InvalidInputError, StationFaultError, StationUnreachableError

HEAD = '<?xml version="1.0" encoding="UTF-8" ?><bts version="1.0">'
TERMINATOR = b"\n\n#\r\n"
VENDOR_PORT = 502
# Real servers spell two of their answers wrong; the right spelling is taken as well.
ANSWER_WORDS = {
    "download": ("donwload_resp", "download_resp"),
    "downloadlog": ("donwloadlog_resp", "downloadlog_resp"),
}
T = TypeVar("T")


class BtsLine:
    """The line; opened at the first command and again after a failure, one command at a time."""

    def __init__(
        self, endpoint: str, *, login: tuple[str, str], timeout_s: float, frame_limit_bytes: int
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme != "tcp" or not parts.hostname:
            raise InvalidInputError(f"endpoint {endpoint!r} is not tcp://host:port")
        self.endpoint = endpoint
        self._host, self._port = parts.hostname, parts.port or VENDOR_PORT
        self._login, self._timeout_s, self._limit = login, timeout_s, frame_limit_bytes
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the line was open after the last command."""
        return self._streams is not None

    async def close(self) -> None:
        """Close the line after the command that is under way."""
        async with self._turn:
            self._drop()

    async def ask(self, command: str, body: str, read: Callable[[Element], T]) -> T:
        """Send one command and return what `read` makes of its answer; any failure drops the line.

        A late answer must never be taken for that of a later command.

        Raises:
            StationUnreachableError: no connection or no whole answer in time.
            StationFaultError: refused login, or an answer that is not one to this command.
        """
        async with self._turn:
            answered, where = False, f"{self.endpoint}: {command}"
            try:
                async with asyncio.timeout(self._timeout_s):
                    root = await self._exchange(await self._opened(), command, body)
                found = read(root)
                answered = True
                return found
            except TimeoutError as error:
                text = f"{where}: no answer in {self._timeout_s} s"
                raise StationUnreachableError(text) from error
            except asyncio.LimitOverrunError as error:
                text = f"{where}: the answer is longer than {self._limit} bytes"
                raise StationFaultError(text) from error
            except (asyncio.IncompleteReadError, OSError) as error:
                raise StationUnreachableError(f"{where}: {error or 'hung up'}") from error
            finally:
                if not answered:
                    self._drop()

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the open line; one that the tester has closed meanwhile is opened again."""
        if self._streams is not None:
            reader, writer = self._streams
            if not reader.at_eof() and not writer.is_closing():
                return self._streams
            self._drop()
        return await self._connect()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection(self._host, self._port, limit=self._limit)
        self._streams = streams
        username, password = (escape(word) for word in self._login)
        login = f"<username>{username}</username><password>{password}</password><type>bfgs</type>"
        root = await self._exchange(streams, "connect", login)
        if (root.findtext("result") or "").strip() != "ok":
            raise StationFaultError(f"{self.endpoint}: the tester refuses user {self._login[0]}")
        return streams

    async def _exchange(
        self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], command: str, body: str
    ) -> Element:
        reader, writer = streams
        frame = f"{HEAD}<cmd>{command}</cmd>{body}</bts>".encode()
        if TERMINATOR in frame:
            raise InvalidInputError(f"{command}: the text holds the end mark of the protocol")
        writer.write(frame + TERMINATOR)
        await writer.drain()
        answer = await reader.readuntil(TERMINATOR)
        return self._parsed(answer[: -len(TERMINATOR)], command)

    def _parsed(self, content: bytes, command: str) -> Element:
        """Return the answer as XML, once it is the answer to this command."""
        where = f"{self.endpoint}: {command}"
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise StationFaultError(f"{where}: the answer declares a document type")
        try:
            root = ElementTree.fromstring(content)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise StationFaultError(f"{where}: the answer is not XML: {error}") from error
        word = (root.findtext("cmd") or "").strip()
        if word not in ANSWER_WORDS.get(command, (f"{command}_resp",)):
            raise StationFaultError(f"{where}: the answer is {word[:40]!r}")
        return root

    def _drop(self) -> None:
        if self._streams is not None:
            with contextlib.suppress(OSError):
                self._streams[1].close()
            self._streams = None
