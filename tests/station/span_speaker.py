"""A process that works in a trace and sends its spans; its words: database and collector."""

import asyncio
import sys

import httpx

from deploy.contracts import service_named
from shared.spans import exported
from shared.tracing import carry_on, following, span

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = CALLER[:-2] + "00"
SECRET = "a value of a recipe"


async def work(database_url: str) -> None:
    """Answer requests and do a piece of work of the same trace, one that fails too."""
    service = service_named("formation", database_url)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://s", event_hooks={"request": [carry_on]}
    ) as http:
        with following(CALLER), span("station order stored", job_order_id="J1"):
            (await http.get("/set-aside", params={"limit": "9"})).raise_for_status()
            await http.get("/livez")
        with following(UNSAMPLED), span("not to be measured"):
            await http.get("/set-aside")
        begun = await http.get("/set-aside")
        print(begun.headers["traceresponse"])
        try:
            with following(CALLER), span("a step that fails"):
                raise ValueError(SECRET)
        except ValueError:
            pass
    await service.http.aclose()
    await service.database.close()


if __name__ == "__main__":
    with exported("formation", sys.argv[2], replica="formation-0"):
        asyncio.run(work(sys.argv[1]))
