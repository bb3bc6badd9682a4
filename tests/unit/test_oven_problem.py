"""The solver on the published problem, judged by a checker of its own; instances are drawn here."""

import itertools
import json
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy.cli import halite
from services.sintering.bounds import counted_bound
from services.sintering.construct import construct
from services.sintering.osp import read_instance, solution_text
from services.sintering.problem import Batch
from services.sintering.solver import Budget, solve
from services.sintering.verdict import faults, measured
from shared.errors import InvalidInputError
from tests.unit.osp_checker import judge

TINY = """n=3; m=1; a=2; s=1; l=40;
setup_times=[|0,2,|1,0,|0,0|]; setup_costs=[|0,5,|5,0,|0,0|];
max_cap=[4]; min_cap=[0]; initState=[1]; m_a_s=[|0|]; m_a_e=[|40|];
eligible_machine=[{1},{1},{1}]; earliest_start=[0,0,3]; latest_end=[5,5,30];
min_time=[3,4,6]; max_time=[9,9,9]; size=[2,2,4]; attribute=[1,1,2];
upper_bound_integer_objective=100; mult_factor_total_runtime=2;
mult_factor_finished_toolate=20; mult_factor_total_setuptimes=0; mult_factor_total_setupcosts=1;
"""


def drawn(seed: int, n: int, m: int = 2, a: int = 3, width: int = 3) -> str:
    """Draw an instance like the published ones: shifts with gaps, sizes 1-5, durations 1-10."""
    random = Random(seed)

    def row(low: int, high: int, count: int = n) -> list[int]:
        return [random.randint(low, high) for _ in range(count)]

    def table(rows: list[list[int]]) -> str:
        return "[|" + ",\n|".join(",".join(map(str, values)) for values in rows) + "|]"

    length, release, capacity = row(1, 10), row(0, 2 * n), row(10, 40, m)
    bounds = [list(itertools.accumulate(row(4 * n + 14, 9 * n + 14, 2 * width))) for _ in range(m)]
    sets = ",".join(
        "{" + ",".join(map(str, random.sample(range(1, m + 1), random.randint(1, m)))) + "}"
        for _ in range(n)
    )
    values = {
        "n": n,
        "m": m,
        "a": a,
        "s": width,
        "setup_times": table([row(0, 3, a) for _ in range(a + 1)]),
        "setup_costs": table([row(0, 9, a) for _ in range(a + 1)]),
        "max_cap": capacity,
        "initState": row(1, a, m),
        "m_a_s": table([found[::2] for found in bounds]),
        "m_a_e": table([found[1::2] for found in bounds]),
        "eligible_machine": f"[{sets}]",
        "earliest_start": release,
        "latest_end": [r + p + random.randint(0, 12) for r, p in zip(release, length, strict=True)],
        "min_time": length,
        "max_time": [p + random.randint(0, 5) for p in length],
        "size": row(1, 5),
        "attribute": row(1, a),
        "upper_bound_integer_objective": 1000,
        "mult_factor_total_runtime": 4,
        "mult_factor_finished_toolate": 60,
        "mult_factor_total_setuptimes": 1,
        "mult_factor_total_setupcosts": 2,
    }
    return "".join(f"{name}={value};\n" for name, value in values.items())


def written(batches: tuple[Batch, ...] | list[Batch]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(solution_text("drawn", batches, {}))["batches"]
    return found


@settings(max_examples=25, deadline=None)
@example(seed=5048, n=13, m=1)  # the second shift begins with a set-up after the first one's last
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), m=st.integers(1, 4))
def test_first_plan_is_valid_and_not_below_the_bound(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n: int, m: int
) -> None:
    text = drawn(seed, n, m)
    path = tmp_path_factory.mktemp("osp") / "drawn.dzn"
    path.write_text(text)
    problem = read_instance(path)
    batches = construct(problem)
    verdict = judge(text, written(batches))
    assert verdict.broken == faults(problem, batches) == []
    assert verdict.objective == measured(problem, batches).total(problem.weights)
    assert counted_bound(problem) <= verdict.objective


