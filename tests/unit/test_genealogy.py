"""What was made of what: shares add up, ranks are longest ways, circles end."""

import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.trace.domain import edges_of, mentions, ranks
from shared.events import GenealogyRecorded
from shared.facts import Material, MaterialUse

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


def material(lot_id: str, quantity: float, unit: str, use: MaterialUse) -> Material:
    return Material(
        lot_id=lot_id, material_definition_id="m", quantity=quantity, unit=unit, use=use
    )


def genealogy(*materials: Material) -> GenealogyRecorded:
    return GenealogyRecorded(
        job_order_id="J",
        lot_id="C-0",
        work_request_id="W",
        product_id="P",
        operation="stack",
        equipment_id="pilot/a/b/c",
        recipe_id="r",
        recipe_version=1,
        materials=materials,
        started_at=AT,
        ended_at=AT,
    )


parts = st.lists(st.tuples(st.integers(0, 4), st.floats(0.001, 1e6)), max_size=12)


@given(consumed=parts, produced=parts, processed=parts)
def test_what_was_consumed_is_shared_out_without_rest(
    consumed: list[tuple[int, float]],
    produced: list[tuple[int, float]],
    processed: list[tuple[int, float]],
) -> None:
    event = genealogy(
        *(material(f"IN-{n}", q, "g", "consumed") for n, q in consumed),
        *(material(f"OUT-{n}", q, "g", "produced") for n, q in produced),
        *(material(f"ON-{n}", q, "1", "processed") for n, q in processed),
    )
    edges = edges_of(event)
    for lot_id in {f"IN-{n}" for n, _ in consumed}:
        given_out = sum(edge.quantity for edge in edges if edge.parent_lot_id == lot_id)
        taken = sum(q for n, q in consumed if f"IN-{n}" == lot_id)
        expected = taken if produced or processed else 0.0
        assert math.isclose(given_out, expected, rel_tol=1e-9)
    inputs = {f"IN-{n}" for n, _ in consumed} | {f"ON-{n}" for n, _ in processed}
    assert {edge.parent_lot_id for edge in edges} <= inputs
    assert len({(edge.parent_lot_id, edge.child_lot_id) for edge in edges}) == len(edges)


def test_a_stack_lists_a_foil_lot_once_with_the_sum_of_its_layers() -> None:
    layers = [material("FOIL", 1.0, "1", "consumed") for _ in range(15)]
    [edge] = edges_of(genealogy(*layers, material("CELL", 1.0, "1", "produced")))
    assert (edge.parent_lot_id, edge.child_lot_id, edge.quantity) == ("FOIL", "CELL", 15.0)


def test_glue_goes_into_the_processed_pellets_and_these_make_no_edge_to_each_other() -> None:
    pellets = [material(f"P{n}", 1.0, "1", "processed") for n in range(4)]
    edges = edges_of(genealogy(material("GLUE", 2.0, "ml", "consumed"), *pellets))
    assert [(edge.parent_lot_id, edge.child_lot_id) for edge in edges] == [
        ("GLUE", f"P{n}") for n in range(4)
    ]
    assert [edge.quantity for edge in edges] == [0.5] * 4


def test_a_lot_that_is_consumed_and_processed_does_not_come_from_itself() -> None:
    edges = edges_of(
        genealogy(material("A", 1, "g", "consumed"), material("A", 1, "g", "processed"))
    )
    assert edges == []


def longest_way(lot: int, edges: set[tuple[int, int]]) -> int:
    parents = [parent for parent, child in edges if child == lot]
    return 1 + max(longest_way(parent, edges) for parent in parents) if parents else 0


acyclic = st.sets(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: (min(pair), max(pair)))
).map(lambda pairs: {(a, b) for a, b in pairs if a != b})


@given(acyclic)
def test_rank_is_the_longest_way_from_a_raw_lot(edges: set[tuple[int, int]]) -> None:
    found = ranks(map(str, range(10)), [(str(a), str(b)) for a, b in edges])
    assert found == {str(lot): longest_way(lot, edges) for lot in range(10)}


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_ranks_of_any_graph_end_and_name_every_lot(edges: set[tuple[int, int]]) -> None:
    found = ranks(map(str, range(7)), [(str(a), str(b)) for a, b in edges])
    assert found.keys() == {str(lot) for lot in range(7)}


def test_mentions_are_found_in_every_place_an_event_may_name_a_lot() -> None:
    data = {
        "lot_id": "A",
        "lot_ids": ["B", "C"],
        "materials": [{"lot_id": "D"}],
        "results": [{"lot_id": "E", "value": 1}],
        "parts": [{"lot_id": "F"}],
        "job_order_id": "J",
        "job_order_ids": ["K"],
    }
    named = mentions(data)
    assert named.lot_ids == {"A", "B", "C", "D", "E", "F"}
    assert named.job_order_ids == {"J", "K"}


def test_mentions_of_data_of_another_shape_are_empty() -> None:
    assert mentions({"lot_id": None, "lot_ids": "A", "materials": [1], "results": {}}) == mentions(
        {}
    )
