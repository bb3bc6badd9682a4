"""Control charts as versioned master data: which values are plotted, how, and what to do then."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.quality.chartfactors import LARGEST_SUBGROUP
from services.quality.controlchart import (
    COUNTED,
    GROUPED,
    WITHOUT_RUN_RULES,
    ChartKind,
    Design,
)
from services.quality.domain import Identifier, Input, Name, Status
from services.quality.runrules import RULES
from services.quality.store import all_rows
from shared.masterdata import keep_version
from shared.transaction import Transaction
from shared.units import display_unit

MeasuredKind = Literal["i_mr", "xbar_r", "xbar_s", "ewma", "cusum", "p", "np", "c", "u"]
By = Literal["product", "equipment"]


class ControlChart(Input):
    """One chart of a characteristic of one product after one operation.

    by: one series for the product, or one for each station or tester channel, which tells a drift
    of the tester from one of the cells. rules: beside the limits, of `runrules.py`.
    action_plan: what is done after a signal, step by step. Charts of counts take a characteristic
    whose name ends in `_count`: `c` any, the others those with a number of items behind them, such
    as `<gate>_nonconforming_count` of a gate that looks at parts.
    """

    chart_id: Identifier
    version: int = Field(ge=1)
    characteristic: Name
    product_id: Identifier
    operation: Name
    kind: MeasuredKind
    by: By = "product"
    subgroup_size: int = Field(default=1, ge=1, le=LARGEST_SUBGROUP)
    weight: float = Field(default=0.2, gt=0, le=1)
    width_sigma: float = Field(default=3.0, gt=0, le=10)
    slack_sigma: float = Field(default=0.5, gt=0, le=5)
    decision_sigma: float = Field(default=5.0, gt=0, le=20)
    rules: tuple[str, ...] = ()
    action_plan: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=1)
    status: Status = "released"

    @model_validator(mode="after")
    def _check(self) -> Self:
        grouped = self.kind in GROUPED
        if grouped and self.subgroup_size < 2:
            raise ValueError(f"subgroup_size of {self.kind} is 1; it must be at least 2")
        if not grouped and self.subgroup_size != 1:
            raise ValueError(f"subgroup_size of {self.kind} is {self.subgroup_size}; it must be 1")
        if self.kind in COUNTED and not self.characteristic.endswith("_count"):
            raise ValueError(f"{self.kind} counts; {self.characteristic} is no count")
        if unknown := sorted(set(self.rules) - set(RULES)):
            raise ValueError(f"rule is {unknown[0]}; there are {', '.join(RULES)}")
        if self.rules and self.kind in WITHOUT_RUN_RULES:
            raise ValueError(f"points of {self.kind} depend on each other; rules must be empty")
        return self

    @property
    def unit(self) -> str:
        """The unit of the plotted values."""
        return display_unit(self.characteristic)

    @property
    def design(self) -> Design:
        """What its limits and points are computed with."""
        kind: ChartKind = self.kind
        return Design(
            kind=kind,
            subgroup_size=self.subgroup_size,
            weight=self.weight,
            width_sigma=self.width_sigma,
            slack_sigma=self.slack_sigma,
            decision_sigma=self.decision_sigma,
        )


async def add_chart(tx: Transaction, chart: ControlChart) -> None:
    """Keep a version of a control chart; a new version begins a new baseline.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "control_chart", ("chart_id", "version"), chart)


async def charts(tx: Transaction) -> list[ControlChart]:
    """Return the newest version of each chart."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (chart_id) body FROM control_chart
        ORDER BY chart_id, version DESC""",
    )
    return [ControlChart.model_validate(row["body"]) for row in rows]
