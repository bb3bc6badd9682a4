"""Ids that sort by the time they were made."""

import time

from shared.ids import time_ordered_id


def test_an_id_sorts_behind_those_of_an_earlier_millisecond() -> None:
    before_ms = time.time_ns() // 1_000_000
    made = [time_ordered_id() for _ in range(1000)]
    after_ms = time.time_ns() // 1_000_000
    assert len(set(made)) == 1000
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert all(before_ms <= one.int >> 80 <= after_ms for one in made)
