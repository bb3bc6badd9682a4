"""The gateway's way to the other services: questions with a time-out, and requests passed on."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from shared.errors import InvalidInputError, NotFoundError, ServiceUnreachableError, TooLargeError
from shared.permissions import Permission
from shared.serving import reason_of
from shared.tokens import Signer

LARGEST_BODY = 64 * 1024 * 1024
ASK_TIMEOUT_S = 5.0
PASS_TIMEOUT = httpx.Timeout(connect=3.0, read=60.0, write=60.0, pool=5.0)
# What a request and an answer may carry on; everything else ends at the gateway.
REQUEST_HEADERS = (
    "accept",
    "accept-encoding",
    "accept-language",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "range",
    "traceparent",
    "x-halite-person",
)
ANSWER_HEADERS = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "vary",
)


@dataclass(frozen=True, kw_only=True)
class Behalf:
    """For whom the gateway asks a service, and the one permission that this request needs."""

    login: str
    person: str
    permission: Permission


@dataclass(frozen=True, kw_only=True)
class Passed:
    """An answer on its way to the caller; `body` closes the connection when it ends."""

    status: int
    headers: dict[str, str]
    body: AsyncIterator[bytes]


class Peers:
    """All services of the plant by name."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str], signer: Signer) -> None:
        self._http, self._signer = http, signer
        self.urls = dict(urls)

    async def ask(
        self,
        service: str,
        *path: str,
        query: Mapping[str, str | int] | None = None,
        timeout_s: float = ASK_TIMEOUT_S,
    ) -> Any:
        """Return the JSON answer to `GET /path/…?query`; parts of the path are quoted here.

        Raises:
            NotFoundError: the service does not know it.
            InvalidInputError: the service refused the question.
            ServiceUnreachableError: no answer in time, or none that can be used.
        """
        answer, body = await self._get(service, path, query, timeout_s)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(detail_of(body))
        if answer.is_client_error:
            raise InvalidInputError(f"{service}: {detail_of(body)}")
        if not answer.is_success:
            raise ServiceUnreachableError(f"{service}: {answer.status_code} {detail_of(body)}")
        return body

    async def look(self, service: str, *path: str, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """Return the JSON answer to `GET /path/…` whatever its status.

        Raises:
            ServiceUnreachableError: no answer in time, or none that can be used.
        """
        return (await self._get(service, path, None, timeout_s))[1]

    async def _get(
        self,
        service: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int] | None,
        timeout_s: float,
    ) -> tuple[httpx.Response, Any]:
        url = "/".join((self._url(service), *(quote(part, safe="") for part in path)))
        try:
            answer = await self._http.get(url, params=dict(query or {}), timeout=timeout_s)
            return answer, answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable(service, error) from error

    async def tell(
        self, service: str, path: str, body: str, key: str, behalf: Behalf
    ) -> tuple[int, Any]:
        """POST a JSON command and return status and JSON answer.

        Raises:
            ServiceUnreachableError: no answer in time; the same key may be sent again.
        """
        headers = {"content-type": "application/json", "idempotency-key": key}
        headers |= self._introduced(service, behalf)
        url = f"{self._url(service)}/{path}"
        try:
            answer = await self._http.post(url, content=body, headers=headers, timeout=PASS_TIMEOUT)
            return answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable(service, error) from error

    async def pass_on(
        self,
        service: str,
        method: str,
        target: bytes,
        headers: Mapping[str, str],
        body: AsyncIterator[bytes] | None,
        behalf: Behalf,
    ) -> Passed:
        """Send a caller's request to a service and return its answer as it comes.

        target: path and query as the caller wrote them, beginning with a slash.

        Raises:
            NotFoundError: no such service.
            TooLargeError: the body is longer than 64 MB.
            ServiceUnreachableError: the service is down or silent.
        """
        check_length(headers.get("content-length"))
        base = httpx.URL(self._url(service))
        request = self._http.build_request(
            method,
            base.copy_with(raw_path=base.raw_path.rstrip(b"/") + target),
            headers=_named(headers, REQUEST_HEADERS) | self._introduced(service, behalf),
            content=None if body is None else bounded(body),
            timeout=PASS_TIMEOUT,
        )
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _unreachable(service, error) from error
        return Passed(
            status=answer.status_code,
            headers=_named(answer.headers, ANSWER_HEADERS),
            body=_streamed(answer),
        )

    def _introduced(self, service: str, behalf: Behalf) -> dict[str, str]:
        token = self._signer.token(service, {behalf.permission}, behalf.login, behalf.person)
        return {} if token is None else {"authorization": f"Bearer {token}"}

    def _url(self, service: str) -> str:
        url = self.urls.get(service)
        if url is None:
            raise NotFoundError(f"there is no service {service}")
        return url.rstrip("/")


def check_length(content_length: str | None, limit: int = LARGEST_BODY) -> None:
    """Raise TooLargeError when a request says that its body is longer than `limit` bytes."""
    if content_length is not None and content_length.isdecimal() and int(content_length) > limit:
        raise _too_large(limit)


async def bounded(body: AsyncIterator[bytes], limit: int = LARGEST_BODY) -> AsyncIterator[bytes]:
    """Pass a body on; raises TooLargeError at the first byte after `limit`."""
    taken = 0
    async for chunk in body:
        taken += len(chunk)
        if taken > limit:
            raise _too_large(limit)
        yield chunk


def detail_of(body: Any) -> str:
    """Return what a service's error answer says."""
    if isinstance(body, dict) and isinstance(body.get("detail"), str):
        detail: str = body["detail"]
        return detail
    return str(body)[:300]


async def _streamed(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _named(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is longer than the {limit} bytes taken at once")


def _unreachable(service: str, error: Exception) -> ServiceUnreachableError:
    return ServiceUnreachableError(f"{service} does not answer: {reason_of(error)}")
