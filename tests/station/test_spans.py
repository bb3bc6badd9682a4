"""Spans that a service sends to a collector, read by a receiver of OTLP in the test."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from shared.db import migrate
from tests.plant import ROOT
from tests.station.span_speaker import CALLER, SECRET

_, TRACE_ID, PARENT_ID, _ = CALLER.split("-")


@dataclass
class Received:
    """What the receiver was sent: the spans by their names, what they are of, and all bytes."""

    url: str
    spans: dict[str, list[Span]] = field(default_factory=dict)
    resources: set[tuple[str, str]] = field(default_factory=set)
    bytes: bytes = b""

    def take(self, body: bytes) -> None:
        """Take one request of an exporter apart."""
        self.bytes += body
        for given in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources |= {
                (one.key, one.value.string_value) for one in given.resource.attributes
            }
            for scope in given.scope_spans:
                for span in scope.spans:
                    self.spans.setdefault(span.name, []).append(span)


@contextmanager
def receiver() -> Iterator[Received]:
    """An OTLP receiver on a port of its own."""

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert (self.path, self.headers["content-type"]) == (
                "/v1/traces",
                "application/x-protobuf",
            )
            received.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on the screen."""

    server = HTTPServer(("127.0.0.1", 0), Take)
    received = Received(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def speaker(database_url: str, url: str) -> str:
    """Run the process that speaks, and return what it printed."""
    words = (sys.executable, "-m", "tests.station.span_speaker", database_url, url)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def database_url(fresh_database: str) -> str:
    migrate(fresh_database, ROOT / "services/formation/migrations")
    return fresh_database


def test_a_collector_is_sent_the_spans_of_a_trace_and_nothing_of_what_they_work_on(
    database_url: str,
) -> None:
    with receiver() as received:
        begun = speaker(database_url, received.url)

    stored, failed = received.spans["station order stored"][0], received.spans["a step that fails"]
    assert (stored.trace_id.hex(), stored.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    asked = {one.trace_id.hex(): one for one in received.spans["GET /set-aside"]}
    assert asked[TRACE_ID].parent_span_id == stored.span_id
    assert begun.split("-")[1] in asked, "a request without a trace begins one, and tells it"
    assert failed[0].status.code == Status.STATUS_CODE_ERROR
    assert {"service.name": "formation", "service.instance.id": "formation-0"}.items() <= dict(
        received.resources
    ).items()
    assert set(received.spans) == {"station order stored", "GET /set-aside", "a step that fails"}
    assert SECRET.encode() not in received.bytes


def test_a_collector_that_is_away_stops_nothing(database_url: str) -> None:
    assert speaker(database_url, "http://127.0.0.1:1/v1/traces")


def test_without_a_collector_nothing_is_measured_and_no_sdk_is_loaded() -> None:
    script = (
        "import sys; from shared.spans import exported\n"
        "with exported('formation', ''): print('opentelemetry.sdk' in sys.modules)"
    )
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
