"""The structures of OPC 10031-4 as classes, read from the official node set.

asyncua keeps one table of structures for a process, by namespace index: two stations that number
their namespaces differently would be read with each other's classes. These classes are never
entered there; they are packed and unpacked here with the index of the station at hand.
"""

import functools
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, make_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Optional

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from shared.errors import PersonNeededError

FILE = "opc.ua.isa95-jobcontrol.nodeset2.xml"
NAMES = {"n": "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd"}
BINARY = "DefaultBinary"


@dataclass(frozen=True, kw_only=True)
class JobStructures:
    """Classes by their name in the standard, and the number of the node of their encoding."""

    classes: Mapping[str, type]
    encodings: Mapping[str, int]

    def new(self, name: str, **values: Any) -> Any:
        """Return a structure of the standard, its optional members None unless given."""
        return self.classes[name](**values)

    def packed(self, value: Any, index: int) -> ua.Variant:
        """Return a structure as a station takes it.

        index: the station's namespace index of the job control.
        """
        number = self.encodings[type(value).__name__]
        type_id = ua.NodeId(number, index)  # type: ignore[arg-type]
        raw = ua.ExtensionObject(TypeId=type_id, Body=ua.ByteString(struct_to_binary(value)))
        return ua.Variant(raw, ua.VariantType.ExtensionObject)

    def unpacked(self, value: Any, name: str, index: int) -> Any:
        """Return the structure `name` that a station gave, also one asyncua had already unpacked.

        Raises:
            TypeError: something else.
        """
        if isinstance(value, ua.ExtensionObject) and value.Body is not None:
            number = self.encodings[name]
            if (value.TypeId.Identifier, value.TypeId.NamespaceIndex) == (number, index):
                return struct_from_binary(self.classes[name], Buffer(value.Body))
            raise TypeError(f"structure {value.TypeId.to_string()}, expected {name}")
        if type(value).__name__ != name:
            raise TypeError(f"{type(value).__name__}, expected {name}")
        return value


@functools.cache
def job_structures(folder: Path) -> JobStructures:
    """Read the structures from the node set in a folder, once for a process.

    Raises:
        PersonNeededError: the node set is missing or damaged.
    """
    try:
        root = ET.parse(folder / FILE).getroot()
    except (OSError, ET.ParseError) as error:
        raise PersonNeededError(
            f"node set {folder / FILE}: {error}; get it with python -m deploy.nodesets"
        ) from error
    definitions = {
        item.attrib["BrowseName"].partition(":")[2]: item
        for item in root.iterfind("n:UADataType", NAMES)
        if item.find("n:Definition", NAMES) is not None
    }
    binary = {
        item.attrib["NodeId"]
        for item in root.iterfind("n:UAObject", NAMES)
        if item.get("SymbolicName") == BINARY
    }
    classes: dict[str, type] = {}
    for name in definitions:
        _add_class(name, definitions, classes)
    encodings = {name: _encoding(item, binary) for name, item in definitions.items()}
    return JobStructures(classes=MappingProxyType(classes), encodings=MappingProxyType(encodings))


def _encoding(definition: ET.Element, binary: set[str]) -> int:
    references = definition.iterfind("n:References/n:Reference", NAMES)
    [found] = [item.text for item in references if item.text in binary]
    return int(str(found).rpartition("i=")[2])


def _add_class(name: str, definitions: Mapping[str, ET.Element], classes: dict[str, type]) -> None:
    if name in classes:
        return
    members = list(definitions[name].iterfind("n:Definition/n:Field", NAMES))
    fields: list[Any] = []
    if any(member.get("IsOptional") for member in members):
        fields.append(("Encoding", ua.UInt32, field(default=0, repr=False, compare=False)))
    for member in members:
        kind = member.get("DataType", "Variant")
        if kind in definitions and kind != name:
            _add_class(kind, definitions, classes)
        fields.append(_member(member, kind, name, classes))
    made = make_dataclass(name, fields, slots=True)
    made.__SELF__ = made  # type: ignore[attr-defined]  # asyncua looks here for what holds itself
    made.__module__ = __name__
    classes[name] = made


def _member(member: ET.Element, kind: str, name: str, classes: Mapping[str, type]) -> Any:
    found: Any = "__SELF__" if kind == name else classes.get(kind) or getattr(ua, kind)
    default: Any = MISSING if isinstance(found, str) else found
    if member.get("ValueRank") == "1":
        found, default = list[found], list
    if member.get("IsOptional"):
        return member.attrib["Name"], Optional[found], field(default=None)  # noqa: UP045
    return member.attrib["Name"], found, field(default_factory=default)
