"""Sends how long each part of a trace took to a collector of the site, by OTLP over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace

SEND_WITHIN_S = 3.0


@contextmanager
def exported(service: str, url: str, replica: str = "") -> Iterator[None]:
    """Measure the spans of the block and send them to a collector; nowhere when `url` is empty.

    The SDK is loaded only then. Spans wait in memory, 2048 at most, and are dropped while the
    collector is away; nothing waits for it. To be used once in a process.

    url: of the collector's traces, such as `http://collector:4318/v1/traces`.
    """
    if not url:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.namespace": "halite", "service.name": service}
    if replica:
        about["service.instance.id"] = replica
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=url, timeout=SEND_WITHIN_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
