"""A checksum finds each flipped bit, and asks for none where there is none."""

import json

import pytest

from shared.checksum import is_intact, sealed

TEXT = '{"lot_id":"Ü-1","value":12.5}'


def test_sealed_json_stays_json_and_intact() -> None:
    assert is_intact(sealed(TEXT).encode())
    assert json.loads(sealed(TEXT)) | json.loads(TEXT) == json.loads(sealed(TEXT))


def test_json_without_a_checksum_is_taken_as_it_is() -> None:
    assert is_intact(TEXT.encode())


@pytest.mark.parametrize("bit", range(8))
def test_each_flipped_bit_is_found_or_leaves_the_object_as_it_was(bit: int) -> None:
    whole = sealed(TEXT).encode()
    for place in range(len(whole)):
        damaged = whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
        assert not is_intact(damaged) or damaged.startswith(TEXT[:-1].encode())
