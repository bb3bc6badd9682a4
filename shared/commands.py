"""Commands carry an idempotency key; a repeat is answered with the first answer, for 30 days."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request

from shared.db import Database, sql
from shared.errors import ConflictError
from shared.transaction import Transaction

Answer = dict[str, Any]
KEPT_DAYS = 30  # as long as events are kept for a reader that is away (events.md, section 4)
FORGET_EVERY_S = 3600.0
FORGOTTEN_TOGETHER = 1000  # rows in one transaction, which is short


CONFLICT = {
    "type": "object",
    "title": "Conflict",
    "description": "The record is in another state or version than the caller assumed.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "examples": ["ConflictError"]},
        "detail": {"type": "string"},
        "current": {
            "type": "object",
            "description": "What is there now: the state, version or first answer; missing where "
            "there is no such thing.",
        },
    },
}


REFUSED = {
    "type": "object",
    "title": "Refused",
    "description": "Why a request was not done: the kind of failure, and a sentence with values "
    "and limits.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "examples": ["InvalidInputError"]},
        "detail": {"type": "string"},
    },
}


class CommandApp(FastAPI):
    """An app whose contract says how every request may be refused, a command also with 409."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):  # the framework's own, never sent
            schemas.pop(name, None)
        schemas |= {"Conflict": CONFLICT, "Refused": REFUSED}
        for path in document["paths"].values():
            for method, operation in path.items():
                answers = operation["responses"]
                answers.pop("422", None)
                answers["default"] = _answer("Refused")
                if method == "post":
                    answers["409"] = _answer("Conflict")
        return document


def _answer(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": name, "content": {"application/json": {"schema": schema}}}


class Command:
    """One command of one caller: its effect and its answer commit together, once."""

    def __init__(self, database: Database, key: str, fingerprint: str) -> None:
        self._database, self._key, self._fingerprint = database, key, fingerprint

    async def once(self, act: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Run `act` in a transaction, or return what it answered the first time.

        Raises:
            ConflictError: the key was used before for another command.
        """
        claim = """
            INSERT INTO command (key, fingerprint) VALUES (:key, :fingerprint)
            ON CONFLICT (key) DO NOTHING RETURNING key"""
        first = "SELECT fingerprint, answer, given_at FROM command WHERE key = :key"
        keep = "UPDATE command SET answer = CAST(:answer AS jsonb) WHERE key = :key"
        values = {"key": self._key, "fingerprint": self._fingerprint}
        async with self._database.begin() as tx:
            if await tx.scalar(sql(claim), values) is None:
                row = (await tx.execute(sql(first), values)).mappings().one()
                if row["fingerprint"] != self._fingerprint:
                    raise ConflictError(
                        f"Idempotency-Key {self._key} was used for another command",
                        {"given_at": row["given_at"], "answer": row["answer"]},
                    )
                answer: Answer = row["answer"]
                return answer
            answer = await act(tx)
            await tx.execute(sql(keep), {"key": self._key, "answer": json.dumps(answer)})
            return answer


async def forget_commands(database: Database) -> int:
    """Delete the answers given more than `KEPT_DAYS` ago; return how many."""
    forget = """
        DELETE FROM command WHERE key IN (
            SELECT key FROM command WHERE given_at < now() - make_interval(days => :days)
            ORDER BY given_at LIMIT :together FOR UPDATE SKIP LOCKED)"""
    values = {"days": KEPT_DAYS, "together": FORGOTTEN_TOGETHER}
    forgotten = 0
    while True:
        async with database.quiet() as tx:
            count = (await tx.execute(sql(forget), values)).rowcount
        forgotten += count
        if count < FORGOTTEN_TOGETHER:
            return forgotten


async def keep_forgetting(database: Database) -> None:
    """Delete old answers for ever, each hour."""
    while True:
        await asyncio.sleep(FORGET_EVERY_S)
        await forget_commands(database)


def command_of(database: Database) -> Callable[..., Awaitable[Command]]:
    """Return the dependency that gives an endpoint its command."""

    async def command(
        request: Request, idempotency_key: Annotated[str, Header(min_length=8, max_length=200)]
    ) -> Command:
        asked = f"{request.method} {request.scope['path']}?".encode()
        digest = hashlib.sha256(asked + request.scope["query_string"] + b"\n")
        digest.update(await request.body())
        return Command(database, idempotency_key, digest.hexdigest())

    return command
