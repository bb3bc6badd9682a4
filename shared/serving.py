"""HTTP of a service: how its port is served, and how the others of its plant are called.

Both ends speak TLS where the addresses of the plant (`service_urls`) say https: a service shows its
certificate, and calls nobody whose certificate is not of the plant's authority and for that host.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx

from shared.errors import InvalidInputError
from shared.identity import Identity

KEEP_ALIVE_S = 75  # longer than clients keep an idle connection: only they may end one
# Of one caller to each service of its plant, in use and kept: more of them would spare a rush some
# handshakes, but each question looks through all that are kept.
CONNECTIONS = 25
IDLE_S = 60.0  # for which a client keeps a connection: what is asked each minute shakes hands once
# How uvicorn serves every port.
SERVER: Mapping[str, Any] = MappingProxyType(
    {
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "ws_per_message_deflate": False,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": 5,
    }
)


def served(host: str, port: int, identity: Identity | None) -> dict[str, Any]:
    """Return what uvicorn is told of a port. identity: who is shown by TLS; None: plain HTTP.

    A certificate that `identity` takes up later is shown to who connects from then on.

    Raises:
        InvalidInputError: the certificate cannot be used.
    """
    told: dict[str, Any] = {**SERVER, "host": host, "port": port}
    if identity is not None:
        context = identity.as_server()
        told["ssl_context_factory"] = lambda _config, _default: context
    return told


def calling(
    urls: Mapping[str, str], identity: Identity | None, **options: Any
) -> httpx.AsyncClient:
    """Return what calls the services of a plant, without a proxy, on connections that are kept.

    Each service has its own, up to `CONNECTIONS`: one that is slow to answer takes them from no
    other, and a question beyond waits for one to be free.

    urls: address of each service by name. identity: whose authority is believed, and no other.
    options: further ones of the client.

    Raises:
        InvalidInputError: an address is https and there is no authority, or it cannot be used.
    """
    by_tls = [url for url in urls.values() if url.startswith("https://")]
    if by_tls and identity is None:
        raise InvalidInputError(
            f"{by_tls[0]} is called over TLS, which needs a certificate and the plant's authority: "
            "halite certs make"
        )
    believed = identity.as_client() if by_tls and identity else httpx.create_ssl_context()
    # All are kept: with fewer, each rush of questions shook hands anew, and so grew.
    limits = httpx.Limits(
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS,
        keepalive_expiry=IDLE_S,
    )
    return httpx.AsyncClient(
        trust_env=False,
        verify=believed,
        mounts={
            url: httpx.AsyncHTTPTransport(verify=believed, trust_env=False, limits=limits)
            for url in urls.values()
        },
        **options,
    )


def reason_of(error: Exception) -> str:
    """Return why a service gave no answer, with what a certificate or a wrong scheme has to do."""
    if isinstance(error, httpx.PoolTimeout):
        return f"all {CONNECTIONS} connections to it wait for answers"
    said = str(error) or type(error).__name__
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said:
        return f"it speaks plain HTTP where this plant speaks TLS ({said})"
    request = error.request if isinstance(error, httpx.RemoteProtocolError) else None
    if request is not None and request.url.scheme == "http" and "disconnected" in said:
        return f"{said} It may speak TLS alone; its address here is {request.url}"
    return said
