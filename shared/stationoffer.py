"""What a station offers of the job control of OPC 10031-4, and what Halite can do with so much."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

METHODS = (
    "Store",
    "StoreAndStart",
    "Start",
    "Stop",
    "Pause",
    "Resume",
    "Abort",
    "Cancel",
    "Clear",
    "Update",
    "RevokeStart",
)
RESPONSE = "RequestJobResponseByJobOrderID"
RESPONSE_LIST = "JobOrderResponseList"
ORDER_LIST = "JobOrderList"
TRACE = "RequestTrace"  # ours: the finished trace of one face of a part
IDENTIFICATION = ("Manufacturer", "Model", "SerialNumber", "SoftwareRevision")
STATE = "MachineryItemState"
WITHOUT: Mapping[str, str] = {
    "Abort": "a job order that differs when read back after its start goes on",
    "Cancel": "a refused job order stays at the station",
    "Clear": "finished job orders stay at the station until it removes them itself",
    "Pause": "a job order cannot be paused",
    "Resume": "a job order cannot be resumed",
    "RevokeStart": "a start cannot be taken back",
    "Stop": "a job order cannot be ended early",
    "StoreAndStart": "orders are stored and started in two calls",
    "Update": "a stored order cannot be changed",
    STATE: "the state of the machine is not shown",
}


@dataclass(frozen=True, kw_only=True)
class StationOffer:
    """What a station showed of itself at the last connect.

    parts: the methods and nodes found, by their names in the standards. signals: its live values.
    most_jobs: job orders it can hold, None when it does not say. missing: what it lacks and what
    follows from that, one sentence each. unusable: why it can be given no job at all, else None.
    """

    parts: frozenset[str]
    signals: tuple[str, ...] = ()
    identification: Mapping[str, str] = field(default_factory=dict)
    most_jobs: int | None = None
    missing: tuple[str, ...] = ()
    unusable: str | None = None

    @property
    def reads_back_first(self) -> bool:
        """Whether a recipe can be read back before the station may start it."""
        return {"Store", "Start"} <= self.parts


def missing(parts: Collection[str], identification: Collection[str]) -> tuple[str, ...]:
    """Return what a station that takes jobs lacks, one sentence each with what follows."""
    found = [f"{name}: {then}" for name, then in WITHOUT.items() if name not in parts]
    if not {"Store", "Start"} <= set(parts):
        found.append("Store or Start: a recipe is read back only after its start")
    if RESPONSE not in parts:
        found.append(f"{RESPONSE}: job responses are taken from {RESPONSE_LIST}")
    unsaid = [name for name in IDENTIFICATION if name not in identification]
    if unsaid:
        found.append(f"Identification: the machine does not say its {', '.join(unsaid)}")
    return tuple(sorted(found))


def unusable(parts: Collection[str], *, start_before_read_back: bool = False) -> str | None:
    """Return why a station can be given no job, None when it can.

    start_before_read_back: the plant file allows a job to begin before its recipe was read back.
    """
    if ORDER_LIST not in parts:
        return f"it has no {ORDER_LIST}: a recipe cannot be read back"
    if "StoreAndStart" not in parts and not {"Store", "Start"} <= set(parts):
        return "it has neither StoreAndStart nor Store with Start: a job cannot be given to it"
    if not {"Store", "Start"} <= set(parts) and not start_before_read_back:
        return (
            "it has StoreAndStart only: a job would begin before its recipe is read back; "
            "where that does no harm, write start_before_read_back = true into the plant file"
        )
    if RESPONSE not in parts and RESPONSE_LIST not in parts:
        return f"it has neither {RESPONSE} nor {RESPONSE_LIST}: the end of a job cannot be known"
    return None
