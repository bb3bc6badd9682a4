"""What one job order of an operation should take, as the plant's master data has it."""

from pydantic import BaseModel, ConfigDict, Field


class ProductionNorm(BaseModel):
    """Planned station time of one job order (plant seconds), and the gates that judge its lot.

    An operation where a rate makes no sense, as of a furnace or a tester, has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str = Field(min_length=1, max_length=60)
    version: int = Field(ge=1)
    planned_s: float = Field(gt=0)
    source: str = Field(min_length=1, max_length=300)
    gates: tuple[str, ...] = Field(default=(), max_length=20)
