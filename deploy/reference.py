"""The reference pages that are written from code: command line, settings, events, HTTP and more."""

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deploy import opcuapage
from deploy.cli import COMMANDS, EXIT_CODES, halite, module_of
from deploy.sentences import TOLD, untold
from shared.app import Service
from shared.envelope import EVENTS
from shared.facts import Event
from shared.settings import PlantSettings, ServiceSettings

ROOT = Path(__file__).resolve().parents[1]
NOTE = "Written from the code by `.venv/bin/python -m deploy.contracts`."
METHODS = ("get", "post", "put", "delete")


def pages(services: dict[str, Service]) -> dict[str, str]:
    """Return the text of each page by its name below `docs/reference`."""
    return {
        "command-line.md": _page("Command line", _command_line()),
        "settings.md": _page("Settings", _settings(services)),
        "events.md": _page("Events", _events()),
        "http.md": _page("HTTP", _http(services)),
        "languages.md": _page("Languages", _languages()),
        "opc-ua.md": _page("OPC UA address space", _opc_ua()),
    }


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", NOTE, "", *lines]).rstrip("\n") + "\n"


def _command_line() -> Iterator[str]:
    yield "With `--json` a command that reports prints JSON and nothing else; of a failure an"
    yield "object with `code` and `detail`. Long work shows a bar on a screen. Errors go to"
    yield "standard error in words. Exit codes:"
    yield ""
    yield from _table(("code", "meaning"), [(str(code), said) for code, said in EXIT_CODES.items()])
    for name in sorted(COMMANDS):
        command = importlib.import_module(module_of(name)).command
        yield from _command(command, click.Context(halite, info_name="halite"), name)


def _languages() -> Iterator[str]:
    yield "Screens speak English, German and Chinese. What services write in sentences (reasons,"
    yield "refusals, alarms) is recorded in English and said by screens in the reader's language,"
    yield "where its module is done; [how, and how to add one](../explanation/languages.md)."
    yield ""
    yield "## Said in each language"
    yield from (f"- `{name}`" for name in sorted(TOLD))
    yield ""
    yield "## Shown as recorded, in English"
    yield "These write to a log, a command line, a signed document or another service; what one of"
    yield "them refuses can still come to stand on a screen, within the sentence of another."
    yield ""
    yield from (f"- `{name}`" for name in untold())


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from _command(command.commands[below], context, below)
        return
    yield f"## {context.command_path}"
    yield "```"
    yield f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    yield "```"
    yield click.formatting.wrap_text(
        (command.help or "").replace("\b\n", ""), width=150, preserve_paragraphs=True
    )
    yield ""
    options = [record for option in command.params if (record := option.get_help_record(context))]
    if options:
        yield from _table(("option", "meaning"), [(f"`{o}`", _cell(text)) for o, text in options])


def _settings(services: dict[str, Service]) -> Iterator[str]:
    yield "## Environment of a service"
    yield "Read once at its start. Every service has:"
    yield ""
    yield from _fields(ServiceSettings, prefix="HALITE_")
    for name in services:
        module = importlib.import_module(f"services.{name}.settings")
        own: type[ServiceSettings] = getattr(module, f"{name.capitalize()}Settings")
        extra = own.model_fields.keys() - ServiceSettings.model_fields.keys()
        if extra:
            yield f"### {name}"
            yield from _fields(own, prefix="HALITE_", only=extra)
    yield "## Plant file"
    yield "### Top level"
    yield from _fields(PlantSettings)
    for heading, model in _tables(PlantSettings):
        yield f"### `{heading}`"
        yield from _fields(model)


def _tables(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each table of TOML that a model may hold, however deep, with its heading."""
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        for kind in get_args(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                many = get_origin(field.annotation) is tuple
                yield f"[[{path}]]" if many else f"[{path}]", kind
                yield from _tables(kind, f"{path}.")


def _fields(
    model: type[BaseModel], prefix: str = "", only: Iterable[str] | None = None
) -> Iterator[str]:
    intro, meanings = _meanings(model)
    yield intro
    yield ""
    rows = [
        (
            f"`{f'{prefix}{name}'.upper() if prefix else name}`",
            _type(field),
            _default(field),
            meanings.get(name, ""),
        )
        for name, field in model.model_fields.items()
        if only is None or name in only
    ]
    yield from _table(("name", "type", "when not given", "meaning"), rows)


def _meanings(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return what a docstring says of the whole, and of each field as `name: words`."""
    names = "|".join(model.model_fields)
    intro, *rest = re.split(rf"(?:^| )`?({names})`?: ", " ".join((model.__doc__ or "").split()))
    return intro, {name: _cell(words) for name, words in zip(rest[::2], rest[1::2], strict=True)}


def _type(field: FieldInfo) -> str:
    return f"`{_cell(_spelled(field.annotation))}`"


def _spelled(kind: Any) -> str:
    """Return a type as one writes it, without what checks its values."""
    origin, within = get_origin(kind), [_spelled(part) for part in get_args(kind)]
    if origin is Annotated:
        return within[0]
    if origin in (Union, UnionType):
        return " | ".join(within)
    if origin is Literal:
        return f"Literal[{', '.join(repr(word) for word in get_args(kind))}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(within)}]"
    names = {NoneType: "None", Ellipsis: "..."}
    return names.get(kind) or str(getattr(kind, "__name__", kind))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, Path) and default.is_relative_to(ROOT):
        default = default.relative_to(ROOT)  # the same in each clone
    return "nothing" if default in (None, "", (), {}) else f"`{_cell(str(default))}`"


def _events() -> Iterator[str]:
    yield "Each is a CloudEvents 1.0 envelope in MQTT 5; the data has these fields. Schemas:"
    yield "[contracts](contracts/README.md)."
    yield ""
    for service, events in EVENTS.items():
        yield f"## {service}"
        rows = [
            (f"`{event.kind}`", str(event.version), _said(event), _data(event)) for event in events
        ]
        yield from _table(("event", "version", "when", "data"), rows)


def _said(event: type[Event]) -> str:
    return _cell((event.__doc__ or "").split("\n")[0])


def _data(event: type[Event]) -> str:
    return ", ".join(f"`{name}`" for name in event.model_fields)


def _http(services: dict[str, Service]) -> Iterator[str]:
    yield "Behind the gateway a service's address is `/api/<service>` and its own path. Whole"
    yield "documents: [contracts](contracts/README.md)."
    yield ""
    for name, service in services.items():
        document: dict[str, Any] = json.loads(json.dumps(service.app.openapi()))
        rows = [
            (method.upper(), f"`{_cell(path)}`", _cell(_first_line(asked)))
            for path, methods in sorted(document["paths"].items())
            for method, asked in methods.items()
            if method in METHODS
        ]
        yield f"## {name}"
        yield from _table(("method", "path", "what"), rows)


def _opc_ua() -> Iterator[str]:
    yield "What Halite looks for at a station, and what the simulated ones offer. How jobs go, and"
    yield "what they answer: [stations on the wire](stations.md)."
    yield ""
    for heading, heads, rows in opcuapage.sections():
        yield f"## {heading}"
        yield from _table(heads, [tuple(map(_cell, row)) for row in rows])


def _first_line(asked: dict[str, Any]) -> str:
    text: str = asked.get("description") or asked.get("summary", "")
    return text.split("\n\n")[0]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
