"""Times what the door of a service's port adds to a request, beside an app that only answers."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.door import Door
from shared.permissions import PERMISSIONS
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key
from shared.tokens import RENEWED_AFTER_S as USED_FOR_S
from shared.tokens import Signer, Verifier

SERVICE = "execution"


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def per_request_us(app: ASGIApp, tokens: list[str]) -> float:
    """Return the CPU of one request with each of the tokens, in microseconds."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"refused with {message['status']}")

    path = "/lots/L1/holds"
    begun = time.process_time()
    for token in tokens:
        headers = [(b"host", b"x"), (b"authorization", f"Bearer {token}".encode())]
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await app(scope, receive, send)
    return 1e6 * (time.process_time() - begun) / len(tokens)


async def measured(count: int, folder: Path) -> dict[str, float]:
    """Return the CPU of a request by what it meets, in microseconds."""
    ensure_key(folder, "gateway", time.time(), RENEWED_AFTER_S)
    signer = Signer(folder, "gateway")
    door = Door(answering, SERVICE, Verifier(folder, SERVICE))
    begun = time.process_time()
    fresh = [signer.token(SERVICE, PERMISSIONS, str(n), "P") or "" for n in range(count // 10)]
    signed_us = 1e6 * (time.process_time() - begun) / len(fresh)
    same = [fresh[0]] * count
    bare_us = await per_request_us(answering, same)
    return {
        "no door": bare_us,
        "a new token": await per_request_us(door, fresh),
        "a token that is known": await per_request_us(door, same),
        "signing one": signed_us,
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="requests with one token")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        for name, cpu_us in asyncio.run(measured(count, Path(folder))).items():
            print(f"{name:<24} {cpu_us:>8.1f} us CPU")
    print(f"a token is used again for {USED_FOR_S:.0f} s")


if __name__ == "__main__":
    main()
