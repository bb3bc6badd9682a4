"""Which file of the built web app answers a path, in which encoding, and how long it keeps."""

import re
from dataclasses import dataclass
from pathlib import Path

from shared.errors import NotFoundError

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
HASHED = re.compile(r"^assets/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Halite</title></head>
<body><p>The web app has not been built yet: run <code>make web</code> in the project's folder and
load this page again.</p></body></html>
"""

# Scripts of this build alone; components and charts set styles on elements.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file to answer with."""

    file: Path
    content_type: str
    headers: dict[str, str]


def find(folder: Path, path: str, accept_encoding: str) -> Asset | None:
    """Return the file for a path; `index.html` for pages of the app; None when it is not built.

    Raises:
        NotFoundError: an asset that this build does not have; a page would be taken for a script.
    """
    wanted = folder / path
    if not _is_below(folder, wanted) or not wanted.is_file():
        if path.startswith("assets/"):
            raise NotFoundError(f"{path} is not part of this build; load the page again")
        path, wanted = "index.html", folder / "index.html"
    if not wanted.is_file():
        return None
    headers = {"cache-control": _keep(path), "x-content-type-options": "nosniff"}
    headers["vary"] = "accept-encoding"
    if path == "index.html":
        headers["content-security-policy"] = POLICY
    accepted = _accepted(accept_encoding)
    content_type = TYPES.get(wanted.suffix, "application/octet-stream")
    for encoding, ending in ENCODINGS:
        packed = wanted.with_name(wanted.name + ending)
        if encoding in accepted and packed.is_file():
            headers["content-encoding"] = encoding
            return Asset(file=packed, content_type=content_type, headers=headers)
    return Asset(file=wanted, content_type=content_type, headers=headers)


def _keep(path: str) -> str:
    return "public, max-age=31536000, immutable" if HASHED.match(path) else "no-cache"


def _accepted(accept_encoding: str) -> set[str]:
    """Return the encodings a browser takes; one with a weight of 0 it does not."""
    found = set()
    for item in accept_encoding.lower().split(","):
        name, _, weight = item.partition(";")
        if not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight):
            found.add(name.strip())
    return found


def _is_below(folder: Path, wanted: Path) -> bool:
    try:
        return wanted.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False
