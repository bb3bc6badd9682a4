"""The physical truth of every part, job and fault of the simulated plant, in one SQLite file.

All machines share it; nobody else reads it. A lot's entry is a flat set of named properties.
"per face" = a list [face a, face b]; times are ISO texts in plant time.

every lot     `definition_id`
raw material  `purity_ratio`, `moisture_ratio`
powder lot    `mass_g` (solids), `solvent_ratio`, `raw_masses_g`, `calcined_ratio` (0-1),
              `particle_um`, `mesh_count`, `binder_ratio`, `sigma_factor` (1 = the paper's)
pellet        `powder_lot_id`, `green_thickness_um`, `green_density_ratio`, `green_area_cm2`,
              `binder_ratio`, `calcined_ratio`, `sigma_factor`, `sinter_dose_h` (at 1200 degC),
              `density_ratio`, `thickness_um`, `area_cm2`, `mass_g`, `sigma_25c_s_per_cm`,
              `cracked`, `furnace`, `tray`, `position`
  once coated per face: `contact_angle_deg`, `film_um`, `coverage_ratio`, `cure_rate_per_min`,
              `face_asr_ohm_cm2`; `sprayed_at`, `glue_definition_id`
glue          `surface_tension_n_per_m`, `viscosity_mpa_s`, `water_ppm`
foil, disc    `thickness_um`, `area_cm2`, `mass_g`
electrode     `loading_mg_per_cm2` (active), `capacity_mah_per_g`, `active_ratio`, `area_cm2`,
              `sides_count`, `thickness_um`

A cell's entry, which the tester and the analyser read:
`kind`        `nfm_pouch`, `nvp_coin` or `symmetric`
`layer_count`, `area_cm2`, `area_factor`  pellets in parallel; area of all their interfaces, which
              is that of current density; share of it in contact (1 = all)
`nominal_capacity_mah`, `np_ratio`  loading x area x q(loading) (0 for symmetric); sodium/cathode
`asr_ohm_cm2`, `asr_dc_ohm_cm2`, `bulk_ohm_cm2`  cured interfaces, both faces, AC; what V = j ASR
              sees (240 is good); the pellets at 25 degC
`ocv_v`, `soft_short`, `short_ohm`  rested at 25 degC; whether a path leaks, its ohms or None
`leak`, `leak_rate_mbar_l_per_s`, `exposed`, `exposure_ppm_h`  of the seal; moist air on sodium
`j_crit_ma_per_cm2`, `failure_mode`  limit at 25 degC; `hard_short`, `soft_short`, `contact_loss`
`ce_ratio`, `ice_ratio`, `fade`  mean and first coulomb efficiency; capacity share lost per cycle
`assembled_at`, `sealed_at`, `sprayed_at`, `rested_s`, `cure_rate_per_min` (slowest face)
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from simulators.materials import drawn_properties

Properties = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS lots (lot_id TEXT PRIMARY KEY, properties TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
    station TEXT NOT NULL, job_order_id TEXT NOT NULL, place INTEGER NOT NULL,
    content BLOB NOT NULL, state INTEGER NOT NULL, started_at TEXT, ended_at TEXT, response TEXT,
    PRIMARY KEY (station, job_order_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pauses (
    station TEXT NOT NULL, job_order_id TEXT NOT NULL, paused_s REAL NOT NULL, since TEXT,
    PRIMARY KEY (station, job_order_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, station TEXT NOT NULL, name TEXT NOT NULL,
    magnitude REAL NOT NULL, since TEXT NOT NULL, until TEXT);
CREATE INDEX IF NOT EXISTS faults_by_station ON faults (station);
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, station TEXT NOT NULL, job_order_id TEXT NOT NULL,
    content BLOB NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, state INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS runs_by_job ON runs (station, job_order_id);
"""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """What a station must know again after a stop; `place` orders by arrival and allowance.

    paused_s: plant seconds for which it stood until now; paused_at: since when it stands.
    """

    station: str
    job_order_id: str
    place: int
    content: bytes
    state: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    response: Properties | None = None
    paused_s: float = 0.0
    paused_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One span of plant time in which a named fault acts; `until` is None while it is on."""

    station: str
    name: str
    magnitude: float
    since: datetime
    until: datetime | None = None

    def acts_at(self, instant: datetime) -> bool:
        """Whether the fault acts at that plant time."""
        return self.since <= instant and (self.until is None or instant < self.until)


@dataclass(frozen=True)
class FaultLog:
    """All spans of one station: a run stays a function of plant time while faults come and go."""

    spans: tuple[Fault, ...] = field(default=())

    def magnitude(self, name: str, instant: datetime) -> float | None:
        """Return a fault's magnitude at a plant time, None when it does not act; the last wins."""
        for fault in reversed(self.spans):
            if fault.name == name and fault.acts_at(instant):
                return fault.magnitude
        return None

    def acts(self, name: str, instant: datetime) -> bool:
        """Whether the named fault acts at a plant time."""
        return self.magnitude(name, instant) is not None


