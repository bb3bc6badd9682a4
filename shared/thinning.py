"""Thins live values without losing a ramp: measured against the last value kept, not the last."""

from collections.abc import Mapping

from shared.stations import Sample


class Thinning:
    """Keeps of each signal what differs enough from the last value kept, and every new status.

    A server's dead-band compares with the last sample, and a ramp of small steps never passes it.
    smallest_change: by signal, in its unit; signals without one are kept whole.
    """

    def __init__(self, smallest_change: Mapping[str, float]) -> None:
        self._smallest = smallest_change
        self._kept: dict[str, Sample] = {}
        self._passed: dict[str, Sample] = {}

    def kept(self, sample: Sample) -> list[Sample]:
        """Return what is to be kept now that a sample came: before a jump also where it began."""
        smallest = self._smallest.get(sample.signal)
        if smallest is None:
            return [sample]
        last = self._kept.get(sample.signal)
        if last is not None and _near(last, sample, smallest):
            self._passed[sample.signal] = sample
            return []
        passed = self._passed.pop(sample.signal, None)
        self._kept[sample.signal] = sample
        return [sample] if passed is None else [passed, sample]


def _near(last: Sample, sample: Sample, smallest: float) -> bool:
    if last.status != sample.status or last.value is None or sample.value is None:
        return last.status == sample.status and last.value is sample.value
    return abs(sample.value - last.value) < smallest
