"""Values from a station at the door: a wrong type or a bad status is no value."""

from datetime import UTC, datetime

import pytest
from asyncua import ua

from shared.opcua_stream import sample_of
from shared.opcua_structures import job_structures
from shared.stationoffer import METHODS, ORDER_LIST, RESPONSE, RESPONSE_LIST, missing, unusable
from simulators.opcua_server import node_sets_dir

AT = datetime(2026, 1, 5, 6, 0)  # noqa: DTZ001 - asyncua gives instants without a zone, in UTC
ALL = {*METHODS, ORDER_LIST, RESPONSE}


@pytest.mark.parametrize("value", [ua.Variant(300.5), ua.Variant(300.5, ua.VariantType.Float)])
def test_a_good_number_keeps_its_source_time(value: ua.Variant) -> None:
    sample = sample_of("speed_rpm", ua.DataValue(value, SourceTimestamp=AT))
    assert (sample.value, sample.status) == (300.5, "Good")
    assert sample.source_at == AT.replace(tzinfo=UTC)


def test_a_whole_number_of_a_small_plc_is_a_value() -> None:
    value = ua.Variant(300, ua.VariantType.Int16)
    assert sample_of("speed_rpm", ua.DataValue(value, SourceTimestamp=AT)).value == 300.0


@pytest.mark.parametrize(
    "value", [ua.Variant("fast"), ua.Variant([1.0, 2.0]), ua.Variant(True), ua.Variant()]
)
def test_a_value_of_another_type_is_unknown_and_says_so(value: ua.Variant) -> None:
    sample = sample_of("speed_rpm", ua.DataValue(value, SourceTimestamp=AT))
    assert (sample.value, sample.status) == (None, "BadTypeMismatch")


@pytest.mark.parametrize("name", ["BadSensorFailure", "UncertainLastUsableValue"])
def test_a_value_without_good_status_is_unknown_and_keeps_its_status(name: str) -> None:
    status = ua.StatusCode(getattr(ua.StatusCodes, name))
    sample = sample_of("speed_rpm", ua.DataValue(ua.Variant(300.5), status))
    assert (sample.value, sample.status) == (None, name)


@pytest.mark.parametrize(("code", "name"), [(0x0480, "Good"), (0x00960000, "GoodLocalOverride")])
def test_info_bits_and_good_subcodes_keep_the_value(code: int, name: str) -> None:
    status = ua.StatusCode(ua.UInt32(code))
    sample = sample_of("speed_rpm", ua.DataValue(ua.Variant(300.5), status, AT))
    assert (sample.value, sample.status) == (300.5, name)


def test_structures_carry_the_namespace_of_the_station_they_go_to() -> None:
    known = job_structures(node_sets_dir())
    order = known.new("ISA95JobOrderDataType", JobOrderID="JO-1")
    for index in (5, 9):
        packed = known.packed(order, index)
        assert packed.Value.TypeId.NamespaceIndex == index
        assert known.unpacked(packed.Value, "ISA95JobOrderDataType", index) == order
        with pytest.raises(TypeError, match="expected ISA95JobOrderDataType"):
            known.unpacked(packed.Value, "ISA95JobOrderDataType", index + 1)


@pytest.mark.parametrize("lacking", ["Pause", "Clear", "Cancel", "Abort", "Store", "Start"])
def test_a_station_that_lacks_a_method_is_usable_and_says_what_follows(lacking: str) -> None:
    assert unusable(ALL - {lacking}, start_before_read_back=True) is None
    [found] = [
        text for text in missing(ALL - {lacking}, ["Model"]) if lacking in text.split(":")[0]
    ]
    assert len(found) > len(lacking)


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({ORDER_LIST}, "cannot be read back"),
        ({"StoreAndStart", "Start"}, "cannot be given"),
        ({"StoreAndStart", "Store"}, "cannot be given"),
        ({RESPONSE}, "cannot be known"),
    ],
)
def test_a_station_that_lacks_too_much_says_why_it_gets_no_job(
    lacking: set[str], reason: str
) -> None:
    assert reason in str(unusable(ALL - lacking, start_before_read_back=True))
    assert unusable((ALL - {RESPONSE}) | {RESPONSE_LIST}) is None


@pytest.mark.parametrize("lacking", ["Store", "Start"])
def test_a_station_that_would_begin_before_the_read_back_gets_no_job_unless_the_plant_file_says_so(
    lacking: str,
) -> None:
    assert "start_before_read_back = true" in str(unusable(ALL - {lacking}))
    assert unusable(ALL - {"StoreAndStart"}) is None
