"""Test specifications and exposure budgets in quality's database; the newest version acts."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.quality.domain import ExposureBudget, TestSpecification
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError


async def add_specification(tx: AsyncConnection, spec: TestSpecification) -> None:
    """Keep a version of a test specification.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    key = spec.model_dump(include={"gate", "product_id", "operation", "version"})
    await tx.execute(
        sql("""
            INSERT INTO test_specification (gate, product_id, operation, version, body)
            VALUES (:gate, :product_id, :operation, :version, CAST(:body AS jsonb))
            ON CONFLICT DO NOTHING"""),
        {**key, "body": spec.model_dump_json()},
    )
    held = await tx.scalar(
        sql("""
            SELECT body FROM test_specification
            WHERE gate = :gate AND product_id = :product_id AND operation = :operation
              AND version = :version"""),
        key,
    )
    if TestSpecification.model_validate(held) != spec:
        raise ConflictError(
            f"test specification {spec.gate} of {spec.product_id} {spec.operation} version "
            f"{spec.version} exists with other content; a change is a new version"
        )


async def specifications(
    tx: AsyncConnection, product_id: str, operation: str
) -> list[TestSpecification]:
    """Return the newest version of each gate of an operation."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (gate) body FROM test_specification
        WHERE product_id = :product_id AND operation = :operation ORDER BY gate, version DESC""",
        product_id=product_id,
        operation=operation,
    )
    return [TestSpecification.model_validate(row["body"]) for row in rows]


async def add_budget(tx: AsyncConnection, budget: ExposureBudget) -> None:
    """Keep a version of an exposure budget.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    key = budget.model_dump(include={"state", "product_id", "version"})
    await tx.execute(
        sql("""
            INSERT INTO exposure_budget (state, product_id, version, body)
            VALUES (:state, :product_id, :version, CAST(:body AS jsonb)) ON CONFLICT DO NOTHING"""),
        {**key, "body": budget.model_dump_json()},
    )
    held = await tx.scalar(
        sql("""
            SELECT body FROM exposure_budget
            WHERE state = :state AND product_id = :product_id AND version = :version"""),
        key,
    )
    if ExposureBudget.model_validate(held) != budget:
        raise ConflictError(
            f"exposure budget {budget.state} of {budget.product_id} version {budget.version} "
            "exists with other content; a change is a new version"
        )


async def budgets(tx: AsyncConnection, product_id: str) -> list[ExposureBudget]:
    """Return the newest version of each budget of a product."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (state) body FROM exposure_budget
        WHERE product_id = :product_id ORDER BY state, version DESC""",
        product_id=product_id,
    )
    return [ExposureBudget.model_validate(row["body"]) for row in rows]
