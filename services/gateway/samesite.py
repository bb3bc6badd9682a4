"""Refuses commands that another site's page makes a browser send."""

import contextlib
from urllib.parse import urlsplit

from fastapi import Request

from shared.errors import NotAllowedError


def own_page(request: Request) -> None:
    """Refuse commands that another site's page makes a browser send.

    Raises:
        NotAllowedError: the page's origin is not this host.
    """
    if not same_origin(request.headers.get("origin"), request.headers.get("host")):
        raise NotAllowedError(f"origin {request.headers['origin']} may not give commands here")


def same_origin(origin: str | None, host: str | None) -> bool:
    """Say whether a request comes from this host's own page, or from no page at all."""
    if origin is None:
        return True
    with contextlib.suppress(ValueError):
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
    return False
