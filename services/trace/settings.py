"""Settings of the trace service."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class TraceSettings(ServiceSettings):
    """How often the record is sealed and confirmations are looked for, and how documents look.

    seal_every_s, confirm_every_s: wall seconds. pdf_font: TrueType file whose glyphs documents
    carry for Chinese; without one the reader's own font shows it.
    """

    seal_every_s: float = Field(default=1.0, gt=0)
    confirm_every_s: float = Field(default=1.0, gt=0)
    pdf_font: Path | None = None
