"""to_pulp: the program written from sets agrees with the arrays, and solvers are not believed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pulp
import pytest

from costopt.errors import InvalidInputError, PlanCheckError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.solve.problem import Choice, LimitRow, Payers, Problem, ServingBlock
from costopt.solve.pulp_model import PulpModel, write_pulp_model
from costopt.solve.run import solve_problem

CORPUS = [range(first, first + 50) for first in range(0, 300, 50)]
SECOND_SOLVER = [range(first, first + 20) for first in range(300, 340, 20)]
EXACT_GAP = 1e-9


def draw_traffic(seed: int) -> Problem:
    """Up to six types by nine request sizes, firm and spot, with every kind of limit."""
    random = np.random.default_rng(seed)
    types, buckets = int(random.integers(2, 7)), int(random.integers(2, 10))
    rates = np.exp(random.normal(0, 0.7, (types, buckets))) * random.uniform(1, 6, (types, 1))
    rates[random.random((types, buckets)) < 0.15] = 0.0
    rates[0] = np.maximum(rates[0], 0.5)
    price = rates.mean(axis=1) * random.uniform(0.3, 0.9, types)
    is_spot = random.random(types) < 0.4
    is_spot[0] = False
    block = ServingBlock(
        demand=random.choice([0.0, 0.3, 1.1, 2.7, 6.0], buckets),
        rates=rates,
        max_utilisation=random.choice([0.7, 0.85, 1.0], types),
        is_spot=is_spot,
        max_spot_fraction=float(random.choice([0.0, 0.3, 0.6, 1.0])),
    )
    jobs = tuple(_draw_job(random) for _ in range(random.integers(0, 2)))
    row = LimitRow(
        name="vCPUs: aws/us-east-1",
        offer_coefficients=random.choice([0.0, 1.0, 4.0], types),
        choice_coefficients=tuple(np.ones(len(job.cost)) for job in jobs),
        payer_coefficients=tuple(np.ones(len(job.payers)) for job in jobs),
        upper=float(random.integers(6, 40)),
    )
    return Problem(
        price_per_hour=np.round(price, 3),
        server=np.arange(types),
        upper=random.choice([1.0, 3.0, np.inf, np.inf], types),
        group=np.arange(types) // 2,
        blocks=(block,),
        choices=jobs,
        rows=(row,) if random.random() < 0.6 else (),
        budget_per_hour=float(random.integers(5, 60)) if random.random() < 0.2 else None,
        max_groups=int(random.integers(1, 3)) if random.random() < 0.3 else None,
    )


def _draw_job(random: np.random.Generator) -> Choice:
    ways = int(random.integers(1, 4))
    return Choice(
        cost=np.where(np.arange(ways) == 0, 0.0, random.uniform(1, 6, ways)),
        group=np.arange(ways),
        payers=Payers(
            alternative=np.zeros(2, dtype=np.int64),
            instances=np.full(2, 3),
            cost=random.uniform(0.3, 2.0, 2),
        ),
    )


def same(found: float | None, known: float | None) -> bool:
    if found is None or known is None:
        return found is known
    return found == pytest.approx(known, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seeds", CORPUS, ids=str)
def test_the_written_model_costs_what_the_arrays_cost(seeds: range) -> None:
    for seed in seeds:
        problem = draw_traffic(seed)
        arrays = solve_problem(problem, gap=EXACT_GAP, time_limit_seconds=60)
        written = write_pulp_model(problem).solve(gap=EXACT_GAP)
        assert written.status is arrays.status, f"seed {seed}"
        assert same(written.cost, arrays.cost), f"seed {seed}"


def test_the_corpus_holds_feasible_and_infeasible_problems_of_every_kind() -> None:
    problems = [draw_traffic(seed) for seeds in CORPUS for seed in seeds]
    status = [solve_problem(problem).status for problem in problems[::6]]
    assert 5 < status.count(PlanStatus.INFEASIBLE) < 40
    assert sum(bool(problem.choices) for problem in problems) > 100
    assert sum(problem.max_groups is not None for problem in problems) > 60
    assert sum(problem.budget_per_hour is not None for problem in problems) > 40


@pytest.mark.parametrize("seeds", SECOND_SOLVER, ids=str)
def test_another_solver_finds_the_same_cost(seeds: range) -> None:
    for seed in seeds:
        problem = draw_traffic(seed)
        arrays = solve_problem(problem, gap=EXACT_GAP, time_limit_seconds=60)
        written = write_pulp_model(problem).solve("PULP_CBC_CMD", gap=EXACT_GAP)
        assert same(written.cost, arrays.cost), f"seed {seed}"


def draw_pools(seed: int) -> Problem:
    """The same traffic from spot pools that may be lost together, and firm types."""
    random = np.random.default_rng(seed)
    problem = draw_traffic(seed)
    block = problem.blocks[0]
    group = np.where(block.is_spot, random.integers(0, 3, len(block.is_spot)), -1)
    pools = replace(
        block,
        failure_group=group,
        max_losses=int(random.integers(1, 4)),
        max_lost_fraction=float(random.choice([0.2, 0.5, 0.8])),
        min_failure_groups=int(random.choice([0, 2, 3])),
        max_spot_fraction=1.0,
    )
    return replace(problem, blocks=(pools,))


@pytest.mark.parametrize("seeds", [range(400, 440), range(440, 480)], ids=str)
def test_limits_on_losses_are_written_as_the_arrays_have_them(seeds: range) -> None:
    for seed in seeds:
        problem = draw_pools(seed)
        arrays = solve_problem(problem, gap=EXACT_GAP, time_limit_seconds=60)
        written = write_pulp_model(problem).solve(gap=EXACT_GAP)
        assert same(written.cost, arrays.cost), f"seed {seed}"


@pytest.fixture
def example(serve: Callable[..., Problem]) -> PulpModel:
    """Two types, one of them twice as fast at a higher price: 1 of the fast one is cheapest."""
    problem = serve([6.0, 15.0], [[2.0, 5.0], [20.0, 40.0]], [1.01, 3.67])
    return write_pulp_model(problem, ["A10G, on demand", "A100/80GB"])


def test_a_model_reads_as_mathematics(example: PulpModel) -> None:
    text = str(example)
    assert "n_o in {0..N_o}" in text
    assert "instances of each of 2 offers" in text
    assert "sum_k x_wkb = 1" in text
    assert "all of each request size is served: 2 rows" in text


def test_every_row_can_be_read_with_the_names_of_the_offers(example: PulpModel) -> None:
    text = str(example.model)
    assert "1.01*n_0_A10G_on_demand + 3.67*n_1_A100_80GB" in text
    assert "capacity_0_1: - n_1_A100_80GB + 0.3 x_0_1_0 + 0.375 x_0_1_1 <= 0" in text


@pytest.mark.parametrize("ending", [".lp", ".mps"])
def test_another_program_reads_the_file_and_finds_the_same_cost(
    ending: str, example: PulpModel, tmp_path: Path
) -> None:
    path = example.write(tmp_path / f"mix{ending}")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getObjectiveValue() == pytest.approx(3.67)
    assert [file.name for file in tmp_path.iterdir()] == [f"mix{ending}"]


def test_a_file_of_another_kind_is_refused(example: PulpModel, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"mix\.txt must end in \.lp or \.mps"):
        example.write(tmp_path / "mix.txt")
    with pytest.raises(InvalidInputError, match="there is no folder"):
        example.write(tmp_path / "nowhere" / "mix.lp")


def test_an_unknown_solver_is_refused_with_the_nearest_name(example: PulpModel) -> None:
    with pytest.raises(UnknownNameError, match=r"'HIGHS'.*HiGHS"):
        example.solve("HIGHS")


def test_a_solver_that_is_not_installed_is_named(example: PulpModel) -> None:
    with pytest.raises(
        InvalidInputError, match=r"GUROBI_CMD is not installed; PuLP finds .*HiGHS"
    ):
        example.solve("GUROBI_CMD")


class Claims(pulp.LpSolver):
    """A solver that says what it is told to say, with the values it is told to leave."""

    name = "Claims"

    def __init__(self, status: int, sol_status: int, value: float) -> None:
        super().__init__(msg=False)
        self.claim = status, sol_status, value

    def available(self) -> bool:
        return True

    def actualSolve(self, lp: pulp.LpProblem) -> int:  # noqa: N802  # PuLP's name
        status, sol_status, value = self.claim
        for variable in lp.variables():
            variable.varValue = value
        lp.assignStatus(status, sol_status)
        return status


def test_a_time_limit_with_a_plan_is_not_called_optimal(serve: Callable[..., Problem]) -> None:
    """PuLP's status is "Optimal" there; every value 1 is a plan for one type and one bucket."""
    model = write_pulp_model(serve([1.0], [[2.0]], [3.0]))
    stopped = Claims(pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible, 1.0)
    answer = model.solve(stopped)
    assert answer.status is PlanStatus.FEASIBLE_AT_LIMIT
    assert answer.cost == 3.0


