"""The gateway's own section of a master data document: the alarm table and production norms."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway import alarmstore, oeestore
from services.gateway.alarmtable import AlarmDefinition
from services.gateway.oeenorms import ProductionNorm
from shared.db import Database
from shared.errors import ConflictError, InvalidInputError, MesError


class OwnMasterData(BaseModel):
    """Rows of the alarm table, and what operations should take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alarm_definitions: tuple[AlarmDefinition, ...] = Field(default=(), max_length=2000)
    production_norms: tuple[ProductionNorm, ...] = Field(default=(), max_length=500)


async def keep_own(database: Database, body: str) -> dict[str, Any]:
    """Keep the section whole or not at all, and say whether it was taken as other services do."""
    try:
        section = OwnMasterData.model_validate_json(body)
        async with database.begin() as tx:
            for definition in section.alarm_definitions:
                await alarmstore.add_definition(tx, definition)
            for norm in section.production_norms:
                await oeestore.add_norm(tx, norm)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        detail = f"gateway: {where}: {first['msg'].removeprefix('Value error, ')}"
        return {"taken": False, "code": InvalidInputError.__name__, "detail": detail}
    except MesError as error:
        kept = {"current": error.current} if isinstance(error, ConflictError) else {}
        return {"taken": False, "code": type(error).__name__, "detail": str(error), **kept}
    counts = {
        "alarm_definitions": len(section.alarm_definitions),
        "production_norms": len(section.production_norms),
    }
    return {"taken": True, "answer": counts}
