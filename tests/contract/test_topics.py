"""Every topic of the contract may be said by the service that owns it, and by no other."""

import json
from pathlib import Path

import pytest
from paho.mqtt.client import topic_matches_sub

from deploy.contracts import FOLDER
from deploy.topicrights import READS, may_hear, may_say
from shared.settings import SERVICES, read_plant

PLANT = read_plant(Path(__file__).resolve().parents[2] / "deploy" / "plant.toml")
DOCUMENT = json.loads((FOLDER / "asyncapi.json").read_text())
CHANNELS = {
    name: channel["address"].replace("{site}", PLANT.site).replace("{partition}", "07")
    for name, channel in DOCUMENT["channels"].items()
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_topic_is_said_by_its_owner_and_heard_by_its_readers_alone(name: str) -> None:
    topic, owner = CHANNELS[name], name.partition(".")[0]
    say = [one for one in SERVICES if any(topic_matches_sub(f, topic) for f in may_say(PLANT, one))]
    hear = [
        one for one in SERVICES if any(topic_matches_sub(f, topic) for f in may_hear(PLANT, one))
    ]
    assert say == [owner]
    assert hear == [one for one in SERVICES if owner in READS[one]]


def test_live_values_are_said_by_the_service_that_drives_the_station() -> None:
    for machine in (*PLANT.station, *PLANT.tester):
        topic = f"halite/v1/{PLANT.site}/tm/{machine.equipment_id.partition('/')[2]}/values"
        say = [
            one for one in SERVICES if any(topic_matches_sub(f, topic) for f in may_say(PLANT, one))
        ]
        assert say == [machine.service], topic
