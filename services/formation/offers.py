"""Owns who has refused a test: it is offered to each tester before it is held."""

from collections.abc import Sequence


class Offers:
    """The testers of a plant and what each said to the tests that wait."""

    def __init__(self, testers: Sequence[str]) -> None:
        self._testers = frozenset(testers)
        self._refused: dict[str, dict[str, str]] = {}

    def refused(self, job_order_id: str, tester: str, reason: str) -> str | None:
        """Note a refusal; return all reasons once every tester has refused, else None.

        What was said is forgotten then: whoever resumes the test has it offered anew.
        """
        said = self._refused.setdefault(job_order_id, {})
        said[tester] = reason
        if self._testers - said.keys():
            return None
        del self._refused[job_order_id]
        if len(said) == 1:
            return reason
        return "; ".join(f"{name}: {why}" for name, why in sorted(said.items()))

    def keep(self, job_order_ids: Sequence[str]) -> None:
        """Forget the tests that do not wait any more."""
        waiting = frozenset(job_order_ids)
        self._refused = {key: said for key, said in self._refused.items() if key in waiting}
