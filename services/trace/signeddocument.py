"""Documents signed with the plant's key for seals: one line of JSON, checked without the plant."""

import json
from typing import Any

from services.trace.export import canonical
from services.trace.signing import Signer, id_of, is_signed
from shared.errors import InvalidInputError

BEGINNING = b'{"document":'  # of every such file, since names stand in order


def signed_text(format_name: str, document: dict[str, Any], signer: Signer) -> str:
    """Return a document as text, signed as a whole (Ed25519)."""
    values = {
        "document": document,
        "format": format_name,
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
    }
    signature = signer.sign(canonical(values).encode()).hex()
    return canonical(values | {"signature": signature}) + "\n"


def verified_document(content: bytes, trusted: str | None = None) -> dict[str, Any]:
    """Return `format`, `document` and `key_id` of a signed text.

    trusted: id of the only key to take, None takes the one it names.

    Raises:
        InvalidInputError: any byte is not as it was written, or another key signed it.
    """
    try:
        values = json.loads(content)
        if f"{canonical(values)}\n".encode() != content:
            raise InvalidInputError("the document is not as it was written")
        unsigned = {name: value for name, value in values.items() if name != "signature"}
        public_key, signature = (bytes.fromhex(values[one]) for one in ("public_key", "signature"))
        named = id_of(public_key)
        if named != values["key_id"] or trusted not in (None, named):
            raise InvalidInputError(f"the document is signed with the key {named}, not {trusted}")
        if not is_signed(canonical(unsigned).encode(), signature, public_key):
            raise InvalidInputError("the signature of the document is not genuine")
        return {name: values[name] for name in ("format", "document", "key_id")}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidInputError(f"the document cannot be read: {error!r}") from error
