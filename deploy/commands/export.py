"""`halite export`: the signed documents of a cell, from a running plant into files."""

from pathlib import Path
from urllib.parse import quote

import click
import httpx

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import url_of, url_option
from deploy.pki import SETUP_KEY
from deploy.report import Report, progress, reports
from shared.errors import NotFoundError, ServiceUnreachableError

_DOCUMENTS = {
    "history.json": "device-history",
    "history.pdf": "device-history.pdf",
    "passport.json": "passport",
    "passport.aasx": "passport.aasx",
    "passport.jsonld": "passport.jsonld",
    "proof.json": "proof",
}
_TIMEOUT_S = 60.0


@click.command(name="export")
@click.argument("lot")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder; this one by default.",
)
@url_option
@click.option("--only", type=click.Choice(sorted(_DOCUMENTS)), multiple=True, help="Not all.")
@data_dir_option
@reports
def command(lot: str, to: Path, url: str | None, only: tuple[str, ...], data_dir: Path) -> Report:
    """Write device history, passport and proof of LOT into the folder TO.

    Run it where the plant's data folder is: it signs in with the setup key that lies there.
    """
    data = DataFolder(data_dir)
    key = (data.gateway_keys / SETUP_KEY).read_text().strip()
    to.mkdir(parents=True, exist_ok=True)
    headers = {"authorization": f"Bearer {key}"}
    names, files = only or tuple(_DOCUMENTS), []
    with (
        httpx.Client(base_url=url_of(data, url), headers=headers, timeout=_TIMEOUT_S) as client,
        progress("export") as show,
    ):
        for name in names:
            file = to / f"{lot.replace('/', '_')}.{name}"
            file.write_bytes(_document(client, lot, _DOCUMENTS[name]))
            files.append(str(file))
            show(len(files) / len(names))
    return Report(data={"lot_id": lot, "files": files}, lines=files)


def _document(client: httpx.Client, lot: str, what: str) -> bytes:
    path = f"/api/trace/lots/{quote(lot, safe='')}/{what}"
    try:
        answer = client.get(path)
    except httpx.HTTPError as error:
        raise ServiceUnreachableError(f"{client.base_url}: {error!r}; is the plant on?") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFoundError(f"lot {lot} is not known at {client.base_url}")
    if not answer.is_success:
        raise ServiceUnreachableError(f"{path}: {answer.status_code} {answer.text[:300]}")
    return answer.content
