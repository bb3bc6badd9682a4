"""Settings of the trace service."""

from pydantic import Field

from shared.settings import ServiceSettings


class TraceSettings(ServiceSettings):
    """How often the record is sealed. seal_every_s: wall seconds."""

    seal_every_s: float = Field(default=1.0, gt=0)
