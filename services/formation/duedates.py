"""Until when the channels of the testers are calibrated, and which are out of use."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from services.formation.channels import HistoryLine, facts_of
from shared.duedates import DueDate
from shared.settings import TesterSettings


def of_channel(tester: TesterSettings, channel: str, history: Sequence[HistoryLine]) -> DueDate:
    """Return one channel with its date; a test is refused from the day after it (UTC)."""
    facts = facts_of(tester, channel, [line.entry for line in history])
    calibrated = [line for line in history if line.entry.entry == "calibrated"]
    last = calibrated[-1].entry if calibrated else None
    after = datetime.combine(facts.calibration_due, time(), UTC) + timedelta(days=1)
    return DueDate(
        equipment_id=tester.equipment_id,
        item=channel,
        upkeep="calibration",
        due_at=after,
        blocks="tests",
        last_on=facts.calibrated_on.isoformat() if facts.calibrated_on else None,
        last_by=last.by if last else None,
        evidence=last.note if last else None,
        out_reason=facts.out_reason,
    )
