"""Traces of sprayed faces: what they are judged to be, whatever is wrong with them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.spray import faces, tracestore
from services.spray.domain import CoatedFace, face_figures, of_face
from services.spray.respray import ResprayRule, Sprayed, check_again
from services.spray.tracejudge import TraceVerdict, judge
from services.spray.tracelimits import TraceLimits
from shared.errors import BlockedError, StationFaultError
from shared.events import LotHeld, NonconformanceRaised
from shared.recipes import MasterRecipe
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.traces import NO_VALUE, Trace, checked_trace
from simulators.physics import spraytrace
from tests.station.glue import spray_recipe, trace_limits

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "needle_v": 15_000.0,
    "substrate_v": -2000.0,
    "flow_ml_per_min": 0.06,
    "flow_ratio": 1.0,
    "distance_mm": 100.0,
    "vacuum_kpa": 80.0,
    "spray_s": 6.0,
    "arcs": 0,
}
LIMITS = TraceLimits.model_validate(trace_limits("eap"))


def recorded(seed: int = 1, **changes: Any) -> Trace:
    """Return a trace as a station's recorder gives it."""
    settled = spraytrace.Settled(**{**GOOD, **changes})
    counts = spraytrace.counts(settled, np.random.default_rng(seed))
    return said(counts.astype("<i2").tobytes())


def said(samples: Any, **changes: Any) -> Trace:
    """Return a trace from what goes over the wire."""
    given_: dict[str, Any] = {
        "started_at": AT,
        "interval_s": 0.001,
        "signals": spraytrace.SIGNALS,
        "scale": spraytrace.SCALE,
        "offset": (0.0,) * len(spraytrace.SIGNALS),
        "samples": samples,
    }
    return checked_trace(**{**given_, **changes})


def verdict(trace: Trace, **changes: Any) -> TraceVerdict:
    """Return the verdict over face a of six seconds."""
    return judge(trace, TraceLimits.model_validate(trace_limits("eap", **changes)), "a", 6.0)


@settings(max_examples=25)
@given(st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_each_arc_is_counted_once(arcs: int, seed: int) -> None:
    found = judge(recorded(seed, arcs=arcs), LIMITS, "a", 6.0)
    assert found.arc_count == arcs
    assert ("arcs" in found.codes) == (arcs > 2)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"needle_v": 13_000.0}, "needle_voltage_v"),
        ({"substrate_v": 0.0}, "substrate_voltage_v"),
        ({"flow_ml_per_min": 0.012, "flow_ratio": 0.2}, "flow_ml_per_min"),
        ({"distance_mm": 160.0}, "distance_mm"),
        ({"spray_s": 5.5}, "spray_time_s"),
    ],
)
def test_a_fault_is_named_with_value_limit_and_unit(fault: dict[str, Any], code: str) -> None:
    found = verdict(recorded(**fault))
    assert (found.state, found.codes) == ("outside", (code,))
    assert verdict(recorded()).state == "within"


def test_a_dip_that_the_median_does_not_see_is_outside_by_its_time() -> None:
    counts = recorded().counts.copy()
    counts[0, 2000:2150] = 12_500
    found = verdict(said(counts.tobytes()))
    assert found.reason is not None
    assert "was outside 14000 to 16000 V for 0.150 s, its limit is 0.1 s" in found.reason
    assert found.figures["needle_voltage_v spray"].settled == pytest.approx(15_000, abs=5)


def test_a_hum_on_the_supply_is_outside_by_its_ripple() -> None:
    counts = recorded().counts.copy()
    counts[0] += (300 * np.sin(np.arange(6000) * 0.314)).astype(np.int16)
    assert "has a ripple of" in str(verdict(said(counts.tobytes())).reason)


def test_a_trace_that_says_too_little_is_unknown_and_never_within() -> None:
    trace = recorded()
    frozen, lost = trace.counts.copy(), trace.counts.copy()
    frozen[0], lost[4, 3000] = 15_000, NO_VALUE
    few = {"signals": spraytrace.SIGNALS[1:], "scale": spraytrace.SCALE[1:], "offset": (0.0,) * 7}
    for bad, word in (
        (said(frozen.tobytes()), "a living sensor shows 1 V"),
        (said(lost.tobytes()), "flow_ml_per_min in spray has 1 samples without a value"),
        (said(trace.counts[1:].tobytes(), **few), "the trace has no needle_voltage_v"),
        (said(trace.counts[:, ::2].tobytes(), interval_s=0.002), "500 Hz, at least 1000 Hz"),
    ):
        found = verdict(bad)
        assert found.state == "unknown"
        assert "unknown" in found.codes
        assert word in str(found.reason)
    short = judge(recorded(spray_s=0.45), LIMITS, "a", 0.45)
    assert short.state == "unknown"
    assert "spray has 0 samples" in str(short.reason)


