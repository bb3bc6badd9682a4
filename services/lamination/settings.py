"""Settings of the lamination service: those every service has."""

from shared.settings import ServiceSettings


class LaminationSettings(ServiceSettings):
    """Nothing of its own."""
