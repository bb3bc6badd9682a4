"""Settings of execution: those every service has."""

from shared.settings import ServiceSettings


class ExecutionSettings(ServiceSettings):
    """Nothing of its own."""
