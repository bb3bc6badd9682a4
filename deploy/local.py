"""The plant on one machine: `python -m deploy.local` starts it, watches it and stops it."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import httpx

from deploy import certificates, example_data, plant, plant_time
from deploy.broker import Broker, find_program, guard_of
from deploy.data_folder import DataFolder
from deploy.databaseroles import admit
from deploy.nodesets import ensure_nodesets
from deploy.pki import ensure_gateway_keys, ensure_passwords
from deploy.ports import DEFAULT_FIRST, HIGHEST_FIRST, Ports, check_free, write_plant_file
from deploy.postgres import PostgresServer
from deploy.processes import PROJECT_DIR, Child, ChildSpec
from deploy.screen import ready_screen
from deploy.servicecalls import knowing
from deploy.supervisor import Supervisor
from deploy.web import ensure_web
from shared.errors import MesError, PersonNeededError
from shared.settings import PlantSettings, read_plant

_ROUND_S = 0.2
_ANSWER_WITHIN_S = 2.0
SPEED, FASTEST = 1500.0, 100_000.0  # plant seconds per wall second
_READY_WITHIN_S = 240.0
_DEATHS_BEFORE_GIVING_UP = 6


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person chose on the command line.

    speed: plant seconds per wall second. plant_file: None for that of the starts before.
    """

    speed: float
    data: DataFolder
    ports: Ports
    empty: bool
    simulators: bool
    plant_file: Path | None


class _Parser(argparse.ArgumentParser):
    """A command line whose mistakes are told in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"The command line is wrong: {message}; see --help.\n")


class StopRequest:
    """Ctrl-C and the like: the first asks for an orderly stop, the second for an end at once."""

    def __init__(self) -> None:
        self.count = 0
        self.interrupts = True

    def install(self) -> None:
        """Take over the signals of this process."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, the ends of children are not told
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # under nohup a closed screen is fine
            signal.signal(signal.SIGHUP, self._note)

    def _note(self, number: int, frame: object) -> None:
        self.count += 1
        if self.interrupts:
            raise KeyboardInterrupt


