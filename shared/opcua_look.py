"""One look at a station, to compare it with the plant file: what it offers, in which units."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asyncua import Client, Node, ua
from asyncua.ua.uaerrors import BadNoMatch, UaError

from shared.errors import StationUnreachableError
from shared.opcua_data import unit_text
from shared.opcua_link import LOST, TIMEOUT_S, Access, connection, stranger
from shared.opcua_offer import explore
from shared.settings import StationSettings
from shared.stationoffer import StationOffer

ATTEMPTS = 3  # a link may just be coming up
NO_SECURITY = "None"
REMEDIES = {
    "BadCertificateUntrusted": "give the station the certificate {own} as trusted",
    "BadSecurityChecksFailed": "put the station's certificate at {theirs} and give it {own}",
    "BadUserAccessDenied": "check user {user} and the password in {password}",
    "BadIdentityTokenRejected": "let user {user} in by password",
    "BadSecurityPolicyRejected": "let it offer SignAndEncrypt with {policy}, or set "
    "security_policy in the plant file",
}


@dataclass(frozen=True, kw_only=True)
class LiveItem:
    """What a station says of one of its values; None where it says nothing.

    unit: as we show it. low, high: its range in that unit. number: whether it is one.
    """

    number: bool
    unit: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class StationLook:
    """What was seen of a station; policies: those with which it lets clients in, by name."""

    offer: StationOffer
    items: Mapping[str, LiveItem] = field(default_factory=dict)
    policies: tuple[str, ...] = ()

    @property
    def open_policy(self) -> bool:
        """Whether it also lets in clients without encryption."""
        return NO_SECURITY in self.policies


async def look(settings: StationSettings, access: Access) -> StationLook:
    """Enter a station, look at it and leave; nothing is changed there.

    Raises:
        StationUnreachableError: it cannot be entered; says why and what helps.
        StationFaultError: its server does not have the machine of the plant file.
    """
    attempt = 1
    while True:
        try:
            async with asyncio.timeout(6 * TIMEOUT_S), connection(settings, access) as client:
                return await _seen(client, settings)
        except LOST as error:
            if attempt == ATTEMPTS or isinstance(error, UaError | FileNotFoundError):
                why = _why(settings, access, error) + await _offers(settings)
                shown = await stranger(settings, access)
                why += f"; {shown}" if shown is not None else ""
                raise StationUnreachableError(why) from error
            attempt += 1


async def _seen(client: Client, settings: StationSettings) -> StationLook:
    nodes, offer = await explore(client, settings)
    items = {signal: await _item(node) for signal, node in nodes.values.items()}
    return StationLook(offer=offer, items=items, policies=_policies(await client.get_endpoints()))


def _policies(endpoints: Iterable[ua.EndpointDescription]) -> tuple[str, ...]:
    """Return the policies of endpoints by name, a weaker mode than encryption beside it."""
    found = set()
    for endpoint in endpoints:
        name = str(endpoint.SecurityPolicyUri).rpartition("#")[2]
        signed_only = endpoint.SecurityMode == ua.MessageSecurityMode.Sign
        found.add(f"{name} (signed only)" if signed_only else name)
    return tuple(sorted(found))


async def _offers(settings: StationSettings) -> str:
    """Ask a server that does not let us in what it offers; discovery needs no security."""
    client = Client(settings.endpoint, timeout=TIMEOUT_S)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            policies = _policies(await client.connect_and_get_server_endpoints())
    except LOST:
        return ""
    finally:
        client.disconnect_socket()
    return f"; it offers {', '.join(policies)}"


async def _item(node: Node) -> LiveItem:
    try:
        data = await node.read_data_value(raise_on_bad_status=False)
    except UaError:
        return LiveItem(number=False)
    value = data.Value.Value if data.Value is not None else None
    number = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    unit, span = await _property(node, "EngineeringUnits"), await _property(node, "EURange")
    return LiveItem(
        number=number and (data.StatusCode is None or data.StatusCode.name != "BadNodeIdUnknown"),
        unit=unit_text(unit) if isinstance(unit, ua.EUInformation) else None,
        low=float(span.Low) if isinstance(span, ua.Range) else None,
        high=float(span.High) if isinstance(span, ua.Range) else None,
    )


async def _property(node: Node, name: str) -> object:
    try:
        found: object = await (await node.get_child(f"0:{name}")).read_value()
    except BadNoMatch:
        return None
    return found


def _why(settings: StationSettings, access: Access, error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is missing; docs/how-to/connect-a-real-station.md says what it is"
    remedy = REMEDIES.get(type(error).__name__, "is the endpoint right, and does it run?")
    says = remedy.format(
        own=access.certificate,
        theirs=access.server_certificate,
        user=access.user,
        password=access.password_file,
        policy=settings.security_policy,
    )
    return f"{settings.endpoint} cannot be entered ({error!r}); {says}"
