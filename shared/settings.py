"""What a process is told at its start: its own settings from the environment and the plant file."""

import ssl
import tomllib
from datetime import date, time
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import InvalidInputError

ServiceName = Literal[
    "execution",
    "sintering",
    "spray",
    "lamination",
    "formation",
    "quality",
    "trace",
    "historian",
    "plc",
    "gateway",
]
SERVICES: tuple[str, ...] = get_args(ServiceName)
HOST_NAME = r"^[A-Za-z0-9.:-]+$"
NODE = r"^nsu=[^;]+;[isgb]=.+$"
StationKind = Literal[
    "mill",
    "dryer",
    "press",
    "furnace",
    "gauge",
    "eap",
    "laminator",
    "sealer",
    "rack",
    "analyser",
    "dryroom",
    "glovebox",
]


SecurityPolicy = Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]

Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _certificates(text: str) -> str:
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, TypeError, ValueError) as error:
        raise ValueError(f"must be certificates in PEM: {error}") from error
    return text


Certificates = Annotated[str, Field(min_length=1), AfterValidator(_certificates)]


class StationSettings(BaseModel):
    """One machine with an OPC UA server, as the plant file describes it.

    node: the machine's own node, `nsu=<uri>;s=<name>`; below Machines by its name when None.
    namespace: URI of the machine's own nodes. items: node of each live value by its signal; what
    stands below ProcessValues when empty. sampling_ms: how often the station looks at a value,
    0: it tells each change. most_items: values it can watch at once; small PLCs end near 1000.
    most_queued: changes of one value that it keeps while nobody fetches them; it may keep fewer.
    smallest_change: by signal, in its unit; smaller changes are not recorded. tolerance: by
    parameter, in its unit, what a value read back may differ from the one sent, beside a
    relative 1e-6. security_policy: with which its messages are signed and encrypted.
    start_before_read_back: give jobs also to a machine that can only store and start in one.
    without_trace: an EAP station that keeps no traces; its faces are judged without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    equipment_id: str = Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")
    kind: StationKind
    service: ServiceName
    endpoint: str = Field(pattern=r"^opc\.tcp://")
    security_policy: SecurityPolicy = "Basic256Sha256"
    start_before_read_back: bool = False
    without_trace: bool = False
    node: str | None = Field(default=None, pattern=NODE)
    namespace: str | None = Field(default=None, min_length=1)
    items: dict[str, Annotated[str, Field(pattern=NODE)]] = Field(default_factory=dict)
    sampling_ms: float = Field(default=250.0, ge=0.0, le=3_600_000.0)
    most_items: int = Field(default=1000, gt=0)
    most_queued: int = Field(default=100, ge=1, le=10_000)
    smallest_change: dict[str, Amount] = Field(default_factory=dict)
    tolerance: dict[str, Amount] = Field(default_factory=dict)
    capacity_parts: int | None = Field(default=None, gt=0)
    capacity_g: float | None = Field(default=None, gt=0)
    tray_positions: int | None = Field(default=None, gt=0)
    highest_temperature_degc: float | None = Field(default=None, gt=0)
    highest_ramp_degc_per_min: float | None = Field(default=None, gt=0)
    highest_frequency_hz: float | None = Field(default=None, gt=0)
    atmospheres: tuple[str, ...] = ("air",)

    @property
    def name(self) -> str:
        """The last part of the equipment id, the station's own name on the wire."""
        return self.equipment_id.rsplit("/", 1)[-1]

    @property
    def own_namespace(self) -> str:
        """The namespace URI of the machine's own nodes."""
        return self.namespace or f"urn:halite:station:{self.name}"

    @property
    def takes_jobs(self) -> bool:
        """Whether it is given job orders, and does not only measure."""
        return self.kind not in ("dryroom", "glovebox")

    @property
    def area(self) -> str:
        """The area part of the equipment id."""
        return self.equipment_id.split("/")[1]


