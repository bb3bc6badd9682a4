"""Who may do what: roles, what each may, and what each command of each service needs."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Literal, get_args

from shared.errors import NotAllowedError

Permission = Literal["read", "operate", "plan", "engineer", "decide", "maintain", "administer"]
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
# Service, path and need of each command that the gateway passes on; what is not here is refused.
# A service `*` is any one.
COMMANDS: tuple[tuple[str, str, Permission], ...] = (
    ("*", "/job-orders/{job_order_id}/abort", "operate"),
    ("*", "/job-orders/{job_order_id}/pause", "operate"),
    ("*", "/job-orders/{job_order_id}/resume", "operate"),
    ("*", "/job-orders/{job_order_id}/stop", "operate"),
    ("*", "/master-data", "engineer"),
    ("*", "/operators/{station}", "operate"),
    ("*", "/operators/{station}/end", "operate"),
    ("*", "/set-aside/{event_id}/retry", "maintain"),
    ("execution", "/lots/{lot_id}/holds", "operate"),
    ("execution", "/lots/{lot_id}/holds/{gate}/end", "decide"),
    ("execution", "/sodium/moves", "operate"),
    ("execution", "/sodium/scraps", "operate"),
    ("execution", "/sodium/scraps/{scrap_id}/confirmations", "operate"),
    ("execution", "/work-schedules", "plan"),
    ("formation", "/cell-factors", "operate"),
    ("formation", "/channel-entries", "maintain"),
    ("formation", "/lots/{lot_id}/grades", "decide"),
    ("formation", "/test-files", "operate"),
    ("formation", "/test-files/{sha256}/readings", "operate"),
    ("historian", "/retention-holds", "decide"),
    ("historian", "/retention-holds/{hold_id}/end", "decide"),
    ("lamination", "/job-orders/{job_order_id}/scans", "operate"),
    ("lamination", "/job-orders/{job_order_id}/scans/take-back", "operate"),
    ("lamination", "/part-measurements", "operate"),
    ("plc", "/trust/{fingerprint}/accept", "maintain"),
    ("plc", "/trust/{fingerprint}/reject", "maintain"),
    ("quality", "/actions/{action_id}/done", "operate"),
    ("quality", "/actions/{action_id}/effectiveness", "decide"),
    ("quality", "/bias-studies", "read"),
    ("quality", "/chart-signals/{signal_id}/answers", "decide"),
    ("quality", "/control-charts/{chart_id}/limits", "engineer"),
    ("quality", "/gauge-records", "operate"),
    ("quality", "/gauge-studies", "read"),
    ("quality", "/job-orders/{job_order_id}/evaluations", "decide"),
    ("quality", "/nonconformances", "operate"),
    ("quality", "/nonconformances/{nonconformance_id}/actions", "decide"),
    ("quality", "/nonconformances/{nonconformance_id}/causes", "decide"),
    ("quality", "/nonconformances/{nonconformance_id}/closings", "decide"),
    ("quality", "/nonconformances/{nonconformance_id}/containments", "decide"),
    ("quality", "/nonconformances/{nonconformance_id}/dispositions", "decide"),
    (
        "quality",
        "/nonconformances/{nonconformance_id}/dispositions/{disposition_id}/signatures",
        "decide",
    ),
    ("quality", "/openings", "operate"),
    ("quality", "/openings/{lot_id}/end", "operate"),
    ("quality", "/release-signatures", "decide"),
    ("quality", "/sampling-resumptions", "decide"),
    ("quality", "/specification-signatures", "decide"),
    ("quality", "/spectra", "operate"),
    ("quality", "/waivers", "decide"),
    ("quality", "/waivers/{waiver_id}/revocations", "decide"),
    ("quality", "/waivers/{waiver_id}/signatures", "decide"),
    ("sintering", "/furnace-loads/{furnace_load_id}/marks", "operate"),
    ("sintering", "/furnace-loads/{furnace_load_id}/places", "operate"),
    ("sintering", "/furnace-plan/pins", "plan"),
    ("sintering", "/furnace-plan/pins/{pin_id}/end", "plan"),
    ("sintering", "/furnace-plan/what-if", "read"),
    ("spray", "/glue-lots/{lot_id}/receipt", "operate"),
    ("spray", "/glue-mixes", "operate"),
    ("spray", "/glue-mixes/{lot_id}/checks", "operate"),
    ("spray", "/glue-mixes/{lot_id}/disposal", "operate"),
    ("spray", "/lots/{lot_id}/cure-results", "operate"),
    ("spray", "/trainings", "decide"),
    ("trace", "/queries", "read"),
    ("trace", "/queries/{query_id}/end", "read"),
    ("trace", "/recalls", "decide"),
    ("trace", "/recalls/{recall_id}/end", "decide"),
)
# Those of them whose JSON body names who gives them, and may carry a second person who signs.
SIGNED: tuple[tuple[str, str], ...] = (
    ("*", "/operators/{station}"),
    ("*", "/operators/{station}/end"),
    ("execution", "/lots/{lot_id}/holds"),
    ("execution", "/lots/{lot_id}/holds/{gate}/end"),
    ("execution", "/sodium/moves"),
    ("execution", "/sodium/scraps"),
    ("execution", "/sodium/scraps/{scrap_id}/confirmations"),
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
    ("spray", "/glue-lots/{lot_id}/receipt"),
    ("spray", "/glue-mixes"),
    ("spray", "/glue-mixes/{lot_id}/checks"),
    ("spray", "/glue-mixes/{lot_id}/disposal"),
    ("spray", "/lots/{lot_id}/cure-results"),
    ("spray", "/trainings"),
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
# What services give each other at their own ports; it has no way through the gateway.
BETWEEN_SERVICES = (
    ("historian", "/test-batches/{source}/{sequence}"),
    ("historian", "/test-series"),
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
# Commands that bind to no place: whoever may give them anywhere may give them everywhere.
ANYWHERE: tuple[tuple[str, str], ...] = (
    ("alarms", "/{alarm_id}/acknowledge"),
    ("execution", "/lots/{lot_id}/holds"),
    ("quality", "/nonconformances"),
)


def permissions_of(roles: Collection[Role]) -> frozenset[Permission]:
    """Return what somebody with these roles may."""
    return frozenset().union(*(MAY[role] for role in roles))


def needed(method: str, path: str) -> Permission | None:
    """Return what a request to the gateway needs; None: to be signed in.

    Raises:
        NotAllowedError: a command that nobody has been given yet.
    """
    if method in ("GET", "HEAD"):
        return "administer" if path in PRIVATE else "read"
    for pattern, need in OWN:
        if _matches(pattern, path):
            return need
    service, _, rest = path.removeprefix("/api/").partition("/")
    for owner, pattern, permission in COMMANDS:
        if owner in ("*", service) and _matches(pattern, f"/{rest}"):
            return permission
    raise NotAllowedError(f"{method} {path} is no command that any role may give")


def signature_of(path: str) -> str | None:
    """Return the name of the signature in a command's body, empty: the body; None: it has none."""
    service, _, rest = path.removeprefix("/api/").partition("/")
    for owner, pattern, name in WITH_SIGNATURE:
        if owner == service and _matches(pattern, f"/{rest}"):
            return name
    return None


def is_signed(path: str) -> bool:
    """Say whether a command's body names who gives it."""
    service, _, rest = path.removeprefix("/api/").partition("/")
    return any(
        owner in ("*", service) and _matches(pattern, f"/{rest}") for owner, pattern in SIGNED
    )


def is_anywhere(service: str, path: str) -> bool:
    """Say whether a command of a service binds to no place."""
    return any(owner == service and _matches(pattern, path) for owner, pattern in ANYWHERE)


def job_order_of(path: str) -> str | None:
    """Return the job order that a command of a service names, None when it names none."""
    parts = path.split("/")
    return parts[2] if path.startswith("/job-orders/") and len(parts) > 3 else None


def _matches(pattern: str, path: str) -> bool:
    return _expression(pattern).fullmatch(path) is not None


@lru_cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[a-z0-9_]+\\\}", "[^/]+", re.escape(pattern)))
