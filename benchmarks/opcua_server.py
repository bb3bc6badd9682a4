"""How fast our OPC UA server answers a call, beside bare asyncua and node-opcua, in one run.

One asyncua client calls each server in turn over SignAndEncrypt with Basic256Sha256. Halite answers
`MayStart` from its memory; the bare servers have one method that always answers the same.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from asyncua import Client, Server, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.peers import ROOT, Floor, floor, free_port, percentile
from deploy.nodesets import ensure_nodesets
from deploy.peers import SCRIPTS, ensure_peers
from deploy.pki import PLC_CLIENT, ensure_passwords, ensure_pki
from shared.settings import SERVICES, read_plant

READY_WITHIN_S = 240.0
UNIT = "bench/dryroom/assembly/laminator-1"
PLANT = f"""site = "bench"
line = "bench"
[[station]]
equipment_id = "{UNIT}"
kind = "laminator"
service = "plc"
endpoint = "opc.tcp://127.0.0.1:4840"
"""
BARE, PRESS, HALITE = "asyncua, bare", "node-opcua", "Halite"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One server process and the call to time on it; `path` ends with the method's browse name."""

    name: str
    pid: int
    port: int
    server: str
    path: tuple[str, ...]
    arguments: tuple[Any, ...]


def main() -> None:
    """Print the table; with --bare serve the bare asyncua server until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="of each server in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", nargs=2, metavar=("PORT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        asyncio.run(serve_bare(int(options.bare[0]), Path(options.bare[1])))
        return
    with floor() as on, targets(on) as started:
        asyncio.run(measure(started, on.folder, options.calls, options.rounds))


@contextlib.contextmanager
def targets(on: Floor) -> Iterator[list[Target]]:
    """Start the three servers with keys of their own; end them with the block."""
    plant_file = on.folder / "plant.toml"
    plant_file.write_text(PLANT)
    plant = read_plant(plant_file)
    ensure_pki(on.folder / "pki", plant)
    ensure_passwords(on.folder / "secrets" / "opcua", plant)
    on.postgres.ensure_database("plc")
    ports = {name: free_port() for name in (HALITE, BARE, PRESS)}
    commands = {
        HALITE: _halite(on, plant_file, ports[HALITE]),
        BARE: _bare(on, ports[BARE]),
        PRESS: _node(on, ports[PRESS]),
    }
    comment = ua.Variant([], ua.VariantType.LocalizedText, is_array=True)
    calls: dict[str, tuple[str, tuple[str, ...], tuple[Any, ...]]] = {
        HALITE: ("plc", ("1:Halite", "1:MayStart"), ("1", UNIT, "LOT")),
        BARE: ("laminator-1", ("1:Halite", "1:MayStart"), ("1", UNIT, "LOT")),
        PRESS: ("laminator-1", _START, ("J", comment)),
    }
    with contextlib.ExitStack() as stack:
        started = []
        for name, (words, environment) in commands.items():
            output = stack.enter_context((on.folder / f"{name}.log").open("w"))
            process = subprocess.Popen(
                words,
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            server, path, arguments = calls[name]
            target = Target(
                name=name,
                pid=process.pid,
                port=ports[name],
                server=server,
                path=path,
                arguments=arguments,
            )
            started.append(target)
        yield started


_JOBS, _CONTROL = "Machinery/Jobs/", "ISA95-JOBCONTROL_V2/"
_START = (
    "Machinery/:Machines",
    "1:laminator-1",
    f"{_JOBS}:JobManagement",
    f"{_JOBS}:JobOrderControl",
    f"{_CONTROL}:Start",
)
Command = tuple[tuple[str, ...], dict[str, str]]


def _halite(on: Floor, plant_file: Path, port: int) -> Command:
    nowhere = f"http://127.0.0.1:{free_port()}"
    settings = {
        "HALITE_SERVICE": "plc",
        "HALITE_PORT": str(free_port()),
        "HALITE_DATABASE_URL": on.postgres.url("plc"),
        "HALITE_MQTT_URL": on.broker.url,
        "HALITE_PLANT_FILE": str(plant_file),
        "HALITE_DATA_DIR": str(on.folder),
        "HALITE_SERVICE_URLS": json.dumps(dict.fromkeys(SERVICES, nowhere)),
        "HALITE_OPCUA_PORT": str(port),
        "HALITE_NODESETS": str(ensure_nodesets()),
        "HALITE_PLC_USERS": json.dumps({PLC_CLIENT: UNIT}),
    }
    return (sys.executable, "-m", "services.plc.main"), settings


def _bare(on: Floor, port: int) -> Command:
    folder = on.folder / "pki" / "laminator-1"
    return (sys.executable, "-m", "benchmarks.opcua_server", "--bare", str(port), str(folder)), {}


def _node(on: Floor, port: int) -> Command:
    node, environment = ensure_peers()
    own, plc = on.folder / "pki" / "laminator-1", on.folder / "pki" / PLC_CLIENT
    certificate = own / "cert.pem"
    shown = x509.load_der_x509_certificate((own / "cert.der").read_bytes())
    certificate.write_bytes(shown.public_bytes(Encoding.PEM))
    password = on.folder / "secrets" / "opcua" / "laminator-1"
    words = [port, "laminator-1", certificate, own / "key.pem", on.folder / "trusted-by-node"]
    words += [plc / "cert.der", password, ensure_nodesets()]
    return (str(node.folder / "node"), str(SCRIPTS / "server.cjs"), *map(str, words)), environment


async def serve_bare(port: int, folder: Path) -> None:
    """Serve one method of asyncua as it comes, behind the same security policy."""
    server = Server()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    await server.init()
    await server.load_certificate(folder / "cert.der")
    await server.load_private_key(folder / "key.pem")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    halite = await server.nodes.objects.add_object(1, "Halite")
    text, yes_no = ua.VariantType.String, ua.VariantType.Boolean
    answer = [ua.Variant(False, yes_no), ua.Variant("no", text)]

    async def method(_parent: ua.NodeId, *_arguments: ua.Variant) -> list[ua.Variant]:
        return answer

    await halite.add_method(1, "MayStart", method, [text] * 3, [yes_no, text])
    async with server:
        await asyncio.Event().wait()


async def measure(started: Sequence[Target], folder: Path, calls: int, rounds: int) -> None:
    """Call each server in turn and print p50, p99, CPU per call and the ratios to Halite."""
    taken_ms: dict[str, list[float]] = {target.name: [] for target in started}
    spent_s = dict.fromkeys(taken_ms, 0.0)
    async with contextlib.AsyncExitStack() as stack:
        ready = []
        for target in started:
            client = await stack.enter_async_context(entered(target, folder))
            ready.append((target, *(await _method(client, target))))
        for number in range(rounds + 1):  # the first round warms up
            for target, parent, method in ready:
                before_s = _cpu_s(target.pid)
                for _ in range(calls if number else min(calls, 100)):
                    begun_s = time.perf_counter()
                    await parent.call_method(method.nodeid, *target.arguments)
                    if number:
                        taken_ms[target.name].append((time.perf_counter() - begun_s) * 1000)
                if number:
                    spent_s[target.name] += _cpu_s(target.pid) - before_s
    print(
        f"{'server':<16}{'p50 ms':>10}{'p99 ms':>10}{'CPU us/call':>13}{'Halite p50 / its p50':>24}"
    )
    ours_ms = statistics_of(taken_ms[HALITE])[0]
    for name, all_ms in taken_ms.items():
        middle_ms, late_ms = statistics_of(all_ms)
        cpu_us = spent_s[name] / len(all_ms) * 1e6
        ratio = ours_ms / middle_ms
        print(f"{name:<16}{middle_ms:>16.2f}{late_ms:>16.2f}{cpu_us:>16.0f}{ratio:>16.2f}")


def statistics_of(all_ms: list[float]) -> tuple[float, float]:
    """Return p50 and p99 of times in ms."""
    return percentile(all_ms, 0.5), percentile(all_ms, 0.99)


@contextlib.asynccontextmanager
async def entered(target: Target, folder: Path) -> AsyncIterator[Client]:
    """Enter a server as soon as it lets us in."""
    give_up_s = time.monotonic() + READY_WITHIN_S
    while True:
        client = await _client(target, folder)
        try:
            await client.connect()
            break
        except OSError:
            if time.monotonic() > give_up_s:
                raise
            await asyncio.sleep(0.5)
    try:
        yield client
    finally:
        await client.disconnect()


async def _client(target: Target, folder: Path) -> Client:
    client = Client(f"opc.tcp://127.0.0.1:{target.port}", timeout=60, watchdog_intervall=60)
    client.application_uri = f"urn:halite:client:{PLC_CLIENT}"
    own = folder / "pki" / PLC_CLIENT
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=str(own / "cert.der"),
        private_key=str(own / "key.pem"),
        server_certificate=str(folder / "pki" / target.server / "cert.der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    user, secret = (PLC_CLIENT, PLC_CLIENT) if target.name == HALITE else ("halite", "laminator-1")
    if target.name != BARE:
        client.set_user(user)
        client.set_password((folder / "secrets" / "opcua" / secret).read_text().strip())
    return client


async def _method(client: Client, target: Target) -> tuple[Any, Any]:
    """Return the nodes of the method's object and of the method."""
    uris = await client.get_namespace_array()
    path = []
    for step in target.path:
        space, name = step.split(":")
        known = f"http://opcfoundation.org/UA/{space}"
        path.append(f"{uris.index(known) if known in uris else space}:{name}")
    index = uris.index("urn:halite:service:plc") if target.name == HALITE else None
    if index is not None:
        path = [f"{index}:{step.split(':')[1]}" for step in path]
    parent = await client.nodes.objects.get_child(path[:-1])
    return parent, await parent.get_child(path[-1])


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