def test_a_time_limit_without_a_plan_gives_no_cost(example: PulpModel) -> None:
    """The variables hold the linear relaxation then, which must not be read."""
    stopped = Claims(pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound, 0.5)
    answer = example.solve(stopped)
    assert answer.status is PlanStatus.NO_ANSWER_IN_TIME
    assert answer.cost is None
    assert answer.decision is None


def test_values_left_behind_by_an_infeasible_solve_are_not_read(
    serve: Callable[..., Problem],
) -> None:
    model = write_pulp_model(serve([6.0], [[2.0]], [1.0], upper=[1.0]))
    answer = model.solve("PULP_CBC_CMD")
    assert any(variable.varValue for variable in model.model.variables())
    assert answer.status is PlanStatus.INFEASIBLE
    assert answer.cost is None


def test_a_limit_that_pulp_cannot_name_is_an_error_in_words(example: PulpModel) -> None:
    class Unnamed(Claims):
        def actualSolve(self, lp: pulp.LpProblem) -> int:  # noqa: N802  # PuLP's name
            raise KeyError("HighsModelStatus.kSolutionLimit")

    with pytest.raises(InvalidInputError, match="ended in a way that PuLP cannot read"):
        example.solve(Unnamed(0, 0, 0.0))


def test_an_answer_that_breaks_a_row_is_not_returned(example: PulpModel) -> None:
    wrong = Claims(pulp.LpStatusOptimal, pulp.LpSolutionOptimal, 0.5)
    with pytest.raises(PlanCheckError, match=r"loaded beyond|not served whole"):
        example.solve(wrong)
