"""Figures of a test as the tester's service told its end: what ran, how long, what is left."""

from services.quality.figures import figure
from shared.events import CyclingEnded
from shared.facts import TestResult

PROTOCOL_MATCH = "protocol_match_count"  # 1 where the protocol that ran is the one ordered, else 0
RETENTION = "capacity_retention_ratio"


def cycling_figures(event: CyclingEnded) -> list[TestResult]:
    """Return whether it ran as ordered, its rows and cycles, and the last cycle's retention.

    Without a cycle that has one the retention was not measured: its gate blocks.
    """
    told = "; ".join(event.protocol_findings) or "nothing tells what ran"
    known = event.protocol_matches or event.protocol_is_known
    match_count = (1.0 if event.protocol_matches else 0.0) if known else None
    kept = [one.retention_ratio for one in event.cycles if one.retention_ratio is not None]
    last = max((one.cycle for one in event.cycles), default=0)
    return [
        figure(event.lot_id, PROTOCOL_MATCH, match_count, None if known else told),
        figure(event.lot_id, "row_count", float(event.row_count)),
        figure(event.lot_id, "cycle_count", float(last)),
        *([figure(event.lot_id, RETENTION, kept[-1])] if kept else []),
    ]
