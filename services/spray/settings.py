"""Settings of the spray service: those every service has."""

from shared.settings import ServiceSettings


class SpraySettings(ServiceSettings):
    """Nothing of its own."""
