"""Test specifications and exposure budgets in quality's database, and which version acts."""

from services.quality.domain import ExposureBudget, TestSpecification
from services.quality.store import all_rows
from shared.db import sql
from shared.masterdata import keep_version
from shared.transaction import Transaction


async def add_specification(tx: Transaction, spec: TestSpecification) -> None:
    """Keep a version of a test specification; with a rule for it, it waits for its signatures.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    key = ("gate", "product_id", "operation", "version")
    seen = await tx.scalar(
        sql("""
            SELECT 1 FROM test_specification
            WHERE (gate, product_id, operation, version)
                = (:gate, :product_id, :operation, :version)"""),
        spec.model_dump(include=set(key)),
    )
    await keep_version(tx, "test_specification", key, spec)
    if seen is None:
        await tx.execute(
            sql("""
                UPDATE test_specification SET acts = NOT EXISTS (
                    SELECT 1 FROM signature_rule WHERE purpose = 'specification')
                WHERE (gate, product_id, operation, version)
                    = (:gate, :product_id, :operation, :version)"""),
            spec.model_dump(include=set(key)),
        )


async def let_act(
    tx: Transaction, product_id: str, operation: str, gate: str, version: int
) -> None:
    """Let a version of a test specification act from now on."""
    await tx.execute(
        sql("""
            UPDATE test_specification SET acts = true
            WHERE (product_id, operation, gate, version)
                = (:product_id, :operation, :gate, :version)"""),
        {"product_id": product_id, "operation": operation, "gate": gate, "version": version},
    )


async def specifications(
    tx: Transaction, product_id: str, operation: str
) -> list[TestSpecification]:
    """Return the newest version that acts of each gate of an operation."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (gate) body FROM test_specification
        WHERE product_id = :product_id AND operation = :operation AND acts
        ORDER BY gate, version DESC""",
        product_id=product_id,
        operation=operation,
    )
    return [TestSpecification.model_validate(row["body"]) for row in rows]


async def specifications_for(
    tx: Transaction, product_id: str, operation: str, lot_id: str
) -> list[TestSpecification]:
    """Return those of an operation that are for a lot, by what it is made of."""
    rows = await all_rows(
        tx, "SELECT material_definition_id FROM material WHERE lot_id = :lot_id", lot_id=lot_id
    )
    definitions = {row["material_definition_id"] for row in rows}
    return [
        spec
        for spec in await specifications(tx, product_id, operation)
        if spec.material_definition_ids is None
        or not definitions
        or definitions & set(spec.material_definition_ids)
    ]


async def of_product(tx: Transaction, product_id: str) -> list[TestSpecification]:
    """Return the newest version that acts of each gate of a product, after any operation."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (operation, gate) body FROM test_specification
        WHERE product_id = :product_id AND acts ORDER BY operation, gate, version DESC""",
        product_id=product_id,
    )
    return [TestSpecification.model_validate(row["body"]) for row in rows]


async def add_budget(tx: Transaction, budget: ExposureBudget) -> None:
    """Keep a version of an exposure budget.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "exposure_budget", ("state", "product_id", "version"), budget)


async def budgets(tx: Transaction, product_id: str) -> list[ExposureBudget]:
    """Return the newest version of each budget of a product."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (state) body FROM exposure_budget
        WHERE product_id = :product_id ORDER BY state, version DESC""",
        product_id=product_id,
    )
    return [ExposureBudget.model_validate(row["body"]) for row in rows]
