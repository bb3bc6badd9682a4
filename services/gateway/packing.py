"""Answers to questions go to browsers compressed: lists shrink to a tenth of what they are."""

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALLEST = 1000  # bytes: below, a packet of the network has room for it anyway
LEVEL = 4  # a third of the time of level 9, for a twentieth more bytes
PACKED_ALREADY = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/octet-stream",
    "application/pdf",
)


class Packing:
    """Compresses answers to `GET /api/…` for who takes gzip.

    Answers to commands stay as they are: some hold a secret, whose length would show through what a
    stranger can add to the same answer. Files of the web app lie packed beside themselves.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packed = GZipMiddleware(
            app, SMALLEST, compresslevel=LEVEL, exclude_content_types=PACKED_ALREADY
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        is_question = scope["type"] == "http" and scope["method"] == "GET"
        app = self._packed if is_question and scope["path"].startswith("/api/") else self._app
        await app(scope, receive, send)
