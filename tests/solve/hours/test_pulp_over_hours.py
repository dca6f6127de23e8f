"""The program over hours written from sets agrees with the arrays, jobs and limits included."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import highspy
import numpy as np
import pulp
import pytest

from costopt.errors import InvalidInputError, PlanCheckError
from costopt.plan.status import PlanStatus
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem, Scenarios
from costopt.solve.hours.pulp_model import HourlyNames, PulpHours, write_pulp_hours
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import LimitRow, ServingBlock

EXACT_GAP = 1e-9
CORPUS = [range(first, first + 10) for first in range(0, 40, 10)]

Hours = Callable[..., HourlyProblem]


def drawn(seed: int) -> HourlyProblem:
    """Up to four types by four request sizes in up to five hours, with jobs and a quota.

    Each type is paid by the hour, some are committed too, and a job may run on some of them.
    """
    random = np.random.default_rng(seed)
    types, buckets, hours = (
        int(random.integers(low, high)) for low, high in ((2, 5), (1, 5), (2, 6))
    )
    rates = np.exp(random.normal(0, 0.6, (types, buckets))) * random.uniform(1, 5, (types, 1))
    rates[random.random((types, buckets)) < 0.15] = 0.0
    rates[0] = np.maximum(rates[0], 0.5)
    is_spot = random.random(types) < 0.3
    is_spot[0] = False
    block = ServingBlock(
        demand=random.choice([0.0, 0.4, 1.3, 3.1], buckets),
        rates=rates,
        max_utilisation=random.choice([0.7, 0.9, 1.0], types),
        is_spot=is_spot,
        max_spot_fraction=float(random.choice([0.0, 0.4, 1.0])),
    )
    price = np.round(rates.mean(axis=1) * random.uniform(0.3, 0.9, types), 3)
    jobs = int(random.integers(0, 2))
    offers = 2 * types + jobs * types
    eligible = np.tile([True, False], types)[:types]
    rate = np.full((1, offers), np.nan)
    rate[0, :types] = np.where(eligible, price * 0.6, np.nan)
    return HourlyProblem(
        price_per_hour=np.concatenate([price, np.zeros(types), np.tile(price, jobs)]),
        server=np.concatenate([np.arange(types), np.arange(types), np.full(jobs * types, -1)]),
        upper=random.choice([1.0, 3.0, np.inf, np.inf], offers),
        quantity=np.concatenate([np.full(types, -1), np.arange(types), np.full(jobs * types, -1)]),
        blocks=(block,),
        rows=(
            LimitRow(
                name="vCPUs: here",
                offer_coefficients=random.choice([0.0, 1.0, 4.0], offers),
                upper=float(random.integers(1, 10)),
            ),
        ),
        weight=np.ones(hours),
        demand_factor=random.choice([0.0, 0.5, 1.0, 2.0], (1, hours)),
        quantities=QuantityCommitments(
            cost=price * hours * random.uniform(0.3, 0.9, types),
            upper=random.choice([1.0, 2.0, np.inf], types),
        ),
        spends=SpendCommitments(
            cost=np.array([hours * 0.9]),
            upper=np.array([np.inf]),
            owned=np.zeros((1, hours)),
            rate=rate,
            other_usage=random.integers(0, 3, (1, hours)).astype(float),
            other_price=np.array([0.5]),
            other_rate=np.array([[0.4]]),
        ),
        work=work_of(random, jobs, types, hours),
    )


def work_of(random: np.random.Generator, jobs: int, types: int, hours: int) -> DeferrableWork:
    """At most one job, on offers of its own that stand after those that serve."""
    if not jobs:
        return DeferrableWork.none()
    release = int(random.integers(0, hours))
    return DeferrableWork(
        amount=np.array([float(random.integers(1, 6))]),
        release=np.array([release]),
        deadline=np.array([int(random.integers(release + 1, hours + 1))]),
        job=np.concatenate([np.full(2 * types, -1), np.zeros(types, dtype=np.int64)]),
        rate=np.concatenate([np.zeros(2 * types), random.uniform(0.5, 2.0, types)]),
    )


@pytest.mark.parametrize("seeds", CORPUS, ids=str)
def test_the_written_model_costs_what_the_arrays_cost(seeds: range) -> None:
    for seed in seeds:
        problem = drawn(seed)
        arrays = solve_hours(problem, gap=EXACT_GAP, time_limit_seconds=60)
        written = write_pulp_hours(problem).solve(gap=EXACT_GAP)
        assert written.status is arrays.status, f"seed {seed}"
        if arrays.costs is None:
            assert written.cost is None
        else:
            assert written.cost == pytest.approx(arrays.costs.objective, rel=1e-6), f"seed {seed}"


def test_the_corpus_holds_feasible_and_infeasible_problems_with_and_without_jobs() -> None:
    problems = [drawn(seed) for seeds in CORPUS for seed in seeds]
    status = [solve_hours(problem, gap=0.05).status for problem in problems[::2]]
    assert 2 < status.count(PlanStatus.INFEASIBLE) < 15
    assert 10 < sum(len(problem.work) for problem in problems) < 30


def test_another_solver_finds_the_same_cost() -> None:
    for seed in range(6):
        problem = drawn(seed)
        known = write_pulp_hours(problem).solve(gap=EXACT_GAP)
        other = write_pulp_hours(problem).solve("PULP_CBC_CMD", gap=EXACT_GAP)
        assert other.status is known.status
        assert (other.cost is None) == (known.cost is None)
        assert other.cost is None or other.cost == pytest.approx(known.cost, rel=1e-6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WithMore(HourlyProblem):
    """A problem with a part that nobody has written with PuLP."""

    more: tuple[str, ...] = ()


def test_a_part_that_is_not_written_is_refused_and_not_left_out(over_hours: Hours) -> None:
    known = over_hours([1.0], rates=[1.0], prices=[3.0])
    parts = {one.name: getattr(known, one.name) for one in fields(HourlyProblem)}
    assert write_pulp_hours(WithMore(**parts)).solve().cost == pytest.approx(3.0)
    with pytest.raises(InvalidInputError, match="more of the program over hours is not written"):
        write_pulp_hours(WithMore(**parts, more=("a rule",)))


@pytest.fixture
def example(over_hours: Hours) -> PulpHours:
    """An instance at $1, or committed for four hours at $2: one is, and one runs by the hour.

    Demand of 1, 1, 1 and 2 instances: committing one costs $2 and $1 for the peak, two cost $4.
    """
    problem = over_hours(
        [1.0, 1.0, 1.0, 2.0],
        rates=[1.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=QuantityCommitments(cost=np.array([2.0]), upper=np.array([np.inf])),
    )
    names = HourlyNames(offers=["A10G, on demand", "A10G reserved"], quantities=["A10G/1 y"])
    return write_pulp_hours(problem, names)


def test_a_commitment_by_hand_comes_out_of_the_written_model(example: PulpHours) -> None:
    answer = example.solve()
    assert answer.cost == pytest.approx(3.0)
    assert answer.decision is not None
    assert answer.decision.commitments.quantities.tolist() == [1]
    assert answer.decision.counts.tolist() == [[0, 0, 0, 1], [1, 1, 1, 1]]


def test_a_model_over_hours_reads_as_mathematics(example: PulpHours) -> None:
    text = str(example)
    assert "instances of each of 2 offers in each of 4 hours" in text
    assert "sum_c K_c Q_c + sum_s p_s C_s  [currency over the horizon]" in text
    assert "sum_(o on c) n_ot <= Q_c" in text
    assert "h_t (sum_o c_o n_ot)" in text
    assert "committed_3_0: - Q_0_A10G_1_y + n_3_1_A10G_reserved <= 0" in str(example.model)


def test_dear_scenarios_that_weigh_more_stand_in_the_mathematics(over_hours: Hours) -> None:
    courses = Scenarios(scenario=np.array([0, 1]), probability=np.array([0.8, 0.2]),
                        tail_weight=0.9, tail_level=0.5)  # fmt: skip
    problem = over_hours([1.0, 3.0], rates=[1.0], prices=[2.0], scenarios=courses)
    written = write_pulp_hours(problem)
    assert "0.1 sum_s p_s C_s + 0.9 (h + sum_s p_s g_s / 0.5)" in str(written)
    # The dearest half costs (0.2 x 6 + 0.3 x 2) / 0.5 = 3.6, the mean is 2.8.
    assert written.solve().cost == pytest.approx(0.1 * 2.8 + 0.9 * 3.6)


@pytest.mark.parametrize("ending", [".lp", ".mps"])
def test_another_program_reads_the_file_with_the_whole_cost(
    ending: str, over_hours: Hours, tmp_path: Path
) -> None:
    """What the company runs beside it costs $5 an hour: a constant that formats leave out."""
    spends = SpendCommitments(
        cost=np.ones(1), upper=np.zeros(1), owned=np.zeros((1, 2)), rate=np.full((1, 1), np.nan),
        other_usage=np.ones((1, 2)), other_price=np.array([5.0]), other_rate=np.array([[4.0]]),
    )  # fmt: skip
    problem = over_hours([1.0, 2.0], rates=[1.0], prices=[1.0], spends=spends)
    path = write_pulp_hours(problem).write(tmp_path / f"hours{ending}")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getObjectiveValue() == pytest.approx(1 + 2 + 5 + 5)


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


def test_a_time_limit_over_hours_is_not_called_optimal(over_hours: Hours) -> None:
    """PuLP's status is "Optimal" there; every value 1 is a plan for one type at one instance."""
    model = write_pulp_hours(over_hours([1.0, 1.0], rates=[1.0], prices=[3.0]))
    stopped = Claims(pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible, 1.0)
    answer = model.solve(stopped)
    assert answer.status is PlanStatus.FEASIBLE_AT_LIMIT
    assert answer.cost == 6.0


def test_a_time_limit_over_hours_without_a_plan_gives_no_cost(example: PulpHours) -> None:
    answer = example.solve(Claims(pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound, 0.5))
    assert answer.status is PlanStatus.NO_ANSWER_IN_TIME
    assert (answer.cost, answer.decision) == (None, None)


def test_an_answer_over_hours_that_breaks_a_row_is_not_returned(example: PulpHours) -> None:
    wrong = Claims(pulp.LpStatusOptimal, pulp.LpSolutionOptimal, 0.5)
    with pytest.raises(PlanCheckError, match=r"loaded beyond|not served whole"):
        example.solve(wrong)


def test_a_bucket_that_nobody_serves_is_infeasible_with_every_solver(over_hours: Hours) -> None:
    problem = over_hours([1.0], rates=[1.0], prices=[1.0])
    block = replace(problem.blocks[0], rates=np.zeros((1, 1)))
    for solver in ("HiGHS", "PULP_CBC_CMD"):
        answer = write_pulp_hours(replace(problem, blocks=(block,))).solve(solver)
        assert answer.status is PlanStatus.INFEASIBLE
