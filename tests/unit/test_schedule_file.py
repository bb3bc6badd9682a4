"""Work schedules as people send them: the same order three ways, and faults with line and field."""

import pytest

from services.execution.schedule_file import read_schedule
from shared.errors import InvalidInputError
from tests.plant import ROOT

YAML = (ROOT / "examples/pilot-week.yaml").read_bytes()
CSV = b"""work_schedule_id,work_request_id,product_id,quantity,due_at,priority
S-1,WR-1,nvp-coin,8,2026-12-31T16:00:00Z,50
S-1,WR-2,nfm-pouch-1ah,12,2026-12-31T16:00:00Z,
"""
JSON = b"""{"work_schedule_id": "S-1", "work_requests": [
  {"work_request_id": "WR-1", "product_id": "nvp-coin", "quantity": 8,
   "due_at": "2026-12-31T16:00:00Z"},
  {"work_request_id": "WR-2", "product_id": "nfm-pouch-1ah", "quantity": 12,
   "due_at": "2026-12-31T16:00:00Z"}]}"""


def test_the_pilot_week_is_a_sound_schedule() -> None:
    schedule = read_schedule(YAML, "application/yaml")
    assert [request.quantity for request in schedule.work_requests] == [12, 8]
    assert len(schedule.material_lots) == 13


def test_json_and_csv_say_the_same() -> None:
    assert read_schedule(CSV, "text/csv") == read_schedule(JSON, "application/json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV.replace(b",8,", b",-8,"), ("line 2", "quantity", "-8")),
        (CSV.replace(b",12,", b",twelve,"), ("line 3", "quantity", "twelve")),
        (CSV.replace(b"due_at", b"due"), ("line 1", "column due_at is missing")),
        (CSV.replace(b"priority", b"prio"), ("line 1", "unknown column prio")),
        (CSV.splitlines()[0], ("line 2", "no work request")),
        (CSV.replace(b"S-1,WR-2", b"S-2,WR-2"), ("work_schedule_id differs",)),
    ],
)
def test_a_fault_in_csv_names_line_and_column(content: bytes, words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_schedule(content, "text/csv")
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"quantity: 12", b"quantity: 0", ("line 20", "work_requests.0.quantity")),
        (b"quantity: 40000", b"quantity: -1", ("line 12", "material_lots.8.quantity", "-1")),
        (b"due_at: 2026-12-31T16:00:00Z", b"due_at: soon", ("line 23", "due_at", "soon")),
        (b"lot_id: ZNO-0031", b"lot_id: SIO2-0205", ("lot SIO2-0205 stands twice",)),
        (b"WR-NVP-01", b"WR-NFM-01", ("work request WR-NFM-01 stands twice",)),
        (b"work_requests:", b"orders:", ("field work_requests: Field required",)),
        (b"priority: 60", b"priority: [", ("not YAML or JSON", "line")),
        (b"priority: 60", b"priority: " + b"[" * 100_000, ("within each other", "line", "50")),
    ],
)
def test_a_fault_in_yaml_names_line_and_field(
    before: bytes, after: bytes, words: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_schedule(YAML.replace(before, after), "application/yaml")
    assert all(word in str(refused.value) for word in words), refused.value


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="byte 0 is not UTF-8"):
        read_schedule(b"\xff\xfe\x00", "application/yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "work_schedule_id,work_schedule_id,work_request_id,product_id,quantity,due_at\nA,B,C\n",
            "column work_schedule_id stands there 2 times",
        ),
        (
            "work_request_id,work_schedule_id,product_id,quantity,due_at\nA\nB,C,D,1,E\n",
            "work_schedule_id differs between lines",
        ),
        ("work_schedule_id\rx,product_id\n", "not CSV"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_schedule(text.encode(), "text/csv")
