"""Work masters in execution's database: what is made how, a version of which never changes."""

from typing import Any

from sqlalchemy import RowMapping

from services.execution.domain import WorkMaster
from shared.db import sql
from shared.errors import NotFoundError
from shared.masterdata import keep_version
from shared.transaction import Transaction


async def add_work_master(tx: Transaction, master: WorkMaster) -> None:
    """Keep a version of a work master.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "work_master", ("product_id", "version"), master)


async def work_master(tx: Transaction, product_id: str, version: int) -> WorkMaster:
    """Return a version of a work master.

    Raises:
        NotFoundError: no such product or version.
    """
    body = await tx.scalar(
        sql("SELECT body FROM work_master WHERE product_id = :product_id AND version = :version"),
        {"product_id": product_id, "version": version},
    )
    if body is None:
        raise NotFoundError(f"product {product_id} has no work master version {version}")
    return WorkMaster.model_validate(body)


class WorkMasters:
    """The work masters in use; a version never changes, so each is read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], WorkMaster] = {}

    async def of(self, tx: Transaction, request: RowMapping) -> WorkMaster:
        """Return the work master that a work request was expanded from."""
        key = (request["product_id"], request["product_version"])
        if key not in self._read:
            self._read[key] = await work_master(tx, *key)
        return self._read[key]

    async def newest(self, tx: Transaction, product_id: str) -> WorkMaster:
        """Return the newest version for a product.

        Raises:
            NotFoundError: no such product.
        """
        version = await tx.scalar(
            sql("SELECT max(version) FROM work_master WHERE product_id = :product_id"),
            {"product_id": product_id},
        )
        if version is None:
            known = await tx.scalar(
                sql("SELECT string_agg(DISTINCT product_id, ', ') FROM work_master")
            )
            raise NotFoundError(
                f"field product_id: product {product_id} has no work master; "
                f"known are {known or 'none yet'}"
            )
        return await work_master(tx, product_id, version)


async def take_master_data(tx: Transaction, masters: list[WorkMaster]) -> dict[str, Any]:
    """Keep work masters; all or none."""
    for master in masters:
        await add_work_master(tx, master)
    return {"work_masters": [master.product_id for master in masters]}