class ChannelRange(BaseModel):
    """Channels of a tester with another current range than most; uncertainty of full scale.

    channels: their names, `1-17-*` for all of a unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    current_range_ma: float = Field(gt=0)
    current_uncertainty_ratio: float = Field(gt=0)


class TesterSettings(BaseModel):
    """One battery tester with its channels, as the plant file describes it.

    ranges: of channels that have another range; the first that names a channel counts. share: the
    folder of step files and records as the tester's PC names it, such as `Z:\\halite`; when not
    given, as Halite's machine does.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    model_config = ConfigDict(frozen=True, extra="forbid")

    equipment_id: str = Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){3}$")
    service: ServiceName
    protocol: Literal["neware", "arbin"]
    endpoint: str = Field(pattern=r"^tcp://")
    channel_count: int = Field(gt=0)
    device_type: int
    device_id: int
    current_range_ma: float = Field(gt=0)
    voltage_range_v: float = Field(gt=0)
    current_uncertainty_ratio: float = Field(gt=0)
    calibration_due: date
    chamber_temperature_degc: float
    ranges: tuple[ChannelRange, ...] = ()
    share: str | None = Field(default=None, pattern=r"^([A-Za-z]:\\|\\\\|/)")

    def share_there(self, share: Path) -> PurePath:
        """Return what the tester's PC calls the folder that Halite's machine calls `share`."""
        if self.share is None:
            return share
        return PurePosixPath(self.share) if self.share[0] == "/" else PureWindowsPath(self.share)

    def current_range_of(self, channel: str) -> tuple[float, float]:
        """Return the range (mA) and the uncertainty (of full scale) of a channel."""
        for item in self.ranges:
            if any(fnmatchcase(channel, pattern) for pattern in item.channels):
                return item.current_range_ma, item.current_uncertainty_ratio
        return self.current_range_ma, self.current_uncertainty_ratio


class ManufacturerSettings(BaseModel):
    """Who makes the cells, as battery passports name them.

    product_uri: what a cell's id is put behind to make the address of its passport.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    identifier: str = Field(min_length=1)
    facility_identifier: str = Field(min_length=1)
    product_uri: str | None = Field(default=None, pattern=r"^https?://")


class ErpSettings(BaseModel):
    """Where confirmations go.

    url: each is sent to it by POST, in order, until it is taken. authority: certificates in PEM of
    the authority by which it is known over TLS; the public ones when not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://")
    authority: Certificates | None = None


class ShiftSettings(BaseModel):
    """One shift of each day; it ends with the next.

    begins: such as `"06:00"`, by the wall clock of the plant's time zone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=40)
    begins: time


class OidcSettings(BaseModel):
    """The site's OpenID provider, by which persons may sign in.

    The client's secret is a file of the plant, `secrets/gateway/oidc-client-secret`.

    issuer: as the provider names itself. client_id: as it names this plant. public_url: how
    browsers reach this plant; the provider must know `{public_url}/api/session/oidc/callback`.
    name: what the button says. scope: what it is asked to tell. groups_claim: where an ID token
    lists groups. roles: the roles that each group gives; who is in none of these groups is not let
    in. authority: certificates in PEM of the authority by which the provider is known over TLS;
    the public ones when not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^https?://[^?#]+$")
    client_id: str = Field(min_length=1)
    public_url: str = Field(pattern=r"^https?://[^/?#]+$")
    name: str = Field(default="OpenID", min_length=1, max_length=40)
    scope: str = "openid profile groups"
    groups_claim: str = "groups"
    roles: dict[str, tuple[str, ...]] = Field(min_length=1)
    authority: Certificates | None = None


