"""Leaving dominated servers out changes no cost."""

import numpy as np
import pytest

from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.planning.over_time_servers import fewer_servers, useful_servers
from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import BY_THE_HOUR, HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import Problem, ServingBlock

HORIZON = 100.0


def random_case(seed: int) -> tuple[Problem, QuantityProducts, SpendProducts]:
    """Two types of two layouts each and three of one; some reserved, some on a plan of money."""
    random = np.random.default_rng(seed)
    kinds = np.array([0, 0, 1, 1, 2, 3, 4])
    servers, buckets = len(kinds), 2
    price = random.uniform(1, 4, 5).round(1)
    reserved = np.flatnonzero(random.random(5) < 0.6)
    rates = random.uniform(0.5, 3, (servers, buckets)).round(1)
    rates[random.random((servers, buckets)) < 0.1] = 0.0
    block = ServingBlock(
        demand=np.array([3.0, 2.0]),
        rates=np.vstack([rates, [0.4, 0.4]]),
        max_utilisation=np.ones(servers + 1),
        is_spot=np.zeros(servers + 1, dtype=np.bool_),
    )
    server = [*range(servers), servers]
    hourly = [*price[kinds], 5.0]
    product = [BY_THE_HOUR] * (servers + 1)
    for index, kind in enumerate(reserved):
        on_it = np.flatnonzero(kinds == kind).tolist()
        server += on_it
        hourly += [0.0] * len(on_it)
        product += [index] * len(on_it)
    discount = random.uniform(0.2, 0.6, 5)
    rate = np.full((1, len(server)), np.nan)
    covered = random.random(servers) < 0.5
    rate[0, :servers][covered] = (price[kinds] * 0.8)[covered]
    problem = Problem(
        price_per_hour=np.array(hourly),
        server=np.array(server),
        upper=np.full(len(server), np.inf),
        group=np.zeros(len(server), dtype=np.int64),
        blocks=(block,),
    )
    quantities = QuantityProducts(
        product=np.array(product),
        keys=(),
        present_value=price[reserved] * (1 - discount[reserved]) * HORIZON,
    )
    spends = SpendProducts(tranches=(), present_value=np.array([HORIZON]), rate=rate)
    return problem, quantities, spends


def least(
    problem: Problem,
    quantities: QuantityProducts,
    spends: SpendProducts,
    useful: np.ndarray,
    changes: HourlyChanges | None = None,
) -> float:
    fewer = fewer_servers(problem.blocks, useful)
    kept = np.flatnonzero(useful[problem.server])
    solution = solve_hours(
        HourlyProblem(
            price_per_hour=problem.price_per_hour[kept],
            server=fewer.number[problem.server[kept]],
            upper=problem.upper[kept],
            quantity=quantities.product[kept],
            blocks=fewer.blocks,
            weight=np.array([0.6, 0.4]) * HORIZON,
            demand_factor=np.array([[0.5, 1.5]]),
            changes=None if changes is None else changes.only(kept),
            quantities=QuantityCommitments(
                cost=quantities.present_value,
                upper=np.full(len(quantities.present_value), np.inf),
            ),
            spends=SpendCommitments(
                cost=spends.present_value,
                upper=np.array([np.inf]),
                owned=np.zeros((1, 2)),
                rate=spends.rate[:, kept],
                other_usage=np.zeros((0, 2)),
                other_price=np.zeros(0),
                other_rate=np.zeros((1, 0)),
            ),
        ),
        gap=0.0,
        time_limit_seconds=20.0,
    )
    assert solution.costs is not None
    return solution.costs.objective


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_the_fewer_servers_cost_the_same_as_all(first: int) -> None:
    left_out = 0
    for seed in range(first, first + 10):
        problem, quantities, spends = random_case(seed)
        every = np.ones(len(problem.blocks[0].max_utilisation), dtype=np.bool_)
        kept = np.ones(problem.offer_count, dtype=np.bool_)
        useful = useful_servers(problem, problem.price_per_hour, quantities, spends, kept)
        left_out += int((~useful).sum())
        cost = least(problem, quantities, spends, every)
        assert least(problem, quantities, spends, useful) == pytest.approx(cost, rel=1e-6), seed
    assert left_out >= 10


def fleet_before(problem: Problem, seed: int) -> HourlyChanges:
    """Instances of the first type, which has two layouts, and of the third ran before."""
    random = np.random.default_rng(1000 + seed)
    of_server = np.array([0, 0, -1, -1, 1, -1, -1, -1])
    return HourlyChanges(
        kind=of_server[problem.server],
        running=random.uniform(0.2, 3, 2).round(1),
        start_cost=float(random.choice([0.0, 5.0, 40.0])),
        stop_cost=float(random.choice([0.0, 5.0, 40.0])),
    )


@pytest.mark.parametrize("first", range(0, 30, 5))
def test_the_fewer_servers_beside_a_fleet_cost_the_same_as_all(first: int) -> None:
    left_out = 0
    for seed in range(first, first + 5):
        problem, quantities, spends = random_case(seed)
        changes = fleet_before(problem, seed)
        every = np.ones(len(problem.blocks[0].max_utilisation), dtype=np.bool_)
        kept = np.ones(problem.offer_count, dtype=np.bool_)
        useful = useful_servers(problem, problem.price_per_hour, quantities, spends, kept, changes)
        assert useful[problem.server[changes.has_run]].all()
        left_out += int((~useful).sum())
        cost = least(problem, quantities, spends, every, changes)
        found = least(problem, quantities, spends, useful, changes)
        assert found == pytest.approx(cost, rel=1e-6), seed
    assert left_out >= 1
