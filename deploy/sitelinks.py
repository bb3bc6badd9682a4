"""A hook of the documentation's site: what a page names outside of `docs/` is told as a path."""

import posixpath
import re
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return the page with links that lead out of the site written as words and path."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def told(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found[2]))
        return found[0] if target.startswith("docs/") else f"{found[1]} (`{target}`)"

    return LINK.sub(told, markdown)
