"""The one screen a person sees when the plant is up: what runs where, and how to stop it."""

from deploy.data_folder import DataFolder
from deploy.pki import FIRST_PASSWORD
from deploy.ports import Ports
from shared.settings import SERVICES


def ready_screen(ports: Ports, data: DataFolder, speed: float, seconds_taken: float) -> str:
    """Return the text of the screen."""
    urls = ports.service_urls()
    others = [name for name in SERVICES if name != "gateway"]
    rows = [
        ("Operators' page", ports.gateway_url),
        *_first_sign_in(data),
        *((f"  {name}", urls[name]) for name in others),
        ("Events (MQTT)", f"mqtts://127.0.0.1:{ports.mqtt}"),
        ("Line PLCs (OPC UA)", f"opc.tcp://127.0.0.1:{ports.opcua}"),
        ("Data folder", str(data.path)),
        ("Logs", str(data.logs)),
        ("Speed", f"{speed:g} x: one hour of the plant takes {_length(3600.0 / speed)}"),
        ("Stop", "Ctrl-C"),
    ]
    lines = [f"{name:<20} {value}" for name, value in rows]
    return "\n".join(("", f"The plant is up after {seconds_taken:.0f} s.", "", *lines, ""))


def _first_sign_in(data: DataFolder) -> list[tuple[str, str]]:
    """Say how to come in while nobody has yet."""
    file = data.gateway_keys / FIRST_PASSWORD
    return [("  first sign-in", f"admin, with the password in {file}")] if file.exists() else []


def _length(seconds: float) -> str:
    return f"{seconds / 60:.3g} min" if seconds >= 120 else f"{seconds:.3g} s"
