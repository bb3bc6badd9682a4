"""What a person could see of a plant while a fault lasts: ages, alarms, health, memory."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

from tests.fault import victims
from tests.fault.campaign import Campaign
from tests.fault.ledger import Check

OVERVIEW = "/api/overview"
SEALER = "services.historian.sealer"
LOOK_S = 1.0
ANSWER_WITHIN_S = 3.0


@dataclass
class Seen:
    """The worst that was seen.

    oldest_s: greatest age of a waiting event, in wall seconds. behind_count: most events that a
    service had not read yet. memory_mb: greatest share of each process, its children's included.
    """

    oldest_s: float = 0.0
    behind_count: int = 0
    alarms: set[str] = field(default_factory=set)
    unready: set[str] = field(default_factory=set)
    memory_mb: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"oldest waiting event {self.oldest_s:.1f} s; most events behind {self.behind_count}; "
            f"alarms {sorted(self.alarms)}; not ready {sorted(self.unready)}"
        )


def watch(campaign: Campaign, for_s: float, seen: Seen | None = None) -> Seen:
    """Look at readiness, the overview and the memory for so many wall seconds; add to `seen`."""
    seen = seen or Seen()
    give_up_s = time.monotonic() + for_s
    with _client(campaign) as client:
        while time.monotonic() < give_up_s:
            for name, url in campaign.urls.items():
                _look(client, name, url, seen)
            shown = _answer(client, f"{campaign.plant.url}{OVERVIEW}")
            seen.alarms |= {alarm["code"] for alarm in shown.get("alarms", ())}
            behind = [service["behind_count"] for service in shown.get("services", ())]
            seen.behind_count = max(seen.behind_count, *behind, 0)
            for name, used_mb in memory_mb(campaign.pid).items():
                seen.memory_mb[name] = max(used_mb, seen.memory_mb.get(name, 0.0))
            time.sleep(LOOK_S)
    return seen


def overview(campaign: Campaign) -> dict[str, Any]:
    """Return what the plant's overview shows; nothing while it cannot be asked."""
    with _client(campaign) as client:
        return _answer(client, f"{campaign.plant.url}{OVERVIEW}")


def memory_mb(plant_pid: int) -> dict[str, float]:
    """Return the proportional share of memory of each process of a plant with its children.

    The historian's sealer, which runs for one round and ends, is a line of its own.
    """
    used: dict[str, float] = {}
    for name, process in victims.running(plant_pid).items():
        try:
            for one in (process, *process.children(recursive=True)):
                line = "sealer" if SEALER in one.cmdline() else name
                used[line] = used.get(line, 0.0) + one.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
    return used


def grown(
    what: str, before_mb: Mapping[str, float], during_mb: Mapping[str, float], limit_mb: float
) -> Check:
    """Return whether each process kept its memory within a growth; the table is printed."""
    wrong = []
    for name, used_mb in sorted(during_mb.items()):
        growth_mb = used_mb - before_mb.get(name, used_mb)
        print(f"    {name:42} {before_mb.get(name, 0.0):7.0f} MB {growth_mb:+7.0f} MB")
        if growth_mb > limit_mb:
            wrong.append(f"{name} grew by {growth_mb:.0f} MB, more than {limit_mb:.0f} MB")
    return Check(name=f"memory: {what}", count=len(during_mb), violations=(*wrong,))


def _client(campaign: Campaign) -> httpx.Client:
    headers = {"authorization": f"Bearer {campaign.plant.key}"}
    return campaign.client(headers=headers, timeout=ANSWER_WITHIN_S)


def _look(client: httpx.Client, name: str, url: str, seen: Seen) -> None:
    said = _answer(client, f"{url}/readyz")
    if not said.get("ready"):
        seen.unready.add(name)
    seen.oldest_s = max(seen.oldest_s, said.get("oldest_event_age_s") or 0.0)


def _answer(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = client.get(url).json()
    except (httpx.HTTPError, ValueError):
        return {}
    return answer
