"""The plant's own authority: what it makes, renews and leaves alone, and `halite certs`."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from deploy.authority import OWN, PROBE, Authority, Part, parts_of
from deploy.cli import halite
from deploy.processes import PROJECT_DIR
from shared.bus import Bus
from shared.errors import InvalidInputError, NotFoundError, PersonNeededError
from shared.identity import Identity
from shared.settings import SERVICES, PlantSettings, read_plant

PLANT_FILE = PROJECT_DIR / "deploy" / "plant.toml"
SPRAY = Part(name="spray")
GATEWAY = Part(name="gateway", hosts=("localhost", "127.0.0.1"))


def read(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / name / "cert.pem").read_bytes())


def test_each_part_has_a_key_that_its_owner_alone_reads(tmp_path: Path) -> None:
    Authority(tmp_path).ensure(parts_of(read_plant(PLANT_FILE)))

    keys = sorted(tmp_path.glob("*/key.pem"))
    assert {key.parent.name for key in keys} == {*SERVICES, "broker", PROBE, OWN}
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert {stat.S_IMODE(key.parent.stat().st_mode) for key in keys} == {0o700}


def test_what_is_valid_stays_and_what_soon_ends_is_renewed_with_its_key(tmp_path: Path) -> None:
    authority, now = Authority(tmp_path), datetime.now(UTC)
    authority.ensure([SPRAY], now=now - timedelta(days=710))
    old = read(tmp_path, "spray")

    authority.ensure([SPRAY])
    renewed = read(tmp_path, "spray")
    authority.ensure([SPRAY])

    assert renewed.not_valid_after_utc > old.not_valid_after_utc
    assert renewed.public_key() == old.public_key()
    assert read(tmp_path, "spray") == renewed


def test_a_new_public_name_comes_into_the_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.ensure([GATEWAY])

    authority.ensure([Part(name="gateway", hosts=(*GATEWAY.hosts, "mes.example"))])

    names = read(tmp_path, "gateway").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost", "mes.example"]


def test_a_certificate_that_the_site_gave_is_left_alone(tmp_path: Path) -> None:
    site = Authority(tmp_path / "site")
    site.ensure([GATEWAY], now=datetime.now(UTC) - timedelta(days=720))
    ours = Authority(tmp_path / "plant")
    ours.ensure([GATEWAY])
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / "plant/gateway" / name).write_bytes(
            (tmp_path / "site/gateway" / name).read_bytes()
        )

    ours.ensure([GATEWAY])

    assert read(tmp_path / "plant", "gateway") == read(tmp_path / "site", "gateway")
    with pytest.raises(NotFoundError, match="no certificate of this plant's authority"):
        ours.renew([GATEWAY], ["gateway"])


def test_a_renewed_authority_is_believed_beside_certificates_it_signed_before(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    authority.ensure([SPRAY])
    before = read(tmp_path, "spray")

    authority.renew([SPRAY], [OWN])

    assert (tmp_path / "spray/ca.pem").read_bytes() == (tmp_path / OWN / "cert.pem").read_bytes()
    before.verify_directly_issued_by(read(tmp_path, OWN))


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.ensure([SPRAY])
    (tmp_path / "spray/key.pem").write_bytes(b"rubbish")

    with pytest.raises(PersonNeededError, match=r"spray is damaged"):
        authority.ensure([SPRAY])


def test_an_identity_takes_renewed_files_up_once(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.ensure([SPRAY])
    identity = Identity(tmp_path / "spray")
    identity.as_client()

    assert not identity.take_renewed()
    authority.renew([SPRAY], ["spray"])
    assert identity.take_renewed()
    assert not identity.take_renewed()


def test_an_identity_that_is_not_whole_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"ca\.pem, cert\.pem, key\.pem"):
        Identity(tmp_path).as_client()


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://broker:1883", "begins with mqtt"), ("mqtts://broker", "a certificate of our own")],
)
def test_a_broker_that_cannot_be_reached_safely_is_refused(url: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        Bus(url, "spray")


def test_a_public_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="public_names"):
        PlantSettings(site="pilot", line="L", public_names=("https://mes.example",))


def test_certificates_are_made_shown_and_renewed_by_command(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--plant", str(PLANT_FILE)]

    made = CliRunner().invoke(halite, ["certs", "make", *where])
    before = read(tmp_path / "tls", "broker")
    renewed = CliRunner().invoke(halite, ["certs", "renew", "tls/broker", "spray", *where])

    assert made.exit_code == 0, made.output
    assert "tls/broker" in made.output and "tls/authority" in made.output
    assert "tls/broker is valid until" in renewed.output and "spray is valid" in renewed.output
    assert read(tmp_path / "tls", "broker").serial_number != before.serial_number


def test_the_rights_are_printed_for_a_broker_of_the_site() -> None:
    shown = CliRunner().invoke(halite, ["certs", "rights", "--plant", str(PLANT_FILE)])

    lines = shown.output.splitlines()
    assert "user spray" in lines
    assert "topic write halite/v1/pilot/ev/spray/p/+/lot/lot_held" in lines
    assert "topic read halite/v1/pilot/ev/execution/#" in lines
