"""Versioned master data: a version, once kept, never changes."""

from collections.abc import Sequence

from pydantic import BaseModel

from shared.db import sql
from shared.errors import ConflictError
from shared.transaction import Transaction


async def keep_version(tx: Transaction, table: str, key: Sequence[str], item: BaseModel) -> None:
    """Keep a version of an item; the same version with the same content may come again.

    `key` names the columns, and fields of the item, that make one version; `body` holds it whole.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    values = item.model_dump(include=set(key)) | {"body": item.model_dump_json()}
    columns = ", ".join(key)
    places = ", ".join(f":{name}" for name in key)
    insert = f"""
        INSERT INTO {table} ({columns}, body) VALUES ({places}, CAST(:body AS jsonb))
        ON CONFLICT DO NOTHING"""
    await tx.execute(sql(insert), values)
    held = f"SELECT body FROM {table} WHERE ({columns}) = ({places})"
    current = await tx.scalar(sql(held), values)
    if type(item).model_validate(current) != item:  # a field that came later has its default
        *names, version = (values[name] for name in key)
        raise ConflictError(
            f"{table.replace('_', ' ')} {' '.join(names)} version {version} exists with other "
            "content; a change is a new version",
            current,
        )
