"""How deep a document that came from outside may be nested, found out before it is built."""

from typing import Any

import yaml

from shared.errors import InvalidInputError

DEEPEST = 50  # the plant's own documents have eight levels
_Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def check_nesting(document: bytes | str) -> None:
    """Check YAML, of which JSON is a part, event by event: what builds a value is recursive.

    A few thousand opening brackets would end the process, many more keep it busy for ever.

    Raises:
        InvalidInputError: nested too deep, with the line. yaml.YAMLError: no YAML.
    """
    depth = 0
    for event in yaml.parse(document, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InvalidInputError(
                    f"line {line}: lists and mappings within each other, more than {DEEPEST}"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
