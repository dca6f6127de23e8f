"""The providers' order of application: their examples, and a linear program."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.commitment.apply import Application, Coverage, Floats, apply_commitments, rank_of
from costopt.solve.highs import run_program
from costopt.solve.program import Program

NONE = np.nan

C5_9XLARGE, C5_24XLARGE, FARGATE_CPU, FARGATE_GB = range(4)
ON_DEMAND = np.array([4.0, 10.0, 1.5, 2.0])
COMPUTE = [2.0, 8.0, 1.0, 1.0]  # 50, 20, 33.3 and 50 % off
EC2_INSTANCE = [1.0, 6.0, NONE, NONE]  # 75 and 40 % off
USAGE = np.array([[1.0, 1.0, 10.0, 5.0]])
"""Rates and usage of the example in the AWS Savings Plans user guide, how plans apply to usage."""


def applied(*commitments: tuple[str, bool, float, list[float]]) -> Application:
    """Apply (plan, of money, amount, draws) to the example."""
    coverage = Coverage(
        amounts=np.array([[amount] for _, _, amount, _ in commitments]),
        draws=np.array([draws for _, _, _, draws in commitments]),
        rank=np.array([rank_of(plan, is_spend=money) for plan, money, _, _ in commitments]),
    )
    return apply_commitments(USAGE, ON_DEMAND, coverage)


def test_a_plan_that_is_large_enough_covers_everything() -> None:
    """2 + 8 + 10 x 1 + 5 x 1 = 25, in place of 4 + 10 + 15 + 10 = 39 on demand."""
    done = applied(("compute", True, 25.0, COMPUTE))
    assert done.on_demand.tolist() == [[0, 0, 0, 0]]
    assert (done.unused[0, 0], done.replaced[0, 0]) == (0, 39)


def test_a_plan_goes_to_the_highest_saving_first_and_of_equal_ones_to_the_lowest_rate() -> None:
    """6.00 cover 5 GB at 1.00 (50 %, lowest rate), then half of the c5.9xlarge at 2.00 (50 %)."""
    done = applied(("compute", True, 6.0, COMPUTE))
    assert done.on_demand.tolist() == [[0.5, 1, 10, 0]]
    assert done.replaced[0, 0] == 12  # 5 x 2 + 0.5 x 4


def test_reserved_instances_come_before_plans_and_narrow_plans_before_broad_ones() -> None:
    """The reserved c5.9xlarge is taken; 3.00 cover half a c5.24xlarge at 6.00, then compute.

    Compute: 5 GB (5.00), 10 vCPU (10.00), and 2.00 / 8.00 of the c5.24xlarge; the rest of it, a
    quarter, runs on demand.
    """
    done = applied(
        ("compute", True, 17.0, COMPUTE),
        ("ec2_instance", True, 3.0, EC2_INSTANCE),
        ("", False, 1.0, [1.0, NONE, NONE, NONE]),
    )
    assert done.on_demand.tolist() == [[0, 0.25, 0, 0]]
    assert done.unused[:, 0].tolist() == [0, 0, 0]
    assert done.replaced[:, 0].tolist() == [27.5, 5, 4]  # 5 x 2 + 10 x 1.5 + 2.5; 5; 4


def test_what_an_hour_leaves_is_lost() -> None:
    """Two reserved instances: three run in the first hour, one in the second."""
    coverage = Coverage(
        amounts=np.full((1, 2), 2.0), draws=np.ones((1, 1)), rank=np.zeros(1, dtype=np.int64)
    )
    done = apply_commitments(np.array([[3.0], [1.0]]), np.array([5.0]), coverage)
    assert done.on_demand.tolist() == [[1], [0]]
    assert done.unused.tolist() == [[0, 1]]
    assert done.replaced.tolist() == [[10, 5]]


def test_resources_are_covered_one_by_one() -> None:
    """96 vCPUs and 680 GiB are committed; 2 x (48 vCPUs, 340 GiB) run in an hour, then 3."""
    coverage = Coverage(
        amounts=np.array([[96.0, 96.0], [680.0, 680.0]]),
        draws=np.array([[1.0, NONE], [NONE, 1.0]]),
        rank=np.zeros(2, dtype=np.int64),
    )
    usage = np.array([[96.0, 680.0], [144.0, 1020.0]])
    done = apply_commitments(usage, np.array([0.03, 0.004]), coverage)
    assert done.on_demand.tolist() == [[0, 0], [48, 340]]


def test_a_plan_is_not_applied_where_it_saves_nothing() -> None:
    """A negotiated price of 2.00 is below the plan's 2.50; the lower of the two counts."""
    coverage = Coverage(
        amounts=np.array([[10.0]]), draws=np.array([[2.5]]), rank=np.array([2], dtype=np.int64)
    )
    done = apply_commitments(np.array([[3.0]]), np.array([2.0]), coverage)
    assert (done.on_demand[0, 0], done.unused[0, 0]) == (3, 10)


