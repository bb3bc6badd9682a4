"""Settings of the gateway: those every service has, and where the built web app lies."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Where the operators' web app is, which `make web` builds.

    wait_limit_s: wall seconds that an event of a service may wait before it is an alarm.
    disk_limit_mb: free space on a service's disk below which it is one. requests_per_s: how many
    one person or program, or who is not signed in of one address, may make in the long run,
    requests_at_once: at once before that counts. sessions_per_person: in force at once; one more
    ends the one that was not used for longest.
    services_port: where services come in, over TLS; `port` is then for persons of this machine
    alone, plain. None: all come to `port`.
    https_port: where the app is served to persons over TLS too, with the certificate in tls_dir,
    None: nowhere; https_host: on which address, since that port is for other machines all by
    default.
    """

    web_dir: Path = Path(__file__).parent / "web" / "dist"
    wait_limit_s: float = Field(default=10.0, gt=0)
    disk_limit_mb: float = Field(default=1000.0, gt=0)
    requests_per_s: float = Field(default=50.0, gt=0)
    requests_at_once: int = Field(default=500, ge=1)
    sessions_per_person: int = Field(default=50, ge=1)
    services_port: int | None = Field(default=None, gt=0, lt=65536)
    https_host: str = "0.0.0.0"
    https_port: int | None = Field(default=None, gt=0, lt=65536)

    @property
    def is_for_persons(self) -> bool:
        """Whether services have a port of their own."""
        return self.services_port is not None
