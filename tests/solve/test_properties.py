"""Properties that hold for every mix, on cases that Hypothesis makes up."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.solve.mix import cheapest_mix
from costopt.solve.problem import LimitRow, Problem, ServingBlock
from costopt.solve.run import solve_problem

SAME = 1e-6
"""Relative difference up to which two proven optima count as equal."""

quick = settings(max_examples=60, deadline=None, derandomize=True)


@dataclass(frozen=True, kw_only=True)
class Case:
    demand: list[float]
    rates: list[list[float]]
    prices: list[float]
    quota: list[int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    types, buckets = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    number = st.integers(1, 40).map(lambda tenths: tenths / 10)
    rate = st.one_of(st.just(0.0), number)
    return Case(
        demand=draw(st.lists(number, min_size=buckets, max_size=buckets)),
        rates=draw(
            st.lists(
                st.lists(rate, min_size=buckets, max_size=buckets), min_size=types, max_size=types
            )
        ),
        prices=draw(st.lists(number, min_size=types, max_size=types)),
        quota=draw(st.lists(st.integers(0, 6), min_size=types, max_size=types)),
    )


def cost(case: Case) -> float:
    """Cost of the cheapest mix; ``inf`` when there is none."""
    mix = cheapest_mix(case.demand, case.rates, case.prices, quota=case.quota, gap=0.0)
    return np.inf if mix.cost is None else mix.cost


@quick
@given(cases(), st.data())
def test_a_cheaper_price_never_raises_the_optimum(case: Case, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(case.prices) - 1))
    prices = list(case.prices)
    prices[position] *= 0.5
    assert cost(replace(case, prices=prices)) <= cost(case) * (1 + SAME)


@quick
@given(cases(), st.data())
def test_more_quota_never_raises_the_optimum(case: Case, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(case.quota) - 1))
    quota = list(case.quota)
    quota[position] += 1
    assert cost(replace(case, quota=quota)) <= cost(case) * (1 + SAME)


@quick
@given(cases())
def test_more_demand_never_lowers_the_optimum(case: Case) -> None:
    more = [rate * 1.3 for rate in case.demand]
    assert cost(replace(case, demand=more)) >= cost(case) * (1 - SAME)


@quick
@given(cases(), st.sampled_from([1e-6, 0.3, 7.0, 1e6]))
def test_scaling_all_prices_scales_the_cost(case: Case, factor: float) -> None:
    scaled = replace(case, prices=[price * factor for price in case.prices])
    assert cost(scaled) == pytest.approx(cost(case) * factor, rel=SAME)


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_types_and_buckets_does_not_change_the_cost(
    case: Case, random: Random
) -> None:
    types, buckets = list(range(len(case.prices))), list(range(len(case.demand)))
    random.shuffle(types)
    random.shuffle(buckets)
    shuffled = Case(
        demand=[case.demand[bucket] for bucket in buckets],
        rates=[[case.rates[kind][bucket] for bucket in buckets] for kind in types],
        prices=[case.prices[kind] for kind in types],
        quota=[case.quota[kind] for kind in types],
    )
    assert cost(shuffled) == pytest.approx(cost(case), rel=SAME)


@quick
@given(cases())
def test_every_bucket_is_served_whole_within_capacity(case: Case) -> None:
    mix = cheapest_mix(case.demand, case.rates, case.prices, quota=case.quota)
    if mix.cost is None:
        assert mix.counts.sum() == 0
        return
    rates = np.array(case.rates)
    assert mix.shares.sum(axis=0) == pytest.approx(1)
    busy = np.divide(mix.shares * case.demand, rates, out=np.zeros_like(rates), where=rates > 0)
    assert (busy.sum(axis=1) <= mix.counts * (1 + SAME)).all()
    assert mix.cost == pytest.approx(mix.counts @ np.array(case.prices))


@quick
@given(cases(), st.sampled_from(["row", "budget", "types", "spot"]))
def test_dropping_a_limit_never_raises_the_optimum(case: Case, limit: str) -> None:
    kinds = len(case.prices)
    block = ServingBlock(
        demand=np.array(case.demand),
        rates=np.array(case.rates),
        max_utilisation=np.ones(kinds),
        is_spot=np.arange(kinds) % 2 == 1,
        max_spot_fraction=0.5,
    )
    row = LimitRow(name="quota", offer_coefficients=np.arange(1.0, kinds + 1), upper=9.0)
    limited = Problem(
        price_per_hour=np.array(case.prices),
        server=np.arange(kinds),
        upper=np.array(case.quota, dtype=float),
        group=np.arange(kinds),
        blocks=(block,),
        rows=(row,),
        budget_per_hour=25.0,
        max_groups=2,
    )
    relaxed = {
        "row": replace(limited, rows=()),
        "budget": replace(limited, budget_per_hour=None),
        "types": replace(limited, max_groups=None),
        "spot": replace(limited, blocks=(replace(block, max_spot_fraction=1.0),)),
    }[limit]
    with_limit = solve_problem(limited, gap=0.0).cost
    if with_limit is not None:
        without = solve_problem(relaxed, gap=0.0).cost
        assert without is not None
        assert without <= with_limit * (1 + SAME)
