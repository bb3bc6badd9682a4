"""Asks a running plant's gateway with the setup key that lies in the plant's data folder."""

import ssl
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import click
import httpx

from deploy.data_folder import DataFolder
from deploy.pki import SETUP_KEY
from deploy.ports import DEFAULT_FIRST, Ports
from shared.errors import InvalidInputError, PersonNeededError, ServiceUnreachableError
from shared.identity import AUTHORITY

TIMEOUT_S = 60.0
LATER = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
url_option: Callable[[Any], Any] = click.option(
    "--url",
    default=None,
    help="The gateway of the plant; where the last start in the data folder put it when not given.",
)


def url_of(data: DataFolder, url: str | None) -> str:
    """Return where the gateway of a plant is. url: what a person said, if anything."""
    return url or Ports(first=data.first_port() or DEFAULT_FIRST).gateway_url


class GatewayClient:
    """One plant's gateway, asked with everything that the setup key may."""

    def __init__(self, url: str | None, data: DataFolder) -> None:
        self._url, self._file = url_of(data, url), data.gateway_keys / SETUP_KEY
        self._authority = data.tls / "gateway" / AUTHORITY

    def get(self, path: str) -> dict[str, Any]:
        """Return what the gateway answers.

        Raises:
            ServiceUnreachableError: no answer. InvalidInputError: it refuses.
        """
        return _said(self._ask("GET", path))

    def content(self, path: str) -> bytes:
        """Return a file that the gateway answers with.

        Raises:
            ServiceUnreachableError: no answer. InvalidInputError: it refuses.
        """
        return self._ask("GET", path).content

    def post(self, path: str, body: object = None, content: bytes | None = None) -> dict[str, Any]:
        """Give a command; body: as JSON; content: a file as it is.

        Raises:
            ServiceUnreachableError: no answer. InvalidInputError: it refuses.
        """
        return _said(self._ask("POST", path, json=body, content=content))

    def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            key = self._file.read_text().strip()
        except OSError as error:
            raise PersonNeededError(
                f"The key {self._file} cannot be read ({error.strerror}); "
                "name the plant's folder: --data-dir"
            ) from error
        headers = {"authorization": f"Bearer {key}", "idempotency-key": uuid4().hex}
        try:
            answer = httpx.request(
                method,
                self._url + path,
                headers=headers,
                timeout=TIMEOUT_S,
                verify=self._believed(),
                trust_env=False,
                **{name: value for name, value in given.items() if value is not None},
            )
        except httpx.HTTPError as error:
            raise ServiceUnreachableError(f"{self._url}: {error!r}; is the plant on?") from error
        if not answer.is_success:
            told = f"{answer.status_code}: {_said(answer).get('detail', answer.text[:300])}"
            later = answer.status_code in LATER
            raise ServiceUnreachableError(told) if later else InvalidInputError(told)
        return answer

    def _believed(self) -> ssl.SSLContext:
        """Return what a certificate must be of: the site's authorities, or the plant's own."""
        context = ssl.create_default_context()
        if self._authority.is_file():
            context.load_verify_locations(self._authority)
        return context


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ServiceUnreachableError(
            f"{answer.url} answers {answer.status_code} and no JSON object; is it the plant?"
        )
    return said