def test_face_b_may_have_bands_of_its_own() -> None:
    band = {"signal": "distance_mm", "segment": "spray", "low": 110, "high": 150, "face": "b"}
    limits = TraceLimits.model_validate(trace_limits("eap", bands=[band]))
    assert judge(recorded(), limits, "a", 6.0).state == "within"
    assert judge(recorded(), limits, "b", 6.0).codes == ("distance_mm",)


@settings(max_examples=25)
@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e3))
def test_scale_and_offset_of_a_station_change_nothing(zero: float, factor: float) -> None:
    """A count means what its scale says: limits in counts judge as limits in volts would."""
    level = np.rint((15_000.0 - zero * factor) / factor)
    if abs(level) > 30_000:
        return
    counts = recorded().counts.copy()
    noise = np.random.default_rng(1).integers(-2, 3, 6000)
    counts[0] = (level + noise).astype(np.int16)
    trace = said(
        counts.tobytes(),
        scale=(factor, *spraytrace.SCALE[1:]),
        offset=(zero * factor, *(0.0,) * 7),
    )
    settled = verdict(trace).figures["needle_voltage_v spray"].settled
    assert settled == pytest.approx(15_000, abs=2 * factor + 1e-6)


@pytest.mark.parametrize(
    ("samples", "changes", "word"),
    [
        (b"\x00" * 14, {}, "8 signals has 7 samples"),
        (b"", {}, "has 0 samples"),
        (b"\x00" * 15, {}, "no 16-bit counts"),
        ([40_000] * 8, {}, "no 16-bit counts"),
        (b"\x00" * 16, {"scale": (1.0,)}, "has 1 scales"),
        (b"\x00" * 16, {"scale": (0.0,) * 8}, "must be above 0"),
        (b"\x00" * 16, {"interval_s": float("nan")}, "interval is nan"),
        (b"\x00" * 16, {"signals": ("x",) * 8}, "one of them twice"),
    ],
)
def test_rubbish_for_a_trace_is_the_stations_fault(
    samples: Any, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(StationFaultError, match=word):
        said(samples, **changes)


def test_limits_that_contradict_themselves_are_refused() -> None:
    band = {"signal": "x", "segment": "spray", "low": 1, "high": 2}
    for changes in (
        {"bands": [band | {"low": 2}]},
        {"bands": [band | {"segment": "ramp"}]},
        {"bands": [band | {"ripple_limit": 1, "ripple_low": 1}]},
        {"segments": [{"name": "spray"}, {"name": "spray"}]},
    ):
        with pytest.raises(ValidationError):
            TraceLimits.model_validate(trace_limits("eap", **changes))


def test_a_kept_trace_is_the_same_again_and_an_altered_one_is_refused() -> None:
    trace = recorded()
    samples, digest = tracestore.packed(trace)
    row = {
        "samples": samples,
        "sha256": digest,
        "started_at": AT,
        "interval_s": trace.interval_s,
        "signals": list(trace.signals),
        "scale": list(trace.scale),
        "zero": list(trace.offset),
        "lot_id": "P",
        "face": "a",
    }
    assert np.array_equal(tracestore.unpacked(row).counts, trace.counts)
    with pytest.raises(StationFaultError, match="face a of P: its hash is not"):
        tracestore.unpacked(row | {"sha256": bytes(32)})


RECIPE = MasterRecipe.model_validate(spray_recipe("eap", area_cm2=2.0, spray_time_s=2))


def answer(state: Any, faces_done: int) -> JobAnswer:
    """Return what a station says of so many good faces."""
    values = {
        "contact_angle_deg": 10.5,
        "film_um": 10.0,
        "arc_count": 0.0,
        "needle_voltage_v": 15_000.0,
        "substrate_voltage_v": -2000.0,
        "distance_mm": 100.0,
        "flow_ml_per_min": 0.06,
        "spray_time_s": 2.0,
    }
    data = {name: (value,) * faces_done for name, value in values.items()}
    return JobAnswer(job_order_id="J", state=state, started_at=AT, ended_at=AT, data=data)


def test_a_face_without_a_verdict_is_unknown_unless_its_station_needs_none() -> None:
    within = {("P", "a"): TraceVerdict(state="within", arc_count=1)}
    found = faces.judged_faces(RECIPE, None, ["P"], answer("ended", 2), within)
    assert [(face.trace_state, face.codes) for face in found] == [
        ("within", ()),
        ("unknown", ("unknown",)),
    ]
    free = faces.judged_faces(RECIPE, None, ["P"], answer("ended", 2), None)
    assert [(face.trace_state, face.deviation) for face in free] == [(None, None)] * 2


def test_an_aborted_job_keeps_what_was_sprayed_and_the_rest_is_unknown() -> None:
    found = faces.judged_faces(RECIPE, None, ["P", "Q"], answer("aborted", 2), None)
    assert [face.film_um for face in found] == [10.0, 10.0, None, None]
    assert found[1].deviation is None
    assert "distance_mm is unknown" in str(found[2].deviation)
    assert face_figures(answer("ended", 2), "film_um", 4) == (10.0, 10.0)


def test_faces_sprayed_by_another_recipe_than_ordered_are_all_bad() -> None:
    one = CoatedFace(lot_id="P", face="a", contact_angle_deg=10, film_um=9, arc_count=0)
    [bad] = faces.other_recipe([one], ["distance_mm: sent 100.0 mm, station holds 120.0 mm"])
    assert bad.codes == ("recipe",)
    assert "station holds 120.0 mm" in str(bad.deviation)
    assert faces.other_recipe([one], []) == [one]


def test_face_b_is_sprayed_as_face_a_unless_the_recipe_says_otherwise() -> None:
    both = {"spray_time_s": 2.0}
    assert of_face(both, "spray_time_s", "b") == 2.0
    own = both | {"face_b_spray_time_s": 3.0}
    assert (of_face(own, "spray_time_s", "a"), of_face(own, "spray_time_s", "b")) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("before", "word"),
    [
        ({"count": 3}, "it may be sprayed again 2 times"),
        ({"last_at": AT - timedelta(seconds=61)}, "within 60 s"),
        ({"codes": ()}, "both faces were good"),
        ({"codes": ("arcs", "flow_ml_per_min")}, "after flow_ml_per_min it is not sprayed again"),
    ],
)
def test_a_pellet_is_sprayed_again_only_as_the_rule_says(before: dict[str, Any], word: str) -> None:
    rule = ResprayRule(
        recipe_id="eap", version=1, most_count=2, within_s=60, after=("arcs",), source="test"
    )
    good: dict[str, Any] = {"lot_id": "P", "count": 1, "last_at": AT, "codes": ("arcs",)}
    check_again(rule, "eap", Sprayed(**good), AT)
    with pytest.raises(BlockedError, match=word):
        check_again(rule, "eap", Sprayed(**{**good, **before}), AT)
    for none in (None, rule.model_copy(update={"status": "retired"})):
        with pytest.raises(BlockedError, match="has no released re-spray rule"):
            check_again(none, "eap", Sprayed(**good), AT)