def draw(seed: int, lot_id: str, name: str) -> np.random.Generator:
    """Return the random stream of one property of one part: the same whenever it is asked."""
    digest = hashlib.blake2b(f"{seed}|{lot_id}|{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))


class World:
    """Access to the shared file; one object a process, safe across threads and processes."""

    def __init__(self, path: Path, seed: int = 7) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.seed = path, seed
        self._lock = threading.RLock()
        self._sql = sqlite3.connect(
            path, timeout=10.0, isolation_level=None, check_same_thread=False
        )
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=NORMAL")
        self._sql.execute("PRAGMA cache_size=-512")
        self._sql.executescript(SCHEMA)
        self._version = -1  # of the file as other processes wrote it
        self._fault_logs: dict[str, FaultLog] = {}

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock, suppress(sqlite3.ProgrammingError):
            self._sql.close()

    def get(self, lot_id: str) -> Properties:
        """Return all properties of a lot; empty when the plant has never seen it."""
        return self.get_many([lot_id])[lot_id]

    def get_many(self, lot_ids: Iterable[str]) -> dict[str, Properties]:
        """Return the properties of each lot asked for; an unknown lot has none."""
        found: dict[str, Properties] = {}
        with self._lock:
            for lot_id in lot_ids:
                row = self._sql.execute(
                    "SELECT properties FROM lots WHERE lot_id = ?", (lot_id,)
                ).fetchone()
                found[lot_id] = json.loads(row[0]) if row else {}
        return found

    def material(self, lot_id: str, definition_id: str) -> Properties:
        """Return the properties of a lot; one never seen before is drawn from its definition.

        Writes nothing. Unknown definitions give a lot with nothing but its `definition_id`.
        """
        return self.get(lot_id) or drawn_properties(draw(self.seed, lot_id, "raw"), definition_id)

    def update(self, lot_id: str, **properties: Any) -> None:
        """Set the named properties of a lot and keep its others; None is a value."""
        self.update_many({lot_id: properties})

    def update_many(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Set properties of many lots in one transaction."""
        with self._lock:
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                self._apply(changes)
            except BaseException:
                self._sql.execute("ROLLBACK")
                raise
            self._sql.execute("COMMIT")

    def _apply(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Merge changes into the stored entries inside an open transaction."""
        for lot_id, properties in changes.items():
            row = self._sql.execute(
                "SELECT properties FROM lots WHERE lot_id = ?", (lot_id,)
            ).fetchone()
            merged = (json.loads(row[0]) if row else {}) | dict(properties)
            self._sql.execute(
                "INSERT OR REPLACE INTO lots VALUES (?, ?)", (lot_id, json.dumps(merged))
            )

    def jobs(self, station: str) -> list[JobRecord]:
        """Return the jobs of a station in order of `place`."""
        with self._lock:
            rows = self._sql.execute(
                "SELECT job_order_id, place, content, state, started_at, ended_at, response,"
                " coalesce(paused_s, 0.0), since FROM jobs"
                " LEFT JOIN pauses USING (station, job_order_id) WHERE station = ? ORDER BY place",
                (station,),
            ).fetchall()
        return [
            JobRecord(
                station=station,
                job_order_id=row[0],
                place=row[1],
                content=row[2],
                state=row[3],
                started_at=datetime.fromisoformat(row[4]) if row[4] else None,
                ended_at=datetime.fromisoformat(row[5]) if row[5] else None,
                response=json.loads(row[6]) if row[6] else None,
                paused_s=row[7],
                paused_at=datetime.fromisoformat(row[8]) if row[8] else None,
            )
            for row in rows
        ]

    def save_job(
        self, job: JobRecord, effects: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Write a job and, in the same transaction, what its end did to parts.

        So no crash applies an end half or twice. Each start adds a line to the log of runs, which
        also keeps what is cleared from the station.
        """
        row = (
            job.station,
            job.job_order_id,
            job.place,
            job.content,
            job.state,
            job.started_at.isoformat() if job.started_at else None,
            job.ended_at.isoformat() if job.ended_at else None,
            json.dumps(job.response) if job.response is not None else None,
        )
        with self._lock:
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                self._apply(effects or {})
                self._sql.execute(
                    "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
                )
                self._keep_pause(job)
                self._log_run(job)
            except BaseException:
                self._sql.execute("ROLLBACK")
                raise
            self._sql.execute("COMMIT")

    def _keep_pause(self, job: JobRecord) -> None:
        if job.paused_at is None and not job.paused_s:
            return
        since = job.paused_at.isoformat() if job.paused_at else None
        self._sql.execute(
            "INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?)",
            (job.station, job.job_order_id, job.paused_s, since),
        )

    def _log_run(self, job: JobRecord) -> None:
        """Keep the start of a run as a line of its own, and its end on that line."""
        if job.started_at is None:
            return
        if job.ended_at is None:
            begun = self._sql.execute(
                "SELECT 1 FROM runs WHERE station = ? AND job_order_id = ? AND ended_at IS NULL",
                (job.station, job.job_order_id),
            )
            if begun.fetchone() is not None:
                return  # it was paused or goes on
            self._sql.execute(
                "INSERT INTO runs (station, job_order_id, content, started_at, state)"
                " VALUES (?, ?, ?, ?, ?)",
                (job.station, job.job_order_id, job.content, job.started_at.isoformat(), job.state),
            )
            return
        self._sql.execute(
            "UPDATE runs SET ended_at = ?, state = ?"
            " WHERE station = ? AND job_order_id = ? AND ended_at IS NULL",
            (job.ended_at.isoformat(), job.state, job.station, job.job_order_id),
        )

    def runs(self) -> list[JobRecord]:
        """Return every run of every station since the file began, in the order of their starts."""
        with self._lock:
            rows = self._sql.execute(
                "SELECT station, job_order_id, id, content, state, started_at, ended_at FROM runs"
                " ORDER BY id"
            ).fetchall()
        return [
            JobRecord(
                station=row[0],
                job_order_id=row[1],
                place=row[2],
                content=row[3],
                state=row[4],
                started_at=datetime.fromisoformat(row[5]),
                ended_at=datetime.fromisoformat(row[6]) if row[6] else None,
            )
            for row in rows
        ]

    def forget_job(self, station: str, job_order_id: str) -> None:
        """Remove a cleared or cancelled job."""
        with self._lock:
            self._sql.execute(
                "DELETE FROM jobs WHERE station = ? AND job_order_id = ?", (station, job_order_id)
            )
            self._sql.execute(
                "DELETE FROM pauses WHERE station = ? AND job_order_id = ?", (station, job_order_id)
            )

    def faults(self, station: str) -> FaultLog:
        """Return all fault spans of a station, past ones too, in the order they began.

        Asked for thousands of times in one sum over a room's day: read again only after a change.
        """
        with self._lock:
            version = self._sql.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._version = version
                self._fault_logs.clear()
            if station not in self._fault_logs:
                self._fault_logs[station] = self._read_faults(station)
            return self._fault_logs[station]

    def _read_faults(self, station: str) -> FaultLog:
        rows = self._sql.execute(
            "SELECT name, magnitude, since, until FROM faults WHERE station = ? ORDER BY id",
            (station,),
        ).fetchall()
        return FaultLog(
            tuple(
                Fault(
                    station=station,
                    name=name,
                    magnitude=magnitude,
                    since=datetime.fromisoformat(since),
                    until=datetime.fromisoformat(until) if until else None,
                )
                for name, magnitude, since, until in rows
            )
        )

    def switch_fault(self, fault: Fault) -> None:
        """Switch a fault on from `since`; one that is already on goes on with the new magnitude."""
        self.end_fault(fault.station, fault.name, fault.since)
        open_fault = replace(fault, until=None)
        with self._lock:
            self._sql.execute(
                "INSERT INTO faults (station, name, magnitude, since) VALUES (?, ?, ?, ?)",
                (
                    open_fault.station,
                    open_fault.name,
                    open_fault.magnitude,
                    open_fault.since.isoformat(),
                ),
            )
            self._fault_logs.clear()

    def end_fault(self, station: str, name: str, until: datetime) -> bool:
        """Switch a fault off; returns whether it was on."""
        with self._lock:
            done = self._sql.execute(
                "UPDATE faults SET until = ? WHERE station = ? AND name = ? AND until IS NULL",
                (until.isoformat(), station, name),
            )
            self._fault_logs.clear()
        return done.rowcount > 0
