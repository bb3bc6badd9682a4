"""Decides whether a caller may give a request: by what it needs, and where it takes effect."""

from collections import defaultdict
from urllib.parse import unquote

from services.gateway import store
from services.gateway.persons import Caller
from services.gateway.roles import is_anywhere, job_order_of, needed
from shared.db import Database
from shared.errors import NotAllowedError
from shared.settings import PlantSettings


class Rights:
    """Knows where a command takes effect: the station of its job order, or those of its service.

    A command to a service without stations takes effect in the whole plant.
    """

    def __init__(self, database: Database, plant: PlantSettings) -> None:
        self._database = database
        self._plant = frozenset({plant.site})
        machines: defaultdict[str, set[str]] = defaultdict(set)
        for station in plant.station:
            machines[station.service].add(station.equipment_id)
        for tester in plant.tester:
            machines[tester.service].add(tester.equipment_id)
        self._machines = {name: frozenset(items) for name, items in machines.items()}

    async def check(self, caller: Caller, method: str, path: str) -> None:
        """Check that a caller may give a request.

        Raises:
            NotAllowedError: it is no command of any role, or the caller's roles do not give it.
            ServiceUnreachableError: where it takes effect is asked of a database that is away.
        """
        need = needed(method, path)
        if need is None or await self.may(caller, method, path):
            return
        roles = ", ".join(sorted(caller.roles)) or "none"
        told = f"{caller.login} has the roles {roles}"
        for role, until in sorted(caller.lapsed.items()):
            told += f"; training for {role} ended on {until}"
        if need in caller.permissions:
            places = ", ".join(sorted(await self._places(path) or ()))
            told += f", which do not count at {places}"
        elif caller.way == "badge":
            told += " and came by badge, which does not give every permission"
        raise NotAllowedError(f"{method} {path} needs the permission {need}; {told}")

    async def may(self, caller: Caller, method: str, path: str) -> bool:
        """Say whether a caller may give a request."""
        need = needed(method, path)
        if need is None:
            return True
        bound = caller.is_limited and method not in ("GET", "HEAD") and need != "read"
        return caller.may(need, await self._places(path) if bound else None)

    async def _places(self, path: str) -> frozenset[str] | None:
        """Return the equipment at which a command takes effect; None: it binds to no place."""
        service, _, rest = path.removeprefix("/api/").partition("/")
        if is_anywhere(service, f"/{rest}"):
            return None
        job_order_id = job_order_of(f"/{rest}")
        if job_order_id is not None:
            async with self._database.quiet() as tx:
                station = await store.station_of(tx, unquote(job_order_id))
            if station is not None:
                return frozenset({station})
        return self._machines.get(service, self._plant)
