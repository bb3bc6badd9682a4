"""Structured logs, the metrics every service shows, and an eye on the wall clock."""

import asyncio
import contextlib
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.clock import DRIFT_LIMIT_S, Clock
from shared.tracing import add_trace

log = structlog.get_logger()
CLOCK_EVERY_S = 10.0
COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
LAG_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class LossyOutput:
    """Lines to a stream; one that cannot be written is lost and fails nobody.

    On a full disk a log line would otherwise end the loop that wanted to tell of it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write as far as it goes."""
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush as far as it goes."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def configure_logs(service: str) -> None:
    """Write one JSON object per line to standard output, with the service's name."""

    def name_it(_: Any, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        return {"service": service, **line}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_it,
            add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, LossyOutput(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
    # It writes a traceback for each lost connection, which its caller tells in one line.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Metrics:
    """What every service reports on `GET /metrics`; ages and sizes as of that request."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.outbox_oldest_s = Gauge(
            "halite_outbox_oldest_seconds",
            "age of the oldest event not yet published",
            registry=registry,
        )
        self.outbox_waiting = Gauge(
            "halite_outbox_waiting_events", "events not yet published", registry=registry
        )
        self.commit_s = Histogram(
            "halite_commit_seconds",
            "time that the database took to make a transaction last",
            buckets=COMMIT_BUCKETS_S,
            registry=registry,
        )
        self.loop_lag_s = Histogram(
            "halite_event_loop_lag_seconds",
            "how late the event loop of the process was, looked at four times a second",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        self.event_gaps = Counter(
            "halite_event_gaps",
            "numbers missed on the way, so that events were read at their source",
            ["source"],
            registry=registry,
        )
        self.event_sequence = Gauge(
            "halite_event_sequence",
            "number of the last event that this service said",
            registry=registry,
        )
        self.events_read = Gauge(
            "halite_events_read_sequence",
            "number up to which the events of a source are read",
            ["source"],
            registry=registry,
        )
        self.inbox_batch = Histogram(
            "halite_inbox_batch_events",
            "events of one source that were applied in one transaction",
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.set_aside = Gauge(
            "halite_set_aside_events", "events that wait for a person", registry=registry
        )
        self.stations_connected = Gauge(
            "halite_station_connected",
            "1 while a station answers",
            ["equipment_id"],
            registry=registry,
        )
        self.station_reconnects = Counter(
            "halite_station_reconnects",
            "how often a station came back after it was lost",
            ["equipment_id"],
            registry=registry,
        )
        self.source_lag_s = Gauge(
            "halite_station_source_lag_seconds",
            "plant seconds from the source time of a station's newest values to their arrival",
            ["equipment_id"],
            registry=registry,
        )
        self.clock_drift_s = Gauge(
            "halite_clock_drift_seconds",
            "by how much the wall clock was set since the start",
            registry=registry,
        )
        self.database_bytes = Gauge(
            "halite_database_bytes", "size of the service's database", registry=registry
        )
        self.wal_bytes = Gauge(
            "halite_database_wal_bytes",
            "size of the database server's log of changes; NaN where the service may not look",
            registry=registry,
        )
        self.disk_free_bytes = Gauge(
            "halite_disk_free_bytes", "room on the disk of the data folder", registry=registry
        )


async def watch_clock(clock: Clock) -> None:
    """Log for ever when the wall clock was set, once, and when it is right again."""
    told = False
    while True:
        drift_s = clock.drift_s()
        if (abs(drift_s) > DRIFT_LIMIT_S) != told:
            told = not told
            say = log.warning if told else log.info
            happened = "wall clock was set" if told else "wall clock is right again"
            say(happened, drift_s=round(drift_s, 1), limit_s=DRIFT_LIMIT_S)
        await asyncio.sleep(CLOCK_EVERY_S)