def test_a_job_raises_one_nonconformance_for_each_finding_with_exactly_its_faces() -> None:
    def sprayed(lot_id: str, face: Any, *codes: str) -> CoatedFace:
        deviation = f"{codes[0]} is bad" if codes else None
        measured: dict[str, Any] = {"contact_angle_deg": 10, "film_um": 9, "arc_count": 0}
        return CoatedFace(lot_id=lot_id, face=face, deviation=deviation, codes=codes, **measured)

    order = StationOrder(
        station_order_id="J",
        equipment_id="pilot/dryroom/spray/eap-1",
        recipe_id="eap",
        recipe_version=1,
        parameters={},
        materials=(),
        job_orders=(),
        planned_at=AT,
    )
    found = [
        sprayed("P", "a", "arcs"),
        sprayed("P", "b", "flow_ml_per_min"),
        sprayed("Q", "a"),
        sprayed("Q", "b"),
        sprayed("R", "a", "arcs"),
        sprayed("R", "b"),
    ]
    events = faces.raised(order, "WR", found)
    told = {
        (event.nonconformance_id, event.lot_ids)
        for event in events
        if isinstance(event, NonconformanceRaised)
    }
    assert told == {("NC-spray-J-1", ("P", "R")), ("NC-spray-J-2", ("P",))}
    held = {event.lot_id: event.reason for event in events if isinstance(event, LotHeld)}
    assert held == {
        "P": "face a: arcs is bad; face b: flow_ml_per_min is bad",
        "R": "face a: arcs is bad",
    }
    assert faces.raised(order, "WR", found[2:4]) == []
