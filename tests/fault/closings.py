"""Closes orders short while the parts of a running plant are killed; nothing may wait after it.

`python -m tests.fault.closings --orders 6 --seed 1`: prints a table; exit code 1 on a violation.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence

from tests.fault import victims
from tests.fault.campaign import RECOVERED_WITHIN_S, Campaign, arguments, carry_out, new_folder
from tests.fault.ledger import STATION_SERVICES, Books, Check
from tests.plant import Plant

LONGEST_PAUSE_S = 45.0  # between two closings
KILLED_AROUND = 3  # parts, before an order is closed and again while it is
OVER = "('ended', 'aborted', 'cancelled')"
CLOSED = """
    SELECT work_request_id, state, EXISTS (
        SELECT 1 FROM lot l JOIN hold h USING (lot_id) WHERE l.work_request_id = r.work_request_id)
    FROM work_request r WHERE closed_at IS NOT NULL ORDER BY work_request_id"""
ORDERED = f"""
    SELECT work_request_id, job_order_id, state FROM job_order
    WHERE state NOT IN {OVER} ORDER BY job_order_id"""
AT_SERVICE = f"""
    SELECT body ->> 'work_request_id', job_order_id, state FROM job_order
    WHERE state NOT IN {OVER} ORDER BY job_order_id"""
LEASED = """
    SELECT j.body ->> 'work_request_id', l.job_order_id, 'leases ' || l.channel
    FROM channel_lease l JOIN job_order j ON j.station_order_id = l.job_order_id"""
OFFERED = f"""
    SELECT released ->> 'work_request_id', job_order_id, state FROM job_order
    WHERE released IS NOT NULL AND state NOT IN {OVER} ORDER BY job_order_id"""


def close_under_kills(campaign: Campaign, order_count: int, draw: random.Random) -> list[Check]:
    """Post orders and close them short one after the other amid kills; return how many kills.

    The first is closed soon after it was posted, the last with cells under way or made.
    """
    posted = []
    for _ in range(order_count):
        posted.append(campaign.orders.post_next())
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S / order_count))
    kill_count = 0
    for order in reversed(posted):
        campaign.plant.wait_for(campaign.is_ready, RECOVERED_WITHIN_S)
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))
        kill_count += _kill_some(campaign, draw)
        campaign.orders.close(order)
        time.sleep(draw.uniform(0.0, 1.0))
        kill_count += _kill_some(campaign, draw)
        print(f"closed {order.work_request_id}", flush=True)
    return [Check(name="kills around closings", count=kill_count, violations=())]


def nothing_waits(campaign: Campaign) -> list[Check]:
    """Return what of closed orders still waits: an order itself, a job order, a channel, a plan."""
    books = Books(campaign.plant.data_dir)
    closed = books.rows("execution", CLOSED)
    ended = {row[0] for row in closed if row[1] == "ended"}
    stuck = [
        f"{name} is {state} and nothing of it is held"
        for name, state, is_held in closed
        if state != "ended" and not is_held
    ]
    waiting = list(_waiting(campaign, books, ended))
    return [
        Check(name="orders closed short", count=len(closed), violations=(*stuck,)),
        Check(
            name="of them ended, nothing of which waits", count=len(ended), violations=(*waiting,)
        ),
    ]


def _waiting(campaign: Campaign, books: Books, ended: set[str]) -> Iterator[str]:
    statements = [("execution", ORDERED), ("formation", LEASED), ("plc", OFFERED)]
    statements += [(service, AT_SERVICE) for service in STATION_SERVICES]
    for service, statement in statements:
        for work_request_id, job_order_id, state in books.rows(service, statement):
            if work_request_id in ended:
                yield f"{service}: {job_order_id} {state}"
    for load in campaign.plant.get("/api/sintering/furnace-plan")["loads"]:
        for job_order_id in load["job_order_ids"]:
            if any(job_order_id.startswith(name) for name in ended):
                yield f"furnace plan: {job_order_id}"


def _kill_some(campaign: Campaign, draw: random.Random) -> int:
    found = victims.running(campaign.pid)
    chosen = draw.sample(sorted(found), min(KILLED_AROUND, len(found)))
    print(f"kill {', '.join(chosen)}", flush=True)
    return sum(victims.kill(found[name]) for name in chosen)


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when something of a closed order was lost or waits."""
    parser = arguments("tests.fault.closings", __doc__)
    parser.add_argument("--orders", type=int, default=6)
    options = parser.parse_args(words)
    draw = random.Random(options.seed)
    plant = Plant(new_folder() / "data", port=options.port, speed=options.speed)
    return carry_out(
        plant,
        options.seed,
        lambda campaign: close_under_kills(campaign, options.orders, draw),
        nothing_waits,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
