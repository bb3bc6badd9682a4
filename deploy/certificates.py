"""All certificates of a plant by name: those of OPC UA, and those of TLS with `tls/` before."""

from collections.abc import Sequence
from datetime import datetime

from deploy import pki
from deploy.authority import Authority, parts_of
from deploy.data_folder import DataFolder
from shared.settings import PlantSettings

TLS = "tls/"


def make(data: DataFolder, plant: PlantSettings) -> None:
    """Make what is missing and renew what soon ends.

    Raises:
        PersonNeededError: a certificate or key is damaged, or the folder cannot be written.
    """
    pki.ensure_pki(data.pki, plant)
    Authority(data.tls).ensure(parts_of(plant))


def ends(data: DataFolder) -> dict[str, datetime]:
    """Return the end of each certificate by name, the first to end first.

    Raises:
        PersonNeededError: a certificate is damaged.
    """
    found = pki.valid_until(data.pki)
    found |= {TLS + name: end for name, end in Authority(data.tls).valid_until().items()}
    return dict(sorted(found.items(), key=lambda one: (one[1], one[0])))


def renew(data: DataFolder, plant: PlantSettings, names: Sequence[str]) -> dict[str, datetime]:
    """Renew certificates with the keys they have; return their new ends by name.

    Raises:
        NotFoundError: no certificate of a name that this plant could renew.
        PersonNeededError: a key is damaged, or the folder cannot be written.
    """
    ours = [name.removeprefix(TLS) for name in names if name.startswith(TLS)]
    renewed = pki.renew(data.pki, plant, [name for name in names if not name.startswith(TLS)])
    signed = Authority(data.tls).renew(parts_of(plant), ours)
    return renewed | {TLS + name: end for name, end in signed.items()}
