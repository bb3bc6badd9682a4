"""Requests made up from the OpenAPI of a service, asked through its door with and without rights.

Some fit the contract, some break it: none may fail, and none that breaks it may be taken.
`python -m tests.fuzz.apis --examples 200 [--service NAME]` asks longer than the tests do.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, time
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.contracts import service_named
from deploy.pki import SETUP_KEY, ensure_gateway_keys
from deploy.postgres import PostgresServer
from services.gateway.guard import FREE
from shared.db import migrate
from shared.door import Door
from shared.permissions import OPEN, PERMISSIONS, Permission, needed_at
from shared.settings import SERVICES
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key
from shared.tokens import Signer, Verifier

ROOT = Path(__file__).resolve().parents[2]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
FITTING, BREAKING = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
ANSWER_WITHIN_S = 60.0
NOT_SENT = 0  # beside a status: an address longer than clients and servers take
NOWHERE = "http://127.0.0.1:9"  # where no other service answers
Rights = frozenset[Permission]
ALL: Rights = frozenset(PERMISSIONS)


@dataclass
class Found:
    """What a service answered to made-up requests: how many by status, and what was wrong.

    without_rights: the operations that were asked without rights too.
    """

    asked: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    without_rights: set[str] = field(default_factory=set)


class Asker:
    """One service over a database of its own, with an event loop in a thread that answers."""

    def __init__(self, name: str, database_url: str, folder: Path) -> None:
        self.name = name
        migrate(database_url, ROOT / "services" / name / "migrations")
        ensure_key(folder / "tokens", "gateway", time(), RENEWED_AFTER_S)
        self._signer = Signer(folder / "tokens", "gateway")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._folder = folder
        self._run(self._begin(name, database_url))

    async def _begin(self, name: str, database_url: str) -> None:
        ensure_gateway_keys(self._folder / "secrets" / "gateway")
        self._key = (self._folder / "secrets" / "gateway" / SETUP_KEY).read_text()
        self.service = service_named(name, database_url, self._folder, NOWHERE)
        door = Door(self.service.app, name, Verifier(self._folder / "tokens", name))
        self._life = contextlib.AsyncExitStack()
        transport = httpx.ASGITransport(app=door)
        http = httpx.AsyncClient(transport=transport, base_url="http://service")
        self._http = await self._life.enter_async_context(http)
        if name == "gateway":  # it reads its keys when it starts; the others ask stations then
            await self._life.enter_async_context(self.service.running())
        else:
            self._life.push_async_callback(self.service.database.close)
            self._life.push_async_callback(self.service.http.aclose)

    def close(self) -> None:
        """End the service, its loop and its thread."""
        self._run(self._life.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, case: schemathesis.Case, permissions: Rights | None) -> httpx.Response:
        """Send a made-up request with a token that gives some permissions; None: without one."""
        request = case.as_transport_kwargs(base_url="http://service")
        headers = {str(key): str(value) for key, value in request.pop("headers").items()}
        if isinstance(request.get("data"), bytes | str):  # no JSON at all
            request["content"] = request.pop("data")
        request.pop("cookies", None)  # no service looks at them; the gateway's are its own test's
        if permissions is not None:
            headers["Authorization"] = self._shown(case.path, permissions)
        return self._run(self._http.request(**request, headers=headers))

    def get(self, address: str, permissions: Rights) -> httpx.Response:
        """Read an address with a token that gives some permissions."""
        headers = {"Authorization": self._shown(address, permissions)}
        return self._run(self._http.get(address, headers=headers))

    def _shown(self, path: str, permissions: Rights) -> str:
        token = self._signer.token(self.name, permissions, "fuzz", "Fuzz (fuzz)")
        return f"Bearer {self._key if self._is_own(path) else token}"

    def _is_own(self, path: str) -> bool:
        """Say whether the gateway's own guard judges a request."""
        return self.name == "gateway" and path.startswith("/api")

    def _run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(ANSWER_WITHIN_S)

    def judge(self, case: schemathesis.Case, found: Found) -> None:
        """Ask with all rights and, where some are needed, without; note what is wrong."""
        where = f"{case.method} {case.path}"
        try:
            answer = self.ask(case, ALL)
            found.asked[answer.status_code] += 1
            if answer.status_code == 500:
                found.wrong.append(f"{where}: 500 {answer.text[:300]}")
            is_taken = answer.is_success and shows_its_breach(case)
            checks = [*CHECKS, negative_data_rejection] if is_taken else CHECKS
            case.validate_response(answer, checks=checks)
            if where not in found.without_rights:
                found.without_rights.add(where)
                self._judge_refusals(case, found)
        except httpx.InvalidURL:
            found.asked[NOT_SENT] += 1
        except FailureGroup as failures:
            found.wrong += [f"{where}: {one}\n{answer.text[:600]}" for one in failures.exceptions]
        except Exception as error:  # whatever it is, it is a finding, and the search goes on
            told = "".join(traceback.format_exception(error, limit=-4))
            found.wrong.append(f"{where}: {case.as_curl_command()[:600]}\n{told[-2500:]}")

    def _judge_refusals(self, case: schemathesis.Case, found: Found) -> None:
        target = case.formatted_path
        if (case.method, case.path) in FREE or case.path in OPEN:
            return
        refused = {None: 401}
        if not self._is_own(case.path):
            need = needed_at(self.name, case.method, target)
            refused[ALL - {need}] = 403
        for permissions, expected in refused.items():
            status = self.ask(case, permissions).status_code
            found.asked[status] += 1
            if status != expected:
                found.wrong.append(f"{case.method} {target}: {status} for {permissions}")


