"""What is sent to a station and what it holds: every difference is found and named."""

import math
import random
import struct
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.facts import Material
from shared.stations import JobAtStation, JobContent, ParameterValue, read_back_differences
from shared.units import UNITS as ALL_UNITS
from shared.units import display_unit

SENT = JobContent(
    job_order_id="JO-1",
    parameters={
        "needle_voltage_v": 15000.0,
        "spray_time_s": 6.0,
        "segment_soak_s": (36000.0, 0.0),
        "atmosphere": "air",
    },
    materials=(
        Material(
            lot_id="P-1",
            material_definition_id="ose_pellet",
            quantity=1,
            unit="count",
            use="processed",
        ),
    ),
)
UNITS = {name: display_unit(name) for name in SENT.parameters}


def held(**changes: object) -> JobAtStation:
    content = replace(SENT, parameters={**SENT.parameters, **changes})
    return JobAtStation(content=content, units=UNITS, state="not_allowed_to_start")


def test_equal_content_has_no_difference() -> None:
    assert read_back_differences(SENT, held()) == []


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda v: abs(v - 15000) > 1))
def test_another_voltage_is_never_taken_for_equal(voltage_v: float) -> None:
    [difference] = read_back_differences(SENT, held(needle_voltage_v=voltage_v))
    assert difference == f"needle_voltage_v: sent 15000.0 V, station holds {voltage_v} V"


@given(st.sampled_from(sorted(SENT.parameters)), st.sampled_from(["text", (1.0,), 7.5, ("a", "b")]))
def test_another_type_or_length_is_a_difference(name: str, value: object) -> None:
    assert read_back_differences(SENT, held(**{name: value}))


def test_a_text_that_reads_like_the_number_is_told_as_a_text() -> None:
    [difference] = read_back_differences(SENT, held(needle_voltage_v="15000.0"))
    assert difference == "needle_voltage_v: sent 15000.0 V, station holds '15000.0' V"


def test_a_missing_and_an_extra_value_are_both_named() -> None:
    parameters = {"needle_voltage_v": 15000.0, "segment_soak_s": (36000.0, 0.0), "extra_s": 1.0}
    found = replace(held(), content=replace(SENT, parameters={**parameters, "atmosphere": "air"}))
    names = [difference.split(":")[0] for difference in read_back_differences(SENT, found)]
    assert names == ["extra_s", "spray_time_s"]


def test_the_same_number_in_another_unit_is_a_difference() -> None:
    found = replace(held(), units={**UNITS, "needle_voltage_v": "kV"})
    [difference] = read_back_differences(SENT, found)
    assert "sent 15000.0 in 'V', station holds 15000.0 in 'kV'" in difference


def test_another_order_of_lots_is_a_difference() -> None:
    [first] = SENT.materials
    two = replace(SENT, materials=(first, first.model_copy(update={"lot_id": "P-2"})))
    found = replace(held(), content=replace(two, materials=tuple(reversed(two.materials))))
    [difference] = read_back_differences(two, found)
    assert difference.startswith("materials:")


def test_single_precision_of_a_station_is_no_difference() -> None:
    assert read_back_differences(SENT, held(needle_voltage_v=15000.000976)) == []


def drawn_order(draw: random.Random) -> JobContent:
    suffixes = draw.sample(sorted(ALL_UNITS), k=draw.randint(1, 12))
    parameters: dict[str, ParameterValue] = {}
    for suffix in suffixes:
        numbers = tuple(drawn_number(draw) for _ in range(draw.randint(2, 6)))
        parameters[f"set_{suffix}"] = draw.choice((numbers, numbers[0]))
    parameters["atmosphere"] = draw.choice(("air", "ar_h2"))
    lots = tuple(
        SENT.materials[0].model_copy(
            update={"lot_id": f"P-{place}", "quantity": draw.uniform(0.1, 500)}
        )
        for place in range(draw.randint(2, 5))
    )
    return JobContent(job_order_id="JO-1", parameters=parameters, materials=lots)


def drawn_number(draw: random.Random) -> float:
    return draw.choice((-1.0, 1.0)) * 10 ** draw.uniform(-3, 6)


def shown(content: JobContent) -> JobAtStation:
    units = {name: display_unit(name) for name in content.parameters}
    return JobAtStation(content=content, units=units, state="not_allowed_to_start")


