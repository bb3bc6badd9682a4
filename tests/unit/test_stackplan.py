"""Stack plans: the order of layers, parts used once, and the N/P ratio."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.lamination.stackplan import (
    StackPlan,
    check_order,
    choose,
    np_ratio,
    sodium_mah_per_cm2,
)
from shared.errors import InvalidInputError
from shared.facts import Material


def plan(**changes: Any) -> StackPlan:
    values: dict[str, Any] = {
        "stack_plan_id": "nfm-pouch",
        "version": 1,
        "description": "1 Ah pouch",
        "product_ids": ["nfm-pouch-1ah"],
        "pattern": ["na_foil", "ose_pellet", "nfm_cathode", "ose_pellet"],
        "repeat": 14,
        "top": ["na_foil"],
        "roles": {"na_foil": "sodium", "ose_pellet": "electrolyte", "nfm_cathode": "cathode"},
        "sodium_thickness_um": 50.0,
        "cathode_loading_mg_per_cm2": 15.0,
        "cathode_capacity_mah_per_g": 121.8,
        "source": "paper L157",
    }
    return StackPlan.model_validate({**values, **changes})


def symmetric(**changes: Any) -> StackPlan:
    return plan(
        stack_plan_id="symmetric",
        pattern=["na_disc", "ose_pellet", "na_disc"],
        repeat=1,
        top=[],
        roles={"na_disc": "sodium", "ose_pellet": "electrolyte"},
        sodium_thickness_um=450.0,
        cathode_loading_mg_per_cm2=None,
        cathode_capacity_mah_per_g=None,
        **changes,
    )


def parts(layers: tuple[str, ...]) -> list[Material]:
    return [
        Material(
            lot_id=f"L-{index}",
            material_definition_id=layer,
            quantity=1,
            unit="count",
            use="consumed",
        )
        for index, layer in enumerate(layers, start=1)
    ]


def test_pouch_has_15_foils_14_cathodes_and_28_electrolytes() -> None:
    layers = plan().layers
    assert [layers.count(name) for name in ("na_foil", "nfm_cathode", "ose_pellet")] == [15, 14, 28]
    assert layers[0] == layers[-1] == "na_foil"


@pytest.mark.parametrize(("capacity", "ratio"), [(121.8, 3.09), (83.1, 4.53)])
def test_np_ratio_has_the_known_answers_of_the_paper(capacity: float, ratio: float) -> None:
    assert sodium_mah_per_cm2(50.0) == pytest.approx(5.64, abs=0.005)
    assert np_ratio(50.0, 15.0, capacity) == pytest.approx(ratio, abs=0.005)
    assert plan(cathode_capacity_mah_per_g=capacity).np_ratio == pytest.approx(ratio, abs=0.005)


def test_symmetric_stack_has_no_np_ratio() -> None:
    assert symmetric().np_ratio is None


def test_parts_in_the_order_of_the_plan_are_taken() -> None:
    check_order(plan(), parts(plan().layers))


@given(data=st.data())
def test_any_two_different_layers_swapped_are_refused_at_the_lower_position(
    data: st.DataObject,
) -> None:
    layers = plan().layers
    low, high = sorted(
        data.draw(
            st.lists(st.integers(0, len(layers) - 1), min_size=2, max_size=2, unique=True).filter(
                lambda pair: layers[pair[0]] != layers[pair[1]]
            )
        )
    )
    given_parts = parts(layers)
    given_parts[low], given_parts[high] = given_parts[high], given_parts[low]
    with pytest.raises(InvalidInputError) as refused:
        check_order(plan(), given_parts)
    message = str(refused.value)
    assert f"position {low + 1} from the bottom of 57: expected {layers[low]}" in message
    assert f"given {layers[high]} (lot {given_parts[low].lot_id})" in message
    assert "list the parts in the plan's order" in message


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (56, "position 57 from the bottom of 57: expected na_foil, given no part"),
        (58, "position 58 from the bottom of 57: expected no part, given na_foil"),
    ],
)
def test_missing_and_surplus_parts_are_refused(count: int, message: str) -> None:
    layers = (*plan().layers, "na_foil")[:count]
    with pytest.raises(InvalidInputError, match=message):
        check_order(plan(), parts(layers))


def test_part_used_twice_is_refused_with_both_positions() -> None:
    given_parts = parts(plan().layers)
    given_parts[4] = given_parts[0]
    with pytest.raises(InvalidInputError, match="part L-1 lies at positions 1 and 5; a part can"):
        check_order(plan(), given_parts)


def test_plan_is_chosen_by_product_and_operation_or_by_its_name() -> None:
    plans = {"nfm-pouch": plan(), "symmetric": symmetric(operation="witness")}
    assert choose(plans, "nfm-pouch-1ah", "stack", None).stack_plan_id == "nfm-pouch"
    assert choose(plans, "nfm-pouch-1ah", "stack", "symmetric").stack_plan_id == "symmetric"


@pytest.mark.parametrize(
    ("product", "name", "message"),
    [
        ("nfm-pouch-1ah", "coin", "stack_plan_id coin is none of the plans of nfm-pouch-1ah"),
        ("other", "nfm-pouch", "stack_plan_id nfm-pouch is none of the plans of other"),
        ("other", None, "stack of other has 0 stack plans"),
        ("nfm-pouch-1ah", None, r"has 2 stack plans \['nfm-pouch', 'symmetric'\]; name one"),
        ("nfm-pouch-1ah", "symmetric", "symmetric version 1 is suspect: lot unclear; post"),
    ],
)
def test_plan_that_cannot_be_chosen_is_refused(
    product: str, name: str | None, message: str
) -> None:
    plans = {
        "nfm-pouch": plan(),
        "symmetric": symmetric(status="suspect", reason="lot unclear"),
    }
    with pytest.raises(InvalidInputError, match=message):
        choose(plans, product, "stack", name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repeat": 0, "top": []}, "a stack needs layers"),
        ({"top": ["separator"]}, "roles: none is given for separator"),
        ({"cathode_capacity_mah_per_g": None}, "a stack with a cathode needs"),
        ({"status": "suspect"}, "a suspect plan needs a reason"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_plan_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        plan(**changes)
