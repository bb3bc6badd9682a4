"""What a request to a service needs: the one table of all commands, and what asks for nothing."""

import re
from functools import lru_cache
from typing import Literal, get_args

from shared.errors import NotAllowedError

# exchange: what services give each other at their own ports; no role has it.
Permission = Literal[
    "read", "operate", "plan", "engineer", "decide", "maintain", "administer", "exchange"
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
READING = ("GET", "HEAD")
# Probes and metrics of each service: they say how it is, and nothing of what it keeps.
OPEN = ("/livez", "/readyz", "/metrics")
# What the gateway has as every service has it, beside its pages.
OF_EVERY_SERVICE = ("/events", "/set-aside", "/docs", "/redoc", "/openapi.json")
# Service, path and need of each command; what is not here is refused to everybody. A service `*`
# is any one.
COMMANDS: tuple[tuple[str, str, Permission], ...] = (
    ("*", "/job-orders/{job_order_id}/abort", "operate"),
    ("*", "/job-orders/{job_order_id}/pause", "operate"),
    ("*", "/job-orders/{job_order_id}/resume", "operate"),
    ("*", "/job-orders/{job_order_id}/stop", "operate"),
    ("*", "/master-data", "engineer"),
    ("*", "/operators/{station}", "operate"),
    ("*", "/operators/{station}/end", "operate"),
    ("*", "/set-aside/{event_id}/retry", "maintain"),
    ("*", "/trainings", "decide"),
    ("execution", "/lots/{lot_id}/holds", "operate"),
    ("execution", "/lots/{lot_id}/holds/{gate}/end", "decide"),
    ("execution", "/sodium/moves", "operate"),
    ("execution", "/sodium/scraps", "operate"),
    ("execution", "/sodium/scraps/{scrap_id}/confirmations", "operate"),
    ("execution", "/work-requests/{work_request_id}/close", "plan"),
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
    ("trace", "/queries", "read"),
    ("trace", "/queries/{query_id}/end", "read"),
    ("trace", "/recalls", "decide"),
    ("trace", "/recalls/{recall_id}/end", "decide"),
    ("historian", "/test-batches/{source}/{sequence}", "exchange"),
    ("historian", "/test-series", "exchange"),
)


def needed_at(service: str, method: str, path: str) -> Permission | None:
    """Return what a request to a service's own port needs; None: nothing.

    Raises:
        NotAllowedError: a command that nobody has been given yet.
    """
    if method in READING and path in OPEN:
        return None
    if service == "gateway" and not _is_of_every_service(path):
        return None  # `services/gateway/guard.py` and the pages of the web app
    if method in READING:
        return "read"
    need = command_need(service, path) if method == "POST" else None
    if need is None:
        raise NotAllowedError(f"{method} {path} is no command that any role may give")
    return need


def command_need(service: str, path: str) -> Permission | None:
    """Return what a command to a service needs, None when nobody may give it."""
    for owner, pattern, permission in COMMANDS:
        if owner in ("*", service) and matches(pattern, path):
            return permission
    return None


def matches(pattern: str, path: str) -> bool:
    """Say whether a path is one of a pattern such as `/lots/{lot_id}/holds`."""
    return _expression(pattern).fullmatch(path) is not None


def _is_of_every_service(path: str) -> bool:
    return any(path == own or path.startswith(f"{own}/") for own in OF_EVERY_SERVICE)


@lru_cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[a-z0-9_]+\\\}", "[^/]+", re.escape(pattern)))