def cheapest_by_linear_program(
    usage: Floats, on_demand: Floats, rates: Floats, spend: float
) -> float:
    """Least on-demand charges of one hour with the plan's money at hand."""
    program = Program()
    covered = program.add_columns(-on_demand, usage, integer=False)
    row = program.add_rows(1, -np.inf, spend)
    program.add_entries(row, covered, rates)
    run = run_program(program, gap=0.0, time_limit_seconds=10.0)
    assert run.values is not None
    return float(on_demand @ (usage - run.values))


amounts = st.floats(0, 20).map(lambda number: round(number, 2))
prices = st.floats(0.5, 50).map(lambda number: round(number, 2))
lines = st.lists(st.tuples(amounts, prices, st.floats(0.2, 0.95)), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(lines, st.floats(0, 300).map(lambda number: round(number, 1)))
def test_the_providers_order_is_the_optimum_of_the_linear_program(
    usage: list[tuple[float, float, float]], spend: float
) -> None:
    units, on_demand, share = (np.array(column) for column in zip(*usage, strict=True))
    rates = on_demand * share
    coverage = Coverage(
        amounts=np.array([[spend]]), draws=rates[None, :], rank=np.array([2], dtype=np.int64)
    )
    done = apply_commitments(units[None, :], on_demand, coverage)
    charged = float(done.on_demand[0] @ on_demand)
    best = cheapest_by_linear_program(units, on_demand, rates, spend)
    assert charged == pytest.approx(best, rel=1e-7, abs=1e-6)


@st.composite
def stacks(draw: st.DrawFn) -> tuple[Floats, Floats, Coverage]:
    """Usage, prices and commitments of all kinds."""
    hours, skus, count = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(0, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rank = rng.integers(0, 3, count)
    on_demand = rng.uniform(1, 10, skus)
    draws = np.where(rank[:, None] > 0, on_demand * rng.uniform(0.3, 0.9, (count, skus)), 1.0)
    draws[rng.random((count, skus)) < 0.4] = NONE
    coverage = Coverage(amounts=rng.uniform(0, 12, (count, hours)), draws=draws, rank=rank)
    return rng.uniform(0, 8, (hours, skus)), on_demand, coverage


@settings(max_examples=100, deadline=None)
@given(stacks())
def test_every_unit_is_either_covered_once_or_on_demand(
    case: tuple[Floats, Floats, Coverage],
) -> None:
    usage, on_demand, coverage = case
    done = apply_commitments(usage, on_demand, coverage)
    assert (done.on_demand >= 0).all()
    assert (done.unused >= 0).all()
    charged = done.on_demand @ on_demand + done.replaced.sum(axis=0)
    assert charged == pytest.approx(usage @ on_demand)


@settings(max_examples=100, deadline=None)
@given(stacks())
def test_one_commitment_more_never_leaves_more_on_demand_charges(
    case: tuple[Floats, Floats, Coverage],
) -> None:
    """Of what is of money, one alone; two of them in a fixed order need not be the best pair."""
    usage, on_demand, coverage = case
    kept = np.flatnonzero(coverage.rank == 0)
    alone = Coverage(
        amounts=coverage.amounts[kept], draws=coverage.draws[kept], rank=coverage.rank[kept]
    )
    before = apply_commitments(usage, on_demand, alone).on_demand @ on_demand
    for added in np.flatnonzero(coverage.rank > 0):
        both = [*kept, added]
        with_it = Coverage(
            amounts=coverage.amounts[both], draws=coverage.draws[both], rank=coverage.rank[both]
        )
        after = apply_commitments(usage, on_demand, with_it).on_demand @ on_demand
        assert (after <= before + 1e-9).all()
