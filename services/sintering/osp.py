"""Instances of the published oven scheduling problem (.dzn, .dat), and solutions as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.sintering.problem import Batch, Problem, Weights, plain
from shared.errors import InvalidInputError

Given = int | list[int] | list[list[int]]
STATEMENT = re.compile(r"([A-Za-z_]\w*)\s*=\s*([^;]*);")
NUMBER = re.compile(r"[-+]?\d+")
GROUP = re.compile(r"[\[{<]([^\[\]{}<>]*)[\]}>]")


def read_instance(path: Path) -> Problem:
    """Read an instance in MiniZinc's (.dzn) or CPLEX's (.dat) data form.

    Raises:
        InvalidInputError: a value is missing, of the wrong length or no whole number.
        OSError: the file cannot be read.
    """
    text = re.sub(
        r"%[^\n]*|//[^\n]*|/\*.*?\*/", "", path.read_text(errors="replace"), flags=re.DOTALL
    )
    return _problem(_Values(path.name, dict(STATEMENT.findall(text))))


class _Values:
    """The statements of one file, by name."""

    def __init__(self, source: str, statements: Mapping[str, str]) -> None:
        self._source, self._statements = source, statements

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        if name not in self._statements and default is not None:
            return default
        found = self._numbers(name, self._text(name))
        if len(found) != 1:
            raise InvalidInputError(f"{self._source}: {name} has {len(found)} numbers, expected 1")
        return found[0]

    def row(self, name: str, length: int, default: list[int] | None = None) -> list[int]:
        """Return an array of a length."""
        if name not in self._statements and default is not None:
            return default
        return self._long(name, self._numbers(name, self._text(name)), length)

    def table(self, name: str, rows: int, columns: int) -> list[list[int]]:
        """Return the first `rows` rows of an array of arrays; both forms of writing one."""
        found = self._numbers(name, self._text(name))
        if len(found) < rows * columns:
            raise InvalidInputError(
                f"{self._source}: {name} has {len(found)} numbers, expected {rows} × {columns}"
            )
        return [found[row * columns : (row + 1) * columns] for row in range(rows)]

    def sets(self, name: str, length: int) -> list[list[int]]:
        """Return an array of sets."""
        text = self._text(name).strip()[1:-1]
        found = [self._numbers(name, group) for group in GROUP.findall(text)]
        if len(found) != length:
            raise InvalidInputError(
                f"{self._source}: {name} has {len(found)} sets, expected {length}"
            )
        return found

    def _text(self, name: str) -> str:
        if name not in self._statements:
            raise InvalidInputError(f"{self._source}: {name} is missing")
        return self._statements[name]

    def _numbers(self, name: str, text: str) -> list[int]:
        words = [word for word in re.split(r"[\s,|\[\]{}<>]+", text) if word]
        wrong = [word for word in words if not NUMBER.fullmatch(word)]
        if wrong:
            raise InvalidInputError(
                f"{self._source}: {name} contains {wrong[0]!r}, expected whole numbers"
            )
        return [int(word) for word in words]

    def _long(self, name: str, found: list[int], length: int) -> list[int]:
        if len(found) != length:
            raise InvalidInputError(
                f"{self._source}: {name} has {len(found)} numbers, expected {length}"
            )
        return found


def _problem(values: _Values) -> Problem:
    jobs, machines, attributes = (values.number(name) for name in ("n", "m", "a"))
    width = values.number("s")
    starts = values.table("m_a_s", machines, width)
    ends = values.table("m_a_e", machines, width)
    unset = [attributes + 1] * machines
    return plain(
        attribute=_from_zero(values.row("attribute", jobs)),
        size=values.row("size", jobs),
        eligible=[_from_zero(found) for found in values.sets("eligible_machine", jobs)],
        release=values.row("earliest_start", jobs),
        due=values.row("latest_end", jobs),
        shortest=values.row("min_time", jobs),
        longest=values.row("max_time", jobs),
        capacity=values.row("max_cap", machines),
        initial=_from_zero(values.row("initState", machines, unset)),
        set_up_time=values.table("setup_times", attributes, attributes),
        set_up_cost=values.table("setup_costs", attributes, attributes),
        shifts=[list(zip(*pair, strict=True)) for pair in zip(starts, ends, strict=True)],
        weights=Weights(
            runtime=values.number("mult_factor_total_runtime"),
            late=values.number("mult_factor_finished_toolate"),
            set_up_time=values.number("mult_factor_total_setuptimes"),
            set_up_cost=values.number("mult_factor_total_setupcosts"),
        ),
        scale=values.number("upper_bound_integer_objective", 1),
    )


def _from_zero(numbers: Sequence[int]) -> list[int]:
    return [number - 1 for number in numbers]


def solution_text(instance: str, batches: Sequence[Batch], figures: Mapping[str, object]) -> str:
    """Return a solution as JSON; machines and jobs count from 1 as in the instance."""
    loads = [
        {
            "machine": batch.machine + 1,
            "start": batch.start,
            "end": batch.end,
            "jobs": [job + 1 for job in batch.jobs],
        }
        for batch in sorted(batches, key=lambda batch: (batch.machine, batch.start))
    ]
    return json.dumps({"instance": instance, **figures, "batches": loads}, indent=1) + "\n"


def read_solution(path: Path) -> tuple[Batch, ...]:
    """Read the batches of a solution.

    Raises:
        InvalidInputError: it is no JSON, or a batch lacks machine, start, end or jobs.
        OSError: the file cannot be read.
    """
    try:
        return tuple(
            Batch(
                machine=int(item["machine"]) - 1,
                jobs=tuple(int(job) - 1 for job in item["jobs"]),
                start=int(item["start"]),
                end=int(item["end"]),
            )
            for item in json.loads(path.read_text())["batches"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{path.name}: expected JSON with batches of machine, start, end, jobs: {error!r}"
        ) from error
