"""Settings of the sintering service."""

from pydantic import Field

from shared.settings import ServiceSettings


class SinteringSettings(ServiceSettings):
    """How furnaces are planned.

    load_wait_s: a load that leaves room waits so long for more of its recipe, in plant seconds.
    plan_frozen_s: what starts within so many plant seconds stays in its furnace. plan_search_s: a
    better plan is searched for so long after each change, in wall seconds; 0: never.
    """

    load_wait_s: float = Field(default=1800.0, ge=0)
    plan_frozen_s: float = Field(default=3600.0, ge=0)
    plan_search_s: float = Field(default=5.0, ge=0, le=600)