class LocalPlant:
    """One run of the plant, from the first check to the last process that ended.

    altered: returns what is run instead of a process's specification.
    """

    def __init__(
        self,
        options: Options,
        stop: StopRequest,
        say: Callable[[str], None],
        altered: Callable[[ChildSpec], ChildSpec],
    ) -> None:
        self._options = options
        self._data = options.data
        self._stop = stop
        self._say = say
        self._altered = altered
        self._supervisor = Supervisor(say)
        self._time: plant_time.PlantTime | None = None
        self._begun_s = time.monotonic()
        self._disk_told, self._only_simulated = False, False
        self._broker: Broker | None = None

    def run(self) -> None:
        """Start everything, keep it running until asked to stop, stop everything.

        Raises:
            MesError: it cannot be started; whatever had been started is stopped again.
            KeyboardInterrupt: asked to stop before everything was up.
        """
        self._data.prepare()
        with self._data.held(), self._stopped_at_the_end():
            self._start(*self._prepare())
            self._stop.interrupts = False
            while not self._stop.count:
                self._round()

    def _prepare(self) -> tuple[PlantSettings, plant.PlantFiles, PostgresServer, Broker]:
        """Everything that needs no running process, so that it takes no plant time."""
        options, data = self._options, self._data
        self._time = plant_time.next_run(data.path, options.speed, time.time())
        source = chosen_plant_file(options.plant_file, data)
        plant_file = write_plant_file(source, data.plant_file, options.ports.shift)
        settings = read_plant(plant_file)
        real = plant.real_machines(settings, options.simulators)
        plant.check_pace(real, options.speed)
        self._only_simulated = not real
        data.port_file.write_text(str(options.ports.first))
        check_free(options.ports.all_used(settings, options.simulators))
        database = PostgresServer(data.postgres, data.logs)
        database.prepare()
        certificates.make(data, settings)
        broker = Broker(
            data.broker,
            options.ports.mqtt,
            data.logs,
            find_program(),
            guard=guard_of(data.tls, settings),
        )
        broker.prepare()
        files = plant.PlantFiles(
            data=data,
            plant_file=plant_file,
            clock_file=self._time.clock_file,
            nodesets=ensure_nodesets(),
        )
        ensure_web(self._say)
        ensure_passwords(data.secrets / "opcua", settings)
        ensure_gateway_keys(data.gateway_keys)
        return settings, files, database, broker

    def _start(
        self,
        settings: PlantSettings,
        files: plant.PlantFiles,
        database: PostgresServer,
        broker: Broker,
    ) -> None:
        options = self._options
        self._say("Starting the database and the broker ...")
        self._watch("database", database.child.spec)
        self._watch("broker", broker.child.spec)
        self._broker = broker
        self._wait_for({"postgres": database.is_ready, "mosquitto": broker.is_ready})
        database_urls = admit(database, self._data.database_passwords)
        self._say("Starting stations and services ...")
        self._begin_time()
        if options.simulators:
            for spec in plant.simulator_specs(files, options.ports, settings):
                self._watch("simulators", spec)
        for spec in plant.service_specs(files, options.ports, database_urls, broker.url):
            self._watch("services", spec)
        known = knowing(self._data)
        with httpx.Client(trust_env=False, timeout=_ANSWER_WITHIN_S, verify=known) as client:
            urls = options.ports.service_urls()
            self._wait_for({name: ready_check(client, url) for name, url in urls.items()})
        if self._only_simulated and not options.empty:
            self._load_examples()
        self._tell_that_it_serves()

    def _tell_that_it_serves(self) -> None:
        """Show the screen, and write where to find the plant for those who did not start it."""
        options, data = self._options, self._data
        self._say(ready_screen(options.ports, data, options.speed, self._seconds_taken()))
        told = {
            "process": os.getpid(),
            "url": options.ports.gateway_url,
            "data_dir": str(data.path),
            "log_dir": str(data.logs),
            "speed": options.speed,
            "up_after_s": round(self._seconds_taken(), 1),
        }
        data.running_file.write_text(json.dumps(told))

    def _watch(self, stage: str, spec: ChildSpec) -> None:
        self._supervisor.watch(stage, Child(self._altered(spec), self._data.logs))

    def _load_examples(self) -> None:
        """Fill an empty plant, in a thread of its own: the plant is watched on meanwhile."""
        self._say("Looking for work, loading the examples where there is none ...")
        gateway = self._options.ports.gateway_url
        pool = ThreadPoolExecutor(max_workers=1)
        key = example_data.setup_key(self._data)
        loading = pool.submit(example_data.ensure, gateway, key, lambda: self._stop.count > 0)
        pool.shutdown(wait=False)
        while not loading.done():
            self._round()
        loading.result()

    def _begin_time(self) -> None:
        """Plant time goes on from here; begun only now, since the start may have taken minutes."""
        self._time = plant_time.next_run(self._data.path, self._options.speed, time.time())
        self._time.begin()

    def _round(self) -> None:
        """One round of watching; a full disk is told once and does not end the plant."""
        self._supervisor.look()
        if self._broker is not None:
            self._broker.take_renewed(self._supervisor.child(self._broker.child.spec.name))
        if self._time is not None and self._time.is_begun:
            try:
                self._time.save_when_due()
                self._disk_told = False
            except OSError as error:
                if not self._disk_told:
                    self._say(f"Plant time cannot be saved: {error.strerror}.")
                self._disk_told = True
        time.sleep(_ROUND_S)

    def _wait_for(self, ready: dict[str, Callable[[], bool]]) -> None:
        """Watch until each of the named children is ready."""
        pending = dict(ready)
        give_up_s = time.monotonic() + _READY_WITHIN_S
        while pending:
            self._round()
            for name in [name for name, is_ready in pending.items() if is_ready()]:
                del pending[name]
            for name in pending:
                if self._supervisor.deaths_of(name) >= _DEATHS_BEFORE_GIVING_UP:
                    raise self._not_ready(name, "ends again and again")
                if time.monotonic() >= give_up_s:
                    raise self._not_ready(name, f"was not ready within {_READY_WITHIN_S:.0f} s")

    def _not_ready(self, name: str, how: str) -> PersonNeededError:
        child = self._supervisor.child(name)
        lines = "".join(f"\n    {line}" for line in dict.fromkeys(child.last_lines()))
        return PersonNeededError(f"{name} {how}; the end of its log {child.log_path}:{lines}")

    @contextmanager
    def _stopped_at_the_end(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._stop.interrupts = False
            with suppress(OSError):
                self._data.running_file.unlink(missing_ok=True)
            if self._supervisor.has_children:
                self._say("Stopping the plant (again Ctrl-C: at once) ...")
            self._supervisor.stop(hurry=lambda: self._stop.count > 1)
            if self._time is not None and self._time.is_begun:
                with suppress(OSError):
                    self._time.end()

    def _seconds_taken(self) -> float:
        return time.monotonic() - self._begun_s


def ready_check(client: httpx.Client, url: str) -> Callable[[], bool]:
    """Return a function that tells whether a service says it is ready.

    It raises PersonNeededError when the certificate that is shown there is not to be believed.
    """

    def is_ready() -> bool:
        try:
            return client.get(f"{url}/readyz").status_code == httpx.codes.OK
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise PersonNeededError(
                    f"The certificate at {url} is not to be believed: {error}; "
                    "see docs/how-to/run-with-tls.md."
                ) from error
            return False

    return is_ready


def read_options(words: Sequence[str]) -> Options:
    """Read the command line; a wrong one ends the process with code 2."""
    parser = _Parser(
        prog="python -m deploy.local", description="Run the whole plant on this machine."
    )
    parser.add_argument("--speed", type=_speed, default=SPEED, help="plant time per wall time")
    parser.add_argument("--data-dir", type=Path, default=PROJECT_DIR / ".halite")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_FIRST, help="the operators' page; others follow it"
    )
    parser.add_argument(
        "--empty", action="store_true", help="load no examples; no real machine gets any"
    )
    parser.add_argument(
        "--without-simulators", action="store_true", help="all stations are real machines"
    )
    parser.add_argument("--plant", type=Path, default=named_plant_file(), help="the plant file")
    values = parser.parse_args(words)
    return Options(
        speed=values.speed,
        data=DataFolder(values.data_dir),
        ports=Ports(first=values.port),
        empty=values.empty,
        simulators=not values.without_simulators,
        plant_file=values.plant,
    )