def test_search_is_valid_better_and_the_same_for_a_seed(tmp_path: Path) -> None:
    text = drawn(7, 80, 3)
    path = tmp_path / "drawn.dzn"
    path.write_text(text)
    problem = read_instance(path)
    first = construct(problem)
    one, two = (solve(problem, Budget(moves=60_000), seed=3) for _ in range(2))
    verdict = judge(text, written(one.batches))
    assert verdict.broken == []
    assert verdict.objective == one.total < measured(problem, first).total(problem.weights)
    assert one == two


def test_bound_beside_the_search_of_a_large_problem_is_below_what_another_search_finds(
    tmp_path: Path,
) -> None:
    text = drawn(11, 110, 3)
    path = tmp_path / "drawn.dzn"
    path.write_text(text)
    problem = read_instance(path)
    found = solve(problem, Budget(limit_s=1.0), workers=2)
    other = solve(problem, Budget(moves=400_000), seed=5)
    verdict = judge(text, written(found.batches))
    assert (verdict.broken, verdict.objective) == ([], found.total)
    assert counted_bound(problem) <= found.bound <= min(found.total, other.total)


def test_small_instance_is_proven_and_the_command_line_says_so(tmp_path: Path) -> None:
    path, out = tmp_path / "tiny.dzn", tmp_path / "tiny.json"
    path.write_text(TINY)
    said = CliRunner().invoke(
        halite, ["sintering", "solve", str(path), "--time", "30", "--out", str(out), "--json"]
    )
    assert said.exit_code == 0, said.output
    figures = json.loads(said.output)
    # Jobs 1 and 2 together for 4, then 2 of set-up and job 3 for 6: 2 × 10 + 5.
    assert (figures["total"], figures["proven"]) == (25, True)
    assert judge(TINY, json.loads(out.read_text())["batches"]).broken == []
    checked = CliRunner().invoke(halite, ["sintering", "check", str(path), str(out)])
    assert "is valid: 0.250000 (25/100)" in checked.output


def test_checks_name_each_broken_rule(tmp_path: Path) -> None:
    path, out = tmp_path / "tiny.dzn", tmp_path / "bad.json"
    path.write_text(TINY)
    bad = [
        {"machine": 1, "start": 0, "end": 4, "jobs": [1, 2]},
        {"machine": 1, "start": 2, "end": 8, "jobs": [3]},
    ]
    out.write_text(json.dumps({"batches": bad}))
    said = CliRunner().invoke(halite, ["sintering", "check", str(path), str(out)])
    assert said.exit_code == 1
    assert "starts before 3, when the last of it is ready" in said.output
    assert "needs 2 of set-up after the one that ends at 4" in said.output
    assert judge(TINY, bad).broken == ["machine 1 at 2: release", "machine 1 at 2: set-up"]


def test_instance_that_lacks_a_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.dzn"
    path.write_text(TINY.replace("size=[2,2,4];", "size=[2,2];"))
    with pytest.raises(InvalidInputError, match="size has 2 numbers, expected 3"):
        read_instance(path)


def test_cplex_form_of_an_instance_reads_the_same(tmp_path: Path) -> None:
    path, other = tmp_path / "tiny.dzn", tmp_path / "tiny.dat"
    path.write_text(TINY)
    table = str.maketrans({"|": " "})
    text = TINY.replace("=[|", "=[[").replace("|]", "]]").replace(",|", "],[").translate(table)
    other.write_text("// CPLEX\n" + text)
    one, two = read_instance(path), read_instance(other)
    assert one.set_up_time.tolist() == two.set_up_time.tolist()
    assert one.eligible.tolist() == two.eligible.tolist()


def test_published_worked_example_costs_1038_of_1500(peer_data: Path) -> None:
    path = peer_data / "osp" / "uc3-001-n10-k2-a2.dzn"
    problem = read_instance(path)
    solution = solve(problem, Budget(moves=200_000), seed=1)
    assert judge(path.read_text(), written(solution.batches)).broken == []
    assert (solution.total, problem.scale) == (1038, 1500)
