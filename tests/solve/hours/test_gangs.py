"""Gangs in the program over hours: by hand, and against trying every set of hours."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from time import perf_counter

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.gangs import EVERY_HOUR, NO_GANG, Gangs
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem
from costopt.solve.hours.pulp_model import write_pulp_hours
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import LimitRow

Build = Callable[..., HourlyProblem]


def beside_serving(
    over_hours: Build,
    factors: list[float],
    *,
    amount: float,
    deadline: int,
    sizes: tuple[int, int] = (2, 3),
    speeds: tuple[float, float] = (1.0, 1.5),
    lost_hours: float = 0.5,
    price: float = 5.0,
    other_price: float = 4.0,
    cost: float = 8.0,
    **parts: object,
) -> HourlyProblem:
    """Serve with one type by the hour or committed; a job on a gang of it, or of another type.

    Offers: serving by the hour and committed, the first gang likewise, the second by the hour.
    The speed of a gang is its work in an hour.
    """
    rate = [speed / size for speed, size in zip(speeds, sizes, strict=True)]
    return over_hours(
        factors,
        rates=[1.0],
        prices=[price, 0.0, price, 0.0, other_price],
        server=[0, 0, -1, -1, -1],
        quantity=[-1, 0, -1, 0, -1],
        quantities=QuantityCommitments(cost=np.array([cost]), upper=np.array([4.0])),
        work=DeferrableWork(
            amount=np.array([amount]),
            release=np.array([0]),
            deadline=np.array([deadline]),
            job=np.array([-1, -1, 0, 0, 0]),
            rate=np.array([0.0, 0.0, rate[0], rate[0], rate[1]]),
        ),
        gangs=Gangs(
            configuration=np.array([NO_GANG, NO_GANG, 0, 0, 1]),
            size=np.array(sizes),
            lost_hours=np.full(2, lost_hours),
            task=np.zeros(2, dtype=np.int64),
            job=np.zeros(1, dtype=np.int64),
        ),
        **parts,
    )


def least_of_all_courses(problem: HourlyProblem) -> float | None:
    """Try every commitment, configuration and set of hours; None where none does the work.

    With these given nothing is left to decide: what runs beyond the commitment is paid.
    """
    work, gangs = problem.work, problem.gangs
    demand = np.ceil(problem.demand_factor[0])
    price, other_price = problem.price_per_hour[0], problem.price_per_hour[4]
    quota = problem.rows[0].upper if problem.rows else np.inf
    best = np.inf
    for committed, configuration in product(range(5), range(2)):
        for course in product((0, 1), repeat=int(work.deadline[0])):
            runs = np.array([*course, *[0] * (problem.hour_count - len(course))])
            size = int(gangs.size[configuration])
            speed = float(work.rate[gangs.configuration == configuration][0]) * size
            starts = sum(now > before for before, now in zip([0, *course], course, strict=False))
            done = speed * (sum(course) - starts * float(gangs.lost_hours[configuration]))
            here = demand + (size * runs if configuration == 0 else 0)
            if done < work.amount[0] - 1e-9 or (here > quota).any():
                continue
            charged = price * np.maximum(here - committed, 0).sum()
            charged += other_price * size * runs.sum() * (configuration == 1)
            best = min(best, committed * problem.quantities.cost[0] + charged)
    return None if best == np.inf else float(best)


def drawn(over_hours: Build, seed: int) -> HourlyProblem:
    random = np.random.default_rng(seed)
    quota = LimitRow(
        name="quota",
        offer_coefficients=np.array([1.0, 1.0, 1.0, 1.0, 0.0]),
        upper=float(random.integers(2, 6)),
    )
    return beside_serving(
        over_hours,
        random.integers(0, 4, 6).astype(float).tolist(),
        amount=float(random.uniform(0.5, 4)),
        deadline=int(random.integers(2, 7)),
        sizes=(int(random.integers(1, 4)), int(random.integers(1, 4))),
        speeds=(1.0, float(random.uniform(0.5, 2))),
        lost_hours=float(random.choice([0.0, 0.2, 0.6])),
        other_price=float(random.uniform(1, 8)),
        cost=float(random.uniform(5, 28)),
        rows=(quota,) if random.random() < 0.4 else (),
    )


@pytest.mark.parametrize("seed", range(25))
def test_gangs_cost_what_trying_every_set_of_hours_finds(over_hours: Build, seed: int) -> None:
    problem = drawn(over_hours, seed)
    cheapest = least_of_all_courses(problem)
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    if cheapest is None or solution.costs is None:
        assert cheapest is None
        assert solution.status is PlanStatus.INFEASIBLE
        return
    assert solution.costs.objective == pytest.approx(cheapest, rel=1e-6)
    kinds = hour_kinds(problem)
    parts = take_apart(problem, kinds, reach_of(problem, kinds))
    found = by_parts(parts, gap=1e-3, deadline=perf_counter() + 20)
    assert found.bound is not None
    assert found.bound * parts.assembly.columns.scale <= cheapest * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(0, 25, 4))
def test_gangs_written_with_pulp_cost_the_same(over_hours: Build, seed: int) -> None:
    problem = drawn(over_hours, seed)
    arrays = solve_hours(problem, gap=0, time_limit_seconds=20)
    written = write_pulp_hours(problem).solve(gap=0)
    assert written.status is arrays.status
    if arrays.costs is not None:
        assert written.cost == pytest.approx(arrays.costs.objective, rel=1e-6)


def test_nodes_of_every_hour_written_with_pulp_cost_the_same(over_hours: Build) -> None:
    written = write_pulp_hours(nodes(over_hours, 4.0))
    assert written.solve(gap=0).cost == pytest.approx(24)
    assert "a gang runs whole or not at all" in str(written)


def test_a_gang_fills_the_trough_of_what_is_committed(over_hours: Build) -> None:
    # Two are committed for 6 h at 8 each, where by the hour they would cost 4 x 5 each. They
    # idle from hour 4; of 2 gang-hours a start takes half, so 1.5 is done, for nothing.
    problem = beside_serving(over_hours, [2, 2, 2, 2, 0, 0], amount=1.5, deadline=6)
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.decision.counts.tolist() == [
        [0] * 6, [2, 2, 2, 2, 0, 0], [0] * 6, [0, 0, 0, 0, 2, 2], [0] * 6,
    ]  # fmt: skip
    assert solution.costs.objective == pytest.approx(2 * 8)


def test_several_payers_share_one_gang(over_hours: Build) -> None:
    # One of two idles in hours 2 and 3: the gang of two pays the other one, 2 x 5. A third that
    # is committed would cost 12, the other type 3 x 4 in each of two hours.
    problem = beside_serving(over_hours, [2, 2, 1, 1], amount=1.5, deadline=4, cost=12.0)
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.decision.counts[2:].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0] * 4]
    assert solution.costs.objective == pytest.approx(2 * 12 + 2 * 5)


def test_a_pause_loses_the_work_of_one_more_start(over_hours: Build) -> None:
    # Idle in hours 0 and 3 only: two starts leave 2 - 2 x 0.5 = 1 gang-hour.
    able = beside_serving(over_hours, [0, 2, 2, 0], amount=1.0, deadline=4)
    solution = solve_hours(able, gap=0)
    assert solution.decision is not None
    assert solution.decision.counts[3].tolist() == [2, 0, 0, 2]
    more = replace(able, work=replace(able.work, amount=np.array([1.1])))
    dearer = solve_hours(more, gap=0)
    assert dearer.costs is not None
    assert solution.costs is not None
    assert dearer.costs.objective > solution.costs.objective


def nodes(over_hours: Build, upper: float) -> HourlyProblem:
    """Serving in half of the hours, and two nodes in every hour."""
    return over_hours(
        [1.0, 0.0, 1.0, 0.0],
        rates=[1.0],
        prices=[5.0, 0.0, 5.0, 0.0, 4.0],
        server=[0, 0, -1, -1, -1],
        quantity=[-1, 0, -1, 0, -1],
        quantities=QuantityCommitments(cost=np.array([8.0]), upper=np.array([upper])),
        gangs=Gangs(
            configuration=np.array([NO_GANG, NO_GANG, 0, 0, 1]),
            size=np.array([2, 2]),
            lost_hours=np.zeros(2),
            task=np.zeros(2, dtype=np.int64),
            job=np.array([EVERY_HOUR]),
        ),
    )


def test_nodes_of_every_hour_run_on_commitments_in_one_configuration(over_hours: Build) -> None:
    # Two committed for 8 each, in place of 4 x 4 of the other type; a third for serving, whose
    # 2 h by the hour would cost 10.
    solution = solve_hours(nodes(over_hours, 4.0), gap=0)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.decision.counts[2:].tolist() == [[0] * 4, [2] * 4, [0] * 4]
    assert solution.costs.objective == pytest.approx(3 * 8)
    # With one commitment: 8 + 4 x 5 for the nodes and 2 x 5 for serving, or all nodes of the
    # other type for 2 x 4 x 4 and the commitment for serving.
    few = solve_hours(nodes(over_hours, 1.0), gap=0)
    assert few.costs is not None
    assert few.costs.objective == pytest.approx(38)


def test_a_part_of_a_gang_is_refused_by_the_recheck(over_hours: Build) -> None:
    problem = beside_serving(over_hours, [2, 2, 2, 2, 0, 0], amount=1.5, deadline=6)
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    counts = solution.decision.counts.copy()
    counts[3, 4] = 1
    broken = hourly_violations(problem, replace(solution.decision, counts=counts))
    assert "hour 4: a part of a gang runs, or more than the whole of it" in broken
    counts[3, 4], counts[4, 0] = 2, 3
    broken = hourly_violations(problem, replace(solution.decision, counts=counts))
    assert broken == ["task 0 runs in 2 configurations instead of one"]