def named_plant_file() -> Path | None:
    """Return the plant file that the environment names."""
    named = os.environ.get("HALITE_PLANT_FILE")
    return Path(named).absolute() if named else None


def chosen_plant_file(named: Path | None, data: DataFolder) -> Path:
    """Return the plant file to start with: the one named now, or named last, or the example.

    One that is named is kept in the data folder, so that each later start, and that of a restored
    backup, is of the same plant.

    Raises:
        InvalidInputError: what is named is no plant file; the one kept stays.
        PersonNeededError: it cannot be kept.
    """
    own = data.own_plant_file
    if named is None:
        return own if own.exists() else PROJECT_DIR / "deploy" / "plant.toml"
    read_plant(named)
    return write_plant_file(named, own, shift=0)


def unaltered(spec: ChildSpec) -> ChildSpec:
    """Return the specification as it is."""
    return spec


def main(words: Sequence[str], altered: Callable[[ChildSpec], ChildSpec] = unaltered) -> int:
    """Run the plant; return 0 after a stop, 1 when a person must act, 130 when interrupted."""
    options = read_options(words)
    stop = StopRequest()
    stop.install()
    try:
        LocalPlant(options, stop, say, altered).run()
    except KeyboardInterrupt:
        return 130
    except MesError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"The plant cannot run here: {error.strerror}{where}.", file=sys.stderr)
        return 1
    return 0


def say(line: str) -> None:
    """Show a line to the person, if there still is a screen."""
    with suppress(OSError):
        print(line, flush=True)


def _speed(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) <= FASTEST:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and at most {FASTEST:.0f}")


def _port(text: str) -> int:
    with suppress(ValueError):
        if 0 < int(text) <= HIGHEST_FIRST:
            return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {HIGHEST_FIRST}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
