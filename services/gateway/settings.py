"""Settings of the gateway: those every service has, and where the built web app lies."""

from pathlib import Path

from shared.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Where the operators' web app is; `make web` builds it."""

    web_dir: Path = Path(__file__).parent / "web" / "dist"
