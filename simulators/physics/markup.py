"""Reading XML from the wire or a disk without trusting it, in the encodings of the BTS."""

import re
from xml.etree import ElementTree

DECLARATION = re.compile(rb"^\s*<\?xml[^>]*?\?>")
ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def decode_markup(content: bytes) -> str:
    """Return the text without its XML declaration; GB2312 is read as its superset GB18030.

    Raises:
        UnicodeError, LookupError: the encoding is wrong or unknown.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    declaration = DECLARATION.match(content)
    found = ENCODING.search(declaration.group()) if declaration else None
    name = found.group(1).decode("ascii").lower() if found else "utf-8"
    encoding = "gb18030" if name in {"gb2312", "gbk"} else name
    body = content[declaration.end() :] if declaration else content
    return body.decode(encoding)


def parse_markup(content: bytes) -> ElementTree.Element:
    """Parse a document.

    Raises:
        ElementTree.ParseError: not well formed, or with a document type (entity attacks need one).
        UnicodeError, LookupError: the encoding is wrong or unknown.
    """
    text = decode_markup(content)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ElementTree.ParseError("document types are not accepted")
    return ElementTree.fromstring(text)
