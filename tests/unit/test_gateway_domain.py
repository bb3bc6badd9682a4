"""Rules of the gateway: tiles, alarms, slots, master data, files of the web app."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway import cellpage, masterdata, webapp
from services.gateway.domain import Alarm, LotGone, Return, alarm_changes, alarm_text, touched
from services.gateway.live import Hub
from services.gateway.peers import bounded, check_length
from services.gateway.samesite import same_origin
from services.gateway.stationtile import JobAtStation, StationFacts, progress_ratio, tile
from services.gateway.values import LiveValues
from shared.errors import InvalidInputError, NotFoundError, TooLargeError
from shared.events import (
    CertificateValidityChanged,
    DispositionDecided,
    EquipmentStateChanged,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    NonconformanceRaised,
    PlcHearingChanged,
    PlcReported,
    SourceStateChanged,
    TimeLimitChanged,
)
from shared.facts import Event, Material, PartDisposition
from shared.stations import Sample
from shared.telemetry import Telemetry, written

NOW = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
EAP = "pilot/dryroom/spray/eap-1"
JOB = {
    "job_order_id": "WR1-C01-spray",
    "lot_id": "WR1-C01",
    "work_request_id": "WR1",
    "product_id": "nvp-coin",
    "operation": "spray",
}


def job(**values: object) -> JobAtStation:
    common: dict[str, object] = {
        "job_order_id": "J1",
        "equipment_id": EAP,
        "operation": "spray",
        "lot_id": "WR1-C01",
        "state": "running",
        "reason": None,
        "started_at": NOW - timedelta(minutes=5),
    }
    return JobAtStation(**{**common, **values})  # type: ignore[arg-type]


def shown(facts: StationFacts, *jobs: JobAtStation, usual_s: float = 600.0) -> dict[str, object]:
    return tile(facts, jobs, {"spray": usual_s}, [], None, NOW)


GOOD = StationFacts(equipment_id=EAP, state="productive", data_quality="good", changed_at=NOW)


# tiles


def test_a_station_never_heard_of_is_unknown() -> None:
    never = shown(StationFacts(equipment_id=EAP))
    assert never["data_quality"] == "unknown"
    assert never["job_order_id"] is None
    assert never["updated_at"] is None


def test_a_running_job_shows_its_progress_against_the_usual_duration() -> None:
    running = shown(GOOD, job())
    assert (running["job_order_id"], running["progress_ratio"]) == ("J1", 0.5)


def test_progress_is_unknown_until_the_operation_has_once_ended() -> None:
    assert tile(GOOD, [job()], {}, [], None, NOW)["progress_ratio"] is None


def test_progress_of_a_station_that_does_not_answer_is_unknown() -> None:
    lost = StationFacts(equipment_id=EAP, state="productive", data_quality="unknown")
    assert shown(lost, job())["progress_ratio"] is None


def test_progress_never_passes_one() -> None:
    assert progress_ratio(NOW, 60.0, NOW + timedelta(hours=1)) == 1.0


def test_a_rack_shows_the_job_it_began_first() -> None:
    later = job(job_order_id="J2", started_at=NOW)
    assert shown(GOOD, later, job())["job_order_id"] == "J1"


def test_a_held_job_gives_its_reason_and_no_progress() -> None:
    held = shown(GOOD, job(state="interrupted", reason="recipe read back differs"))
    assert held["reason"] == "recipe read back differs"
    assert held["progress_ratio"] is None


@pytest.mark.parametrize(
    ("station", "source", "quality"),
    [
        ("good", None, "good"),
        (None, "good", "good"),
        ("good", "stale", "stale"),
        ("stale", "unknown", "unknown"),
        ("unknown", "good", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_the_worse_of_two_words_on_data_quality_counts(
    station: str | None, source: str | None, quality: str
) -> None:
    facts = StationFacts(
        equipment_id=EAP,
        data_quality=station,  # type: ignore[arg-type]
        source_quality=source,  # type: ignore[arg-type]
    )
    assert shown(facts)["data_quality"] == quality


# live values


def sample(signal: str, value: float | None, status: str = "Good") -> Sample:
    return Sample(signal=signal, value=value, status=status, source_at=NOW)


def test_values_carry_unit_and_quality_and_grow_stale_after_five_seconds() -> None:
    values = LiveValues([EAP])
    samples = (sample("dew_point_degc", -52.3456789), sample("flow_ml_per_min", None, "Bad"))
    values.take(Telemetry(equipment_id=EAP, samples=samples), 100.0)
    fresh, old = values.shown(EAP, 104.9), values.shown(EAP, 105.1)
    assert fresh[0] == {
        "signal": "dew_point_degc",
        "value": -52.3457,
        "unit": "°C",
        "quality": "good",
    }
    assert fresh[1]["value"] is None
    assert [item["quality"] for item in fresh + old] == ["good", "bad", "stale", "bad"]


def test_one_message_says_that_every_value_of_the_station_holds() -> None:
    values = LiveValues([EAP])
    values.take(Telemetry(equipment_id=EAP, samples=(sample("a_v", 1.0),)), 100.0)
    values.take(Telemetry(equipment_id=EAP, samples=(sample("b_v", 2.0),)), 110.0)
    assert [item["quality"] for item in values.shown(EAP, 111.0)] == ["good", "good"]


def test_values_of_equipment_outside_the_plant_file_and_rubbish_are_dropped() -> None:
    values = LiveValues([EAP])
    values.hear(written("pilot/a/b/c", [sample("a_v", 1.0)]).encode(), 1.0)
    values.hear(b"\xff{", 1.0)
    assert values.shown("pilot/a/b/c", 1.0) == []
    assert values.sampled_at(EAP) is None


# alarms


def state(state: str, quality: str = "good") -> EquipmentStateChanged:
    return EquipmentStateChanged.model_validate(
        {
            "equipment_id": EAP,
            "state": state,
            "data_quality": quality,
            "reason": "needle blocked",
            "changed_at": NOW,
        }
    )


def ended(how: str) -> JobOrderEnded:
    return JobOrderEnded.model_validate(
        {
            **JOB,
            "state": how,
            "equipment_id": EAP,
            "recipe_id": "r",
            "recipe_version": 1,
            "started_at": NOW,
            "ended_at": NOW,
            "materials": (),
            "reason": "door opened",
        }
    )


def decided(disposition: str, *parts: tuple[str, str]) -> DispositionDecided:
    return DispositionDecided(
        lot_id="WR1-C01",
        work_request_id="WR1",
        product_id="nvp-coin",
        gate="spray",
        characteristic="contact_angle_deg",
        value=63.0,
        unit="°",
        low=None,
        high=25.0,
        disposition=disposition,
        reason="63.0 ° above 25.0 °",
        specification_version=1,
        evaluated_at=NOW,
        parts=tuple(
            PartDisposition(lot_id=lot, value=1.0, disposition=how, reason="r")
            for lot, how in parts
        ),
    )


def limit(how: str) -> TimeLimitChanged:
    return TimeLimitChanged(
        lot_id="WR1-C01",
        time_limit_id="T1",
        name="coat_to_stack",
        limit_kind="max",
        from_event="spray",
        to_event="stack",
        started_at=NOW,
        limit_at=NOW,
        state=how,
    )


def alarms(event: Event) -> list[tuple[str, int]]:
    return [(a.code, a.priority) for a in alarm_changes(event) if isinstance(a, Alarm)]


def returns(event: Event) -> list[str]:
    return [item.condition for item in alarm_changes(event) if isinstance(item, Return)]


def test_a_station_that_is_down_or_lost_raises_an_alarm_until_it_is_back() -> None:
    assert alarms(state("unscheduled_down")) == [("station_down", 1)]
    assert alarms(state("standby", "unknown")) == [("station_lost", 2)]
    assert returns(state("standby")) == [f"lost:{EAP}", f"down:{EAP}"]


def test_a_silent_source_raises_an_alarm_until_it_is_back() -> None:
    silent = SourceStateChanged(equipment_id=EAP, data_quality="stale", last_sample_at=NOW)
    back = SourceStateChanged(equipment_id=EAP, data_quality="good", last_sample_at=NOW)
    assert alarms(silent) == [("source_silent", 3)]
    assert returns(back) == [f"silent:{EAP}"]


def test_a_held_job_order_is_the_most_urgent_and_ends_when_it_goes_on() -> None:
    held = JobOrderHeld(**JOB, equipment_id=EAP, reason="read back differs", lot_ids=())
    started = JobOrderStarted(
        **JOB, equipment_id=EAP, recipe_id="r", recipe_version=1, started_at=NOW, lot_ids=()
    )
    [alarm] = alarm_changes(held)
    assert isinstance(alarm, Alarm) and alarm.priority == 1 and alarm.source == EAP
    assert returns(started) == [alarm.condition]
    assert returns(ended("ended")) == [alarm.condition]


def test_an_aborted_job_order_asks_for_an_acknowledgement() -> None:
    [_, alarm] = alarm_changes(ended("aborted"))
    assert isinstance(alarm, Alarm)
    assert (alarm.code, alarm.leaves) == ("job_order_aborted", "when_acknowledged")
    assert "door opened" in alarm.text


def test_a_gate_that_blocks_raises_an_alarm_which_the_release_ends() -> None:
    [alarm] = alarm_changes(decided("blocked"))
    assert isinstance(alarm, Alarm) and alarm.lot_id == "WR1-C01"
    assert alarm.text == "spray: WR1-C01 is blocked: 63.0 ° above 25.0 °"
    released = LotHoldReleased(lot_id="WR1-C01", work_request_id="WR1", gate="spray", reason="r")
    assert alarm_changes(released) == [Return(condition=alarm.condition, lot_id="WR1-C01")]
    assert alarm_changes(decided("released")) == alarm_changes(released)


def test_parts_that_one_gate_blocks_stand_behind_one_alarm() -> None:
    event = decided("blocked", ("P1", "blocked"), ("P2", "released"), ("P3", "scrap"))
    blocked, released, scrap = alarm_changes(event)
    assert isinstance(blocked, Alarm) and isinstance(released, Return)
    assert {blocked.condition, released.condition} == {"gate:WR1:spray"}
    assert (blocked.lot_id, released.lot_id) == ("P1", "P2")
    assert scrap == LotGone(lot_id="P3")


def test_a_hold_that_follows_from_another_alarm_raises_none_of_its_own() -> None:
    def held(gate: str) -> LotHeld:
        return LotHeld(lot_id="WR1-C01", work_request_id="WR1", gate=gate, reason="r")

    assert alarms(held("witness_ccd")) == [("gate_blocked", 2)]
    assert [alarms(held(gate)) for gate in ("station", "operation", "time_limit")] == [[], [], []]


def test_a_window_warns_when_near_and_alarms_when_broken() -> None:
    assert alarms(limit("near")) == [("time_limit_near", 3)]
    assert alarms(limit("broken")) == [("time_limit_broken", 2)]
    assert returns(limit("broken")) == ["near:T1"]
    assert returns(limit("met")) == ["near:T1", "broken:T1"]
    assert alarm_changes(limit("open")) == []


def test_a_nonconformance_and_a_plc_alarm_ask_for_an_acknowledgement() -> None:
    raised = NonconformanceRaised(
        lot_id="L1", nonconformance_id="N1", equipment_id=None, description="d", lot_ids=("L1",)
    )
    alarm = PlcReported(equipment_id=EAP, report="alarm", job_order_id=None, text="air low")
    fetched = PlcReported(equipment_id=EAP, report="job_fetched", job_order_id="J", text="")
    assert alarms(raised) == [("nonconformance", 2)]
    assert alarms(alarm) == [("plc_alarm", 2)]
    assert alarm_changes(fetched) == []


def test_a_silent_plc_and_an_ending_certificate_are_alarms_until_their_cause_is_gone() -> None:
    silent = PlcHearingChanged(equipment_id=EAP, state="silent", silent_s=6.0, limit_s=5.0)
    ends = CertificateValidityChanged(
        name="plc", state="near", valid_until=datetime(2026, 4, 1, tzinfo=UTC), days_left=31
    )
    assert alarms(silent) == [("plc_silent", 2)]
    assert alarms(ends) == [("certificate_ends", 3)]
    assert alarms(ends.model_copy(update={"state": "expired"})) == [("certificate_ends", 1)]
    assert returns(silent.model_copy(update={"state": "heard"})) == [f"plc_silent:{EAP}"]
    assert returns(ends.model_copy(update={"state": "valid"})) == ["certificate:plc"]


def test_an_alarm_says_how_many_lots_stand_behind_it() -> None:
    assert alarm_text("spray: P3 is blocked", 1) == "spray: P3 is blocked"
    assert alarm_text("spray: P3 is blocked", 28) == "spray: P3 is blocked (28 lots)"


def test_an_event_touches_its_lots_but_not_what_it_consumed() -> None:
    materials = (
        Material(lot_id="P1", material_definition_id="p", quantity=1, unit="1", use="processed"),
        Material(lot_id="GLUE", material_definition_id="g", quantity=1, unit="ul", use="consumed"),
    )
    event = ended("ended").model_copy(update={"materials": materials})
    assert touched(event) == {"WR1-C01", "P1"}
    assert touched(state("standby")) == touched(None) == frozenset()


# live link


async def test_the_newest_state_takes_the_place_of_one_not_yet_sent() -> None:
    hub = Hub()
    client = hub.join()
    hub.subscribe(client, frozenset({"overview"}))
    for n in range(5):
        hub.publish("overview", json.dumps({"n": n}))
    assert json.loads(await client.next()) == {
        "type": "snapshot",
        "topic": "overview",
        "seq": 5,
        "data": {"n": 4},
    }
    assert client._slots == {}


def test_an_unchanged_state_is_not_sent_again() -> None:
    hub = Hub()
    hub.subscribe(hub.join(), frozenset({"overview"}))
    assert hub.publish("overview", '{"t":1}', "same")
    assert not hub.publish("overview", '{"t":2}', "same")
    assert hub.publish("overview", '{"t":3}', "other")


async def test_a_late_client_gets_at_once_what_others_have() -> None:
    hub = Hub()
    hub.subscribe(hub.join(), frozenset({"overview"}))
    hub.publish("overview", "1")
    late = hub.join()
    hub.subscribe(late, frozenset({"overview"}))
    async with asyncio.timeout(60):
        assert json.loads(await late.next())["data"] == 1


async def test_a_waiting_client_is_woken_and_no_topic_starves() -> None:
    hub = Hub()
    client = hub.join()
    hub.subscribe(client, frozenset({"overview", "cell:C1"}))
    waiting = asyncio.create_task(client.next())
    hub.publish("cell:C1", "1")
    assert '"cell:C1"' in await waiting
    hub.publish("overview", "1")
    hub.publish("cell:C1", "2")
    hub.publish("overview", "2")
    assert [json.loads(await client.next())["topic"] for _ in range(2)] == ["overview", "cell:C1"]


def test_a_topic_that_nobody_watches_is_dropped() -> None:
    hub = Hub()
    one, other = hub.join(), hub.join()
    hub.subscribe(one, frozenset({"overview", "cell:C1"}))
    hub.subscribe(other, frozenset({"overview"}))
    hub.publish("cell:C1", "1")
    hub.subscribe(one, frozenset())
    assert one._slots == {}
    assert hub.topics == ["overview"]
    hub.leave(other)
    assert hub.topics == []
    assert not hub.publish("overview", "1")


# doors


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        (None, "mes:8080", True),
        ("http://mes:8080", "mes:8080", True),
        ("https://MES", "mes", True),
        ("http://mes:8081", "mes:8080", False),
        ("http://evil.example", "mes:8080", False),
        ("null", "mes:8080", False),
        ("http://[", "mes:8080", False),
        ("http://mes", None, False),
    ],
)
def test_only_the_own_page_counts_as_same_origin(
    origin: str | None, host: str | None, same: bool
) -> None:
    assert same_origin(origin, host) is same


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


async def test_a_body_is_passed_on_to_its_limit_and_not_beyond() -> None:
    assert [len(chunk) async for chunk in bounded(chunks(4, 6), 10)] == [4, 6]
    with pytest.raises(TooLargeError, match="10 bytes"):
        [chunk async for chunk in bounded(chunks(4, 7), 10)]
    check_length("10", 10)
    check_length("rubbish", 10)
    with pytest.raises(TooLargeError):
        check_length("11", 10)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    for name in ("index.html", "favicon.svg", "assets/App-BQi9Wmij.js"):
        for ending in ("", ".br", ".gz"):
            (folder / (name + ending)).write_text(name + ending)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.mark.parametrize(
    ("path", "encodings", "file", "cache"),
    [
        ("", "", "index.html", "no-cache"),
        ("cells/WR1-C01", "gzip, br", "index.html.br", "no-cache"),
        ("../secret.txt", "", "index.html", "no-cache"),
        ("/etc/passwd", "", "index.html", "no-cache"),
        ("a\0b", "", "index.html", "no-cache"),
        ("favicon.svg", "gzip", "favicon.svg.gz", "no-cache"),
        (
            "assets/App-BQi9Wmij.js",
            "br;q=0, gzip;q=0.5",
            "assets/App-BQi9Wmij.js.gz",
            "public, max-age=31536000, immutable",
        ),
    ],
)
def test_a_path_finds_its_file_in_the_best_encoding(
    dist: Path, path: str, encodings: str, file: str, cache: str
) -> None:
    asset = webapp.find(dist, path, encodings)
    assert asset is not None
    assert asset.file == dist / file
    assert asset.headers["cache-control"] == cache


def test_a_page_runs_no_script_but_those_of_the_build(dist: Path) -> None:
    asset = webapp.find(dist, "index.html", "")
    assert asset is not None

    policy = asset.headers["content-security-policy"].split("; ")

    assert "default-src 'self'" in policy
    assert not any(rule.startswith("script-src") for rule in policy)


def test_a_script_keeps_its_type_whatever_its_encoding(dist: Path) -> None:
    asset = webapp.find(dist, "assets/App-BQi9Wmij.js", "br")
    assert asset is not None
    assert asset.content_type == "text/javascript; charset=utf-8"
    assert asset.headers["content-encoding"] == "br"


def test_an_asset_of_another_build_is_not_answered_with_a_page(dist: Path) -> None:
    with pytest.raises(NotFoundError, match="load the page again"):
        webapp.find(dist, "assets/App-00000000.js", "")


def test_a_folder_without_a_build_has_no_page(tmp_path: Path) -> None:
    assert webapp.find(tmp_path, "", "br") is None


# master data


def test_a_document_is_cut_into_the_sections_of_the_services() -> None:
    found = masterdata.sections(b"spray:\n  due: 2026-01-05\nexecution: {b: 1, a: [2]}\n")
    assert found == {"execution": '{"a": [2], "b": 1}', "spray": '{"due": "2026-01-05"}'}
    assert masterdata.sections(b'{"trace": {}}') == {"trace": "{}"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"exection: {}", "unknown top-level key exection"),
        (b"halite: {}", "unknown top-level key halite"),
        (b"- a", "top-level keys must be services"),
        (b"", "top-level keys must be services"),
        (b"a: [1", "line 1"),
        (b"spray: .nan", "spray"),
        (b"spray: &a [*a]", "more than 500000 values"),
        (b"\xff\xfe\xff", "master data"),
        (b"spray: " + b"[" * 100_000, "line 1: lists and mappings within each other"),
        (b"spray:\n" + b"- " * 1_000_000, "line 2: lists and mappings within each other"),
    ],
)
def test_a_document_that_cannot_be_cut_is_refused_with_the_reason(
    content: bytes, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        masterdata.sections(content)


def test_each_section_has_a_key_of_its_own_that_stays_the_same() -> None:
    keys = {masterdata.key_for(name, "12345678") for name in masterdata.TAKERS}
    assert len(keys) == len(masterdata.TAKERS)
    assert masterdata.key_for("spray", "12345678") in keys


def test_the_answer_tells_refused_from_not_reached() -> None:
    taken = {"taken": True, "answer": {}}
    refused = {"taken": False, "code": "ConflictError", "detail": "version 1 exists"}
    away = {"taken": False, "code": "ServiceUnreachableError", "detail": "spray is away"}
    assert masterdata.verdict({"spray": taken})[0] == 201
    assert masterdata.verdict({"spray": taken, "trace": away})[0] == 503
    status, body = masterdata.verdict({"spray": refused, "trace": away, "plc": taken})
    assert (status, body["code"]) == (422, "InvalidInputError")
    assert body["detail"] == "spray: version 1 exists; trace: spray is away"


# shapes


def test_a_list_has_exactly_the_agreed_fields() -> None:
    answer = {"items": [{"lot_id": "L1", "secret": 1}], "total": 7}
    assert cellpage.listed(answer, ("lot_id", "unit")) == {
        "items": [{"lot_id": "L1", "unit": None}],
        "total": 7,
    }


def test_the_newest_spectrum_is_shown() -> None:
    spectra = [{"frequency_hz": [n], "z_real_ohm": [n], "z_imag_ohm": [n]} for n in (1, 2)]
    assert cellpage.spectrum_of({"items": spectra}) == spectra[0]
    assert cellpage.spectrum_of({"items": []}) is None


def test_the_worst_of_the_newest_exposures_is_shown() -> None:
    states = [("stack", "within"), ("coated", "unknown"), ("stack", "over"), ("coated", "within")]
    items = [{"open_state": name, "state": state} for name, state in states]
    shown = cellpage.exposure_of({"items": items})
    assert shown is not None and shown["state"] == "unknown"
    assert cellpage.exposure_of({"items": []}) is None


def test_a_staircase_is_shown_as_the_interval_between_two_levels() -> None:
    newest = [
        {"characteristic": "ccd_survived_ma_per_cm2", "value": 4.2, "reason": "4.4 broke it"},
        {"characteristic": "ccd_failed_ma_per_cm2", "value": 4.4, "reason": "4.4 broke it"},
        {"characteristic": "ccd_mode", "value": "hard_short", "reason": "fell to 0 V"},
    ]
    assert cellpage.ccd_of({"items": newest}) == {
        "survived_ma_per_cm2": 4.2,
        "failed_ma_per_cm2": 4.4,
        "charge_mah_per_cm2": None,
        "mode": "hard_short",
        "reason": "fell to 0 V",
    }
    assert cellpage.ccd_of({"items": [{"characteristic": "ocv_v", "value": 3.0}]}) is None


def test_values_that_no_gate_judged_are_no_gates() -> None:
    items = [{"gate": "spray", "disposition": "released"}, {"gate": "spray", "disposition": None}]
    assert [item["disposition"] for item in cellpage.gates_of({"items": items})] == ["released"]