def other_number(draw: random.Random, value: float) -> float:
    return draw.choice(
        (
            value * (1 + draw.choice((-1, 1)) * 10 ** draw.uniform(-5, 2)),
            -value,
            0.0,
            math.nan,
            math.inf,
        )
    )


def other_value(draw: random.Random, held: JobAtStation) -> JobAtStation:
    values = dict(held.content.parameters)
    name = draw.choice([name for name in values if name != "atmosphere"])
    value = values[name]
    several = value if isinstance(value, tuple) else (value,)
    place = draw.randrange(len(several))
    changed = [*several[:place], other_number(draw, float(several[place])), *several[place + 1 :]]
    values[name] = tuple(changed) if isinstance(value, tuple) else changed[0]
    return replace(held, content=replace(held.content, parameters=values))


def other_unit(draw: random.Random, held: JobAtStation) -> JobAtStation:
    name = draw.choice([name for name in held.units if name != "atmosphere"])
    texts = {shown for shown, _ in ALL_UNITS.values()} - {held.units[name]}
    return replace(held, units={**held.units, name: draw.choice(["", "kV", *sorted(texts)])})


def missing_value(draw: random.Random, held: JobAtStation) -> JobAtStation:
    values = dict(held.content.parameters)
    del values[draw.choice(sorted(values))]
    return replace(held, content=replace(held.content, parameters=values))


def extra_value(draw: random.Random, held: JobAtStation) -> JobAtStation:
    values = {**held.content.parameters, "left_over_s": drawn_number(draw)}
    return replace(held, content=replace(held.content, parameters=values))


def other_length(draw: random.Random, held: JobAtStation) -> JobAtStation:
    values = dict(held.content.parameters)
    name = draw.choice(sorted(values))
    value = values[name]
    values[name] = value[:-1] if isinstance(value, tuple) else ()
    return replace(held, content=replace(held.content, parameters=values))


def other_text(draw: random.Random, held: JobAtStation) -> JobAtStation:
    text = draw.choice(("", "AIR", "n2", "air ", 1.0))
    values = {**held.content.parameters, "atmosphere": text}
    return replace(held, content=replace(held.content, parameters=values))


def other_lots(draw: random.Random, held: JobAtStation) -> JobAtStation:
    lots = list(held.content.materials)
    place = draw.randrange(len(lots))
    changes = (
        {"lot_id": "P-9"},
        {"material_definition_id": "foil"},
        {"use": "consumed"},
        {"unit": "g"},
        {"quantity": lots[place].quantity * 1.001},
    )
    whole = draw.choice((lots[::-1], lots[1:], [*lots, lots[0]]))
    lots[place] = lots[place].model_copy(update=draw.choice(changes))
    return replace(held, content=replace(held.content, materials=tuple(draw.choice((lots, whole)))))


def other_order(draw: random.Random, held: JobAtStation) -> JobAtStation:
    return replace(held, content=replace(held.content, job_order_id=f"JO-{draw.randint(2, 99)}"))


WRONGS: tuple[Callable[[random.Random, JobAtStation], JobAtStation], ...] = (
    other_value,
    other_unit,
    missing_value,
    extra_value,
    other_length,
    other_text,
    other_lots,
    other_order,
)


def test_of_ten_thousand_orders_held_otherwise_than_sent_none_would_start() -> None:
    draw = random.Random(20_260_105)
    for _ in range(10_000):
        sent = drawn_order(draw)
        wrong = draw.choice(WRONGS)(draw, shown(sent))
        assert read_back_differences(sent, wrong), (sent, wrong)


def test_a_thousand_orders_held_as_sent_in_single_precision_would_all_start() -> None:
    draw = random.Random(7)
    for _ in range(1000):
        sent = drawn_order(draw)
        single = {name: as_single(value) for name, value in sent.parameters.items()}
        assert read_back_differences(sent, shown(replace(sent, parameters=single))) == []


def as_single(value: ParameterValue) -> ParameterValue:
    if isinstance(value, float):
        return float(struct.unpack("f", struct.pack("f", value))[0])
    return value


def test_a_tolerance_of_the_plant_file_allows_so_much_and_no_more() -> None:
    tolerance = {"spray_time_s": 0.05}
    assert read_back_differences(SENT, held(spray_time_s=6.05), tolerance) == []
    assert read_back_differences(SENT, held(spray_time_s=6.051), tolerance)
    assert read_back_differences(SENT, held(needle_voltage_v=15000.05), tolerance)
