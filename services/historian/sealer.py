"""The process that seals: one round of work, told its settings on standard input, then it ends."""

import asyncio
import json
import os
import sys

import structlog

from services.historian.sealing import CLAIM, Sealing
from services.historian.settings import HistorianSettings
from shared.observability import configure_logs
from shared.outbox import Outbox
from shared.parts import parts_of

log = structlog.get_logger()
WORDS = (sys.executable, "-m", "services.historian.sealer")
NICENESS = 10  # sealing can wait, the taking of rows cannot


async def seal_in_other_process(settings: HistorianSettings) -> None:
    """Run one round in a process of its own; it is ended with this task.

    What it was at is then a file outside the catalogue, and its rows are still in the database.
    """
    process = await asyncio.create_subprocess_exec(*WORDS, stdin=asyncio.subprocess.PIPE)
    try:
        await process.communicate(settings.model_dump_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.error("sealing failed; it is tried again", exit_code=process.returncode)


async def _round(settings: HistorianSettings) -> None:
    parts = parts_of(settings)
    outbox = Outbox(settings.service, parts.plant.site, parts.database, parts.clock, parts.new_id)
    sealing = Sealing(parts.database, outbox, parts.clock, settings)
    try:
        await parts.database.alone(CLAIM, sealing.work)
    finally:
        await parts.database.close()
        await parts.http.aclose()


if __name__ == "__main__":
    os.nice(NICENESS)
    told = HistorianSettings(**json.loads(sys.stdin.read()))
    configure_logs(told.service)
    asyncio.run(_round(told))
