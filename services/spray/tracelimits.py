"""What the trace of a face must keep to: segments, bands of signals and arcs, as master data."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.spray.domain import Face

Status = Literal["draft", "released", "retired"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Segment(_Part):
    """A stretch of each trace, from its start on or up to its end.

    after_start_s: begins so long after the start. before_end_s: ends so long before the end.
    longest_s: ends at the latest so long after its own begin.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    after_start_s: float = Field(default=0.0, ge=0)
    before_end_s: float = Field(default=0.0, ge=0)
    longest_s: float | None = Field(default=None, gt=0)


class TraceBand(_Part):
    """The limits of one signal in one segment, in the signal's unit.

    low, high: the settled value, which is the median, lies within. outside_limit_s: so long in all
    may samples lie without. ripple_limit: between the 1st and the 99th percentile. ripple_low: a
    living sensor shows at least so much noise. face: of one face alone; of both by default.
    """

    signal: str = Field(min_length=1)
    segment: str
    low: float
    high: float
    outside_limit_s: float | None = Field(default=None, ge=0)
    ripple_limit: float | None = Field(default=None, gt=0)
    ripple_low: float = Field(default=0.0, ge=0)
    face: Face | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"{self.signal}: low {self.low} is not below high {self.high}")
        if self.ripple_limit is not None and self.ripple_low >= self.ripple_limit:
            raise ValueError(f"{self.signal}: ripple_low is not below ripple_limit")
        return self


class ArcRule(_Part):
    """What counts as an arc: current above `spike_ma`, or voltage below a share of its median.

    Samples nearer to each other than `apart_s` are one arc. most_count: so many a face may have.
    """

    segment: str
    current_signal: str = "needle_current_ma"
    spike_ma: float = Field(gt=0)
    voltage_signal: str = "needle_voltage_v"
    collapsed_ratio: float = Field(gt=0, lt=1)
    apart_s: float = Field(gt=0)
    most_count: int = Field(ge=0)


class TraceLimits(_Part):
    """By what the traces of one recipe's faces are judged; the newest released version counts.

    duration_tolerance_s: what a trace's length may differ from the spray time that was ordered.
    """

    recipe_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    status: Status = "released"
    least_rate_hz: float = Field(gt=0)
    duration_tolerance_s: float = Field(gt=0)
    segments: tuple[Segment, ...] = Field(min_length=1, max_length=20)
    bands: tuple[TraceBand, ...] = Field(min_length=1, max_length=200)
    arcs: ArcRule
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [segment.name for segment in self.segments]
        if len(set(names)) != len(names):
            raise ValueError("a segment is named twice")
        for named in (*(band.segment for band in self.bands), self.arcs.segment):
            if named not in names:
                raise ValueError(f"no segment {named}; there are {', '.join(names)}")
        return self

    def segment(self, name: str) -> Segment:
        """Return a segment by its name."""
        return next(segment for segment in self.segments if segment.name == name)
