"""Settings of the sintering service."""

from pydantic import Field

from shared.settings import ServiceSettings


class SinteringSettings(ServiceSettings):
    """How long a load that leaves room waits for more of its recipe, in plant seconds."""

    load_wait_s: float = Field(default=1800.0, ge=0)
