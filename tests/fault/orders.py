"""Small orders with ids of their own, to keep a plant busy for as long as faults are made."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.plant import ROOT, Plant

SMALL_ORDER = (ROOT / "examples/small-order.yaml").read_bytes()
MASTER_DATA = (ROOT / "examples/master-data.yaml").read_bytes()
TAKEN_WITHIN_S = 240.0
REFUSED = range(400, 500)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One posted order: two cells and a witness."""

    work_request_id: str
    part_count: int = 3


class Orders:
    """Posts orders to a plant whose services may be dead at any moment."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.posted: list[Order] = []

    def post_master_data(self) -> None:
        """Give the plant its products and recipes."""
        self._post_until_taken("/api/master-data", MASTER_DATA, "fault-master-data")

    def post_next(self) -> Order:
        """Post one more small order; the same key again and again until it is answered."""
        number = len(self.posted) + 1
        content = SMALL_ORDER.replace(b"small-order-1", b"fault-order-%d" % number)
        content = content.replace(b"WR-SMALL-01", b"WR-FAULT-%03d" % number)
        content = content.replace(b"lot_id: S-", b"lot_id: S%d-" % number)
        self._post_until_taken("/api/work-schedules", content, f"fault-order-{number}")
        order = Order(work_request_id=f"WR-FAULT-{number:03d}")
        self.posted.append(order)
        return order

    def close(self, order: Order) -> None:
        """Close an order short, asked with the same key until it is answered."""
        path = f"/api/execution/work-requests/{order.work_request_id}/close"
        content = b'{"reason": "the customer took fewer"}'
        self._post_until_taken(path, content, f"close-{order.work_request_id}", "application/json")

    def cells(self) -> list[dict[str, Any]]:
        """Return cells and witnesses as the plant shows them; none while it cannot be asked."""
        try:
            found: list[dict[str, Any]] = self._plant.get("/api/cells", limit=2000)["items"]
        except (httpx.HTTPError, ValueError):
            return []
        return found

    def open_count(self) -> int:
        """Return how many orders have a cell or witness that goes on."""
        return len({cell["work_request_id"] for cell in self.cells() if goes_on(cell)})

    def _post_until_taken(
        self, path: str, content: bytes, key: str, content_type: str = "application/yaml"
    ) -> None:
        def taken() -> bool:
            try:
                reply = self._plant.post(path, content, key, content_type)
            except httpx.HTTPError:
                return False
            if reply.status_code in REFUSED:
                raise AssertionError(f"{path}: refused with {reply.status_code}: {reply.text}")
            return reply.is_success

        self._plant.wait_for(taken, TAKEN_WITHIN_S)


def goes_on(cell: dict[str, Any]) -> bool:
    """Say whether a cell is neither released nor held and has an operation before it."""
    return cell["disposition"] is None and cell["operation"] is not None
