"""Who may do what: roles, what each may, and what each request to the gateway needs."""

from collections.abc import Collection
from typing import Literal, get_args

from shared.errors import NotAllowedError
from shared.permissions import PERMISSIONS, READING, Permission, command_need, matches

Role = Literal[
    "viewer", "operator", "planner", "engineer", "quality", "maintenance", "administrator"
]
ROLES: tuple[Role, ...] = get_args(Role)
MAY: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "operate"}),
    "planner": frozenset({"read", "plan"}),
    "engineer": frozenset({"read", "operate", "engineer"}),
    "quality": frozenset({"read", "operate", "decide"}),
    "maintenance": frozenset({"read", "operate", "maintain"}),
    "administrator": frozenset({"read", "administer"}),
}
# Commands of services whose body names who gives them, and may carry a second person who signs.
SIGNED: tuple[tuple[str, str], ...] = (
    ("*", "/operators/{station}"),
    ("*", "/operators/{station}/end"),
    ("*", "/trainings"),
    ("execution", "/lots/{lot_id}/holds"),
    ("execution", "/lots/{lot_id}/holds/{gate}/end"),
    ("execution", "/sodium/moves"),
    ("execution", "/sodium/scraps"),
    ("execution", "/sodium/scraps/{scrap_id}/confirmations"),
    ("execution", "/work-requests/{work_request_id}/close"),
    ("historian", "/retention-holds"),
    ("historian", "/retention-holds/{hold_id}/end"),
    ("lamination", "/job-orders/{job_order_id}/scans"),
    ("lamination", "/part-measurements"),
    ("quality", "/actions/{action_id}/done"),
    ("quality", "/chart-signals/{signal_id}/answers"),
    ("quality", "/control-charts/{chart_id}/limits"),
    ("quality", "/gauge-records"),
    ("quality", "/job-orders/{job_order_id}/evaluations"),
    ("quality", "/nonconformances"),
    ("quality", "/nonconformances/{nonconformance_id}/actions"),
    ("quality", "/nonconformances/{nonconformance_id}/causes"),
    ("quality", "/nonconformances/{nonconformance_id}/containments"),
    ("quality", "/openings"),
    ("quality", "/openings/{lot_id}/end"),
    ("spray", "/glue-lots/{lot_id}/receipt"),
    ("spray", "/glue-mixes"),
    ("spray", "/glue-mixes/{lot_id}/checks"),
    ("spray", "/glue-mixes/{lot_id}/disposal"),
    ("spray", "/lots/{lot_id}/cure-results"),
)
# Those whose body has a signature under a name, or is one (no name): login and password, each time.
WITH_SIGNATURE: tuple[tuple[str, str, str], ...] = (
    ("quality", "/actions/{action_id}/effectiveness", "signature"),
    ("quality", "/nonconformances/{nonconformance_id}/closings", "signature"),
    ("quality", "/nonconformances/{nonconformance_id}/dispositions", "signature"),
    (
        "quality",
        "/nonconformances/{nonconformance_id}/dispositions/{disposition_id}/signatures",
        "",
    ),
    ("quality", "/release-signatures", "signature"),
    ("quality", "/sampling-resumptions", "signature"),
    ("quality", "/specification-signatures", "signature"),
    ("quality", "/waivers", "signature"),
    ("quality", "/waivers/{waiver_id}/revocations", ""),
    ("quality", "/waivers/{waiver_id}/signatures", ""),
    ("trace", "/recalls", ""),
    ("trace", "/recalls/{recall_id}/end", ""),
)
# The gateway's own commands; an empty need: whoever is signed in.
OWN: tuple[tuple[str, Permission | None], ...] = (
    ("/api/alarms/{alarm_id}/acknowledge", "operate"),
    ("/api/alarms/{alarm_id}/in-service", "maintain"),
    ("/api/alarms/{alarm_id}/out-of-service", "maintain"),
    ("/api/alarms/{alarm_id}/shelve", "operate"),
    ("/api/alarms/{alarm_id}/unshelve", "operate"),
    ("/api/downtime-reasons", "operate"),
    ("/api/handovers", "operate"),
    ("/api/handovers/{handover_id}/take-over", "operate"),
    ("/api/keys", "administer"),
    ("/api/keys/{key_id}/end", "administer"),
    ("/api/master-data", "engineer"),
    ("/api/persons", "administer"),
    ("/api/persons/{login}", "administer"),
    ("/api/persons/{login}/badge", "administer"),
    ("/api/persons/{login}/badge/end", "administer"),
    ("/api/persons/{login}/password", "administer"),
    ("/api/session/end", None),
    ("/api/session/password", None),
    ("/api/set-aside/{name}/{event_id}/retry", "maintain"),
    ("/api/spectra", "operate"),
    ("/api/test-files", "operate"),
    ("/api/work-schedules", "plan"),
)
PRIVATE = ("/api/persons", "/api/keys")  # what only administrators may look at
# Commands that bind to no place: whoever may give them anywhere may give them everywhere. A shift
# is handed over by those who worked it, at one area or all; the reason of a stop is said by who saw
# it, and stands in that person's name.
ANYWHERE: tuple[tuple[str, str], ...] = (
    ("alarms", "/{alarm_id}/acknowledge"),
    ("downtime-reasons", "/"),
    ("execution", "/lots/{lot_id}/holds"),
    ("handovers", "/"),
    ("handovers", "/{handover_id}/take-over"),
    ("quality", "/nonconformances"),
)


def permissions_of(roles: Collection[Role]) -> frozenset[Permission]:
    """Return what somebody with these roles may."""
    return frozenset().union(*(MAY[role] for role in roles))


def giving() -> dict[Permission, list[Role]]:
    """Return which roles give each permission."""
    return {need: [role for role in ROLES if need in MAY[role]] for need in PERMISSIONS}


def needed(method: str, path: str) -> Permission | None:
    """Return what a request to the gateway needs; None: to be signed in.

    Raises:
        NotAllowedError: a command that nobody has been given yet.
    """
    if method in READING:
        return "administer" if path in PRIVATE else "read"
    for pattern, need in OWN:
        if matches(pattern, path):
            return need
    service, _, rest = path.removeprefix("/api/").partition("/")
    permission = command_need(service, f"/{rest}")
    if permission is not None and permission != "exchange":
        return permission
    raise NotAllowedError(f"{method} {path} is no command that any role may give")


def signature_of(path: str) -> str | None:
    """Return the name of the signature in a command's body, empty: the body; None: it has none."""
    service, _, rest = path.removeprefix("/api/").partition("/")
    for owner, pattern, name in WITH_SIGNATURE:
        if owner == service and matches(pattern, f"/{rest}"):
            return name
    return None


def is_signed(path: str) -> bool:
    """Say whether a command's body names who gives it."""
    service, _, rest = path.removeprefix("/api/").partition("/")
    return any(
        owner in ("*", service) and matches(pattern, f"/{rest}") for owner, pattern in SIGNED
    )


def is_anywhere(service: str, path: str) -> bool:
    """Say whether a command of a service binds to no place."""
    return any(owner == service and matches(pattern, path) for owner, pattern in ANYWHERE)


def job_order_of(path: str) -> str | None:
    """Return the job order that a command of a service names, None when it names none."""
    parts = path.split("/")
    return parts[2] if path.startswith("/job-orders/") and len(parts) > 3 else None
