"""Trays and positions of a furnace load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sintering.load import Place, places
from shared.errors import OutOfLimitsError


def test_parts_fill_tray_after_tray_in_their_order() -> None:
    found = places(["a", "b", "c"], 2, 120)
    assert found == (
        Place(lot_id="a", tray=1, position=1),
        Place(lot_id="b", tray=1, position=2),
        Place(lot_id="c", tray=2, position=1),
    )


@given(count=st.integers(1, 480), width=st.none() | st.integers(1, 60))
def test_no_two_parts_share_a_place(count: int, width: int | None) -> None:
    found = places([f"p{number}" for number in range(count)], width, 480)
    assert [place.lot_id for place in found] == [f"p{number}" for number in range(count)]
    assert len({(place.tray, place.position) for place in found}) == count
    assert max(place.position for place in found) <= (width or count)
    assert min(place.tray for place in found) == min(place.position for place in found) == 1


def test_more_parts_than_places_are_refused() -> None:
    with pytest.raises(OutOfLimitsError, match="31 parts are more than the 30 places"):
        places([str(number) for number in range(31)], 30, 30)
