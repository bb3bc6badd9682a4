"""Logs on a full disk."""

import io
from typing import TextIO, cast

import structlog

from shared.observability import LossyOutput


def test_a_log_line_on_a_full_disk_is_lost_and_fails_nobody() -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        output = LossyOutput(io.TextIOWrapper(full, write_through=True))
        structlog.PrintLogger(cast(TextIO, output)).warning("station lost")