class PlantSettings(BaseModel):
    """The plant file: site, stations, testers, and whom it tells what.

    opcua_without_security: let PLCs enter with policy None too, in a demo on one machine.
    time_zone: IANA name, in which shifts begin. public_names: host names and addresses by which
    persons reach the gateway; they stand in the certificate that the plant makes for it. shift,
    station, tester, manufacturer, erp, oidc: a table of its own each, below.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str = Field(pattern=r"^[a-z0-9-]+$")
    line: str
    opcua_without_security: bool = False
    time_zone: str = "UTC"
    public_names: tuple[Annotated[str, Field(pattern=HOST_NAME)], ...] = ()
    shift: tuple[ShiftSettings, ...] = ()
    station: tuple[StationSettings, ...] = ()
    tester: tuple[TesterSettings, ...] = ()
    manufacturer: ManufacturerSettings | None = None
    erp: ErpSettings | None = None
    oidc: OidcSettings | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name} is no time zone of the IANA database") from error
        return name

    def stations_of(self, service: str) -> tuple[StationSettings, ...]:
        """Return the stations that one service drives, in the order of the file."""
        return tuple(station for station in self.station if station.service == service)


def read_plant(path: Path) -> PlantSettings:
    """Read and check the plant file.

    Raises:
        InvalidInputError: not readable, not TOML, or a field is missing, unknown or wrong.
    """
    try:
        return PlantSettings.model_validate(tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(f"plant file {path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"plant file {path}: {where}: {first['msg']}") from error


class ServiceSettings(BaseSettings):
    """Settings every service has; read once in its `main.py` from `HALITE_…` variables.

    replica: tells several processes of one service apart at the broker; empty for the only one.
    mqtt_url: `mqtts` for TLS, with the certificate in tls_dir (`ca.pem`, `cert.pem`, `key.pem`;
    `{data_dir}/tls/{service}` when not given). keys_dir: what is given to this service alone and
    not renewed by the plant, one file each: passwords of stations and PLCs by their names, the
    provider's `oidc-client-secret`, `seal.key` and `documents.pem` of the record; their places
    below `{data_dir}/secrets` when not given. otlp_url: of a collector that is sent how long each
    part of a trace took, such as `http://collector:4318/v1/traces`; empty: nowhere.
    service_urls: address of each service by name, all http or all https; the one of this service
    itself says whether its port speaks TLS.
    """

    model_config = SettingsConfigDict(env_prefix="HALITE_", frozen=True, extra="ignore")

    service: ServiceName
    replica: str = ""
    host: str = "127.0.0.1"
    port: int = Field(gt=0, lt=65536)
    database_url: str
    mqtt_url: str = "mqtt://127.0.0.1:8090"
    plant_file: Path = Path("deploy/plant.toml")
    data_dir: Path = Path(".halite")
    clock_file: Path | None = None
    nodesets: Path = Path(".cache/nodesets")
    tls_dir: Path | None = None
    keys_dir: Path | None = None
    service_urls: dict[str, str] = Field(default_factory=dict)
    otlp_url: str = Field(default="", pattern=r"^(https?://.+)?$")

    @field_validator("service_urls")
    @classmethod
    def _one_scheme(cls, urls: dict[str, str]) -> dict[str, str]:
        schemes = {url.split("://")[0]: f"{name} {url}" for name, url in urls.items()}
        if not set(schemes) <= {"http", "https"} or len(schemes) > 1:
            raise ValueError(f"must be all http:// or all https://: {', '.join(schemes.values())}")
        return urls

    @property
    def speaks_tls(self) -> bool:
        """Whether this service is called over TLS, as its own address says."""
        return self.service_urls.get(self.service, "").startswith("https://")

    @property
    def is_for_persons(self) -> bool:
        """Whether `port` is for persons of this machine alone, and plain; only the gateway's is."""
        return False

    @property
    def identity_dir(self) -> Path:
        """The certificate of this service, its key, and the authority of the plant."""
        return self.tls_dir or self.data_dir / "tls" / self.service

    @property
    def pki_dir(self) -> Path:
        """Certificates, keys and trust lists of OPC UA."""
        return self.data_dir / "pki"

    @property
    def secrets_dir(self) -> Path:
        """One file per secret, readable by the plant's user alone."""
        return self.data_dir / "secrets"

    def given_key(self, name: str, folder: str = "") -> Path:
        """Return the file of a secret that a person or the site gives, never this service itself.

        folder: where it lies below `secrets_dir` in a plant that has all its secrets there.
        """
        return self.keys_dir / name if self.keys_dir else self.secrets_dir / folder / name

    @property
    def token_keys(self) -> Path:
        """The keys of the tokens that services show each other."""
        return self.secrets_dir / "tokens"
