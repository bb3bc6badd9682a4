"""`halite export`: the signed documents of a cell, from a running plant into files."""

from pathlib import Path
from urllib.parse import quote

import click

from deploy.commands.certs import data_dir_option
from deploy.data_folder import DataFolder
from deploy.gatewayclient import GatewayClient, url_option
from deploy.report import Report, progress, reports

_DOCUMENTS = {
    "history.json": "device-history",
    "history.pdf": "device-history.pdf",
    "passport.json": "passport",
    "passport.aasx": "passport.aasx",
    "passport.jsonld": "passport.jsonld",
    "proof.json": "proof",
}


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
    client = GatewayClient(url, DataFolder(data_dir))
    to.mkdir(parents=True, exist_ok=True)
    names, files = only or tuple(_DOCUMENTS), []
    with progress("export") as show:
        for name in names:
            file = to / f"{lot.replace('/', '_')}.{name}"
            path = f"/api/trace/lots/{quote(lot, safe='')}/{_DOCUMENTS[name]}"
            file.write_bytes(client.content(path))
            files.append(str(file))
            show(len(files) / len(names))
    return Report(data={"lot_id": lot, "files": files}, lines=files)
