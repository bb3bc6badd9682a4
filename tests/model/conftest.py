"""What the model tests share: how many examples, a loop of their own, and where they differ."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("HALITE_MODEL_FACTOR", "1"))  # times the examples of `make test`


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop that a state machine, which is not asynchronous, can run pieces of work on."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as own:
        yield own


def budget(examples: int, steps: int) -> settings:
    """Return how long to search: the same examples each time, new ones with more of them."""
    return settings(
        max_examples=examples * FACTOR,
        stateful_step_count=steps,
        deadline=None,
        derandomize=FACTOR == 1,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