def shows_its_breach(case: schemathesis.Case) -> bool:
    """Say whether what breaks the contract is still to be seen on the wire.

    In an address a list of one and its item read the same, and so do nothing and an empty object.
    """
    broken = {place for place, part in case.meta.components.items() if part.mode is BREAKING}
    if broken != {ParameterLocation.QUERY}:
        return True
    lists = {item.name for item in case.operation.query if '"array"' in json.dumps(item.definition)}
    plain = all(isinstance(value, str | int | float) for value in case.query.values())
    return plain and lists.isdisjoint(case.query)


def made_up(
    asker: Asker, examples: int, mode: GenerationMode = FITTING, *, bodies_alone: bool = False
) -> Found:
    """Ask a service so many made-up requests of each operation, the same ones each time.

    mode: whether they fit the contract or break it, in the body or beside it. bodies_alone: of
    operations that take a body; what breaks the bounds of an address takes seconds to make up.
    """
    found = Found()
    schema = schemathesis.openapi.from_dict(asker.service.app.openapi())
    for result in schema.get_all_operations():
        operation = result.ok()
        if bodies_alone and not operation.body:
            continue

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: schemathesis.Case) -> None:
            asker.judge(case, found)

        # Some operations are asked for nothing that could be broken.
        with contextlib.suppress(Unsatisfiable) if mode is BREAKING else contextlib.nullcontext():
            asked()
    return found


@contextlib.contextmanager
def asker(name: str, database_url: str, folder: Path) -> Iterator[Asker]:
    """Run a service to be asked during the block."""
    made = Asker(name, database_url, folder)
    try:
        yield made
    finally:
        made.close()


def main(words: list[str]) -> int:
    """Ask all services; return 1 when one answered wrongly."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.apis", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="requests for each operation")
    parser.add_argument("--service", choices=SERVICES, action="append")
    asked = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
    all_wrong: list[str] = []
    with tempfile.TemporaryDirectory() as floor:
        server = PostgresServer(Path(floor) / "postgres", Path(floor) / "log", durable=False)
        server.start()
        try:
            for name in asked.service or SERVICES:
                folder = Path(floor) / name
                folder.mkdir()
                server.ensure_database(name)
                begun = perf_counter()
                with asker(name, server.url(name), folder) as one:
                    for mode in (FITTING, BREAKING):
                        found = made_up(one, asked.examples, mode)
                        all_wrong += [f"{name}: {told}" for told in found.wrong]
                        _show(name, mode, found, perf_counter() - begun)
        finally:
            server.stop()
    print("\n\n".join(all_wrong))
    return 1 if all_wrong else 0


def _show(name: str, mode: GenerationMode, found: Found, since_s: float) -> None:
    told = ", ".join(f"{n} x {status}" for status, n in sorted(found.asked.items()))
    print(f"{name}, {mode.value}: {told}; wrong {len(found.wrong)}; {since_s:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
