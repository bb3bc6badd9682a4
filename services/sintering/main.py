"""Wires the sintering service and runs it."""

from pathlib import Path

from services.sintering.api import add_routes
from services.sintering.domain import check
from services.sintering.planner import Planner
from services.sintering.planning import PlanRules
from services.sintering.planroutes import add_plan_routes
from services.sintering.settings import SinteringSettings
from services.sintering.workflow import SinteringWork, on_time_limit
from shared.app import Service
from shared.events import TimeLimitChanged
from shared.intake import drive_stations, intake
from shared.parts import Parts


def build(settings: SinteringSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    service.listen(("execution",), {**intake(service, check), TimeLimitChanged: on_time_limit})
    rules = PlanRules(
        load_wait_s=settings.load_wait_s,
        frozen_s=settings.plan_frozen_s,
        search_s=settings.plan_search_s,
    )
    work = SinteringWork(service, rules, Planner())
    work.furnaces.watch(drive_stations(service, work))
    add_routes(service, work.furnaces)
    add_plan_routes(service, work.furnaces.planning)
    if rules.search_s > 0:
        service.loop("improve the furnace plan", work.furnaces.planning.run, alone=True)
    return service


if __name__ == "__main__":
    build(SinteringSettings()).run()
