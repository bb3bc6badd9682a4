"""Settings of the plc service."""

from pydantic import Field

from shared.settings import ServiceSettings


class PlcSettings(ServiceSettings):
    """Where the OPC UA server listens and which user may speak for which work unit.

    plc_users: user name -> equipment id; the password is in `{data_dir}/secrets/opcua/<user>`, the
    certificate in `{data_dir}/pki/plc/trusted/<user>.der`. plc_silent_after_s: wall seconds.
    """

    opcua_host: str = "127.0.0.1"
    opcua_port: int = Field(default=8091, gt=0, lt=65536)
    plc_users: dict[str, str] = Field(
        default_factory=lambda: {"plc-demo-client": "pilot/dryroom/assembly/laminator-1"}
    )
    plc_silent_after_s: float = Field(default=5.0, gt=0, le=3600)
    certificate_alarm_days: int = Field(default=45, ge=1, le=700)
