"""Plans that promise what spot losses leave, against exhaustive search without any program."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from math import comb, exp, lgamma, log

import numpy as np
import pytest
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.plan.plan import Plan
from costopt.planning.configurations import LEAST_FALL
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

Priced = Callable[[Mapping[str, float]], Catalog]
Floats = NDArray[np.float64]

KINDS = ("g4dn.xlarge", "g6.xlarge")
REGIONS = ("us-east-1", "us-west-2")
POOLS = tuple(product(REGIONS, KINDS))
MOST = 5
"""Instances of one offer that the search tries; demands are drawn so that fewer are needed."""

AVAILABLE = {("us-east-1", "g4dn.xlarge"): 0.93}
"""Share of time that a pool is there, as the catalogue below is told; of the others 0.85."""
SELDOM_AVAILABLE = 0.85
CORRELATION = 0.2
"""Low, so that spare instances of a pool are of use."""


@pytest.fixture(scope="module")
def priced_pools(bundled: Catalog) -> Priced:
    """Two types in two regions, at prices [USD/h] by ``region/type/option``."""
    found = bundled.filter(
        providers=["aws"],
        regions=REGIONS,
        instance_types=KINDS,
        purchase_options=["on_demand", "spot"],
    )
    assert len(found) == 8
    tables = {name: found.table(name) for name in set(TABLES) - DATED_MATERIAL}
    rare = tables["interruption_defaults"]["availability_fraction"] < 0.7
    tables["interruption_defaults"] = tables["interruption_defaults"].assign(
        availability_fraction=np.where(rare, SELDOM_AVAILABLE, 0.93), pool_correlation=CORRELATION
    )
    found = Catalog(tables, place="pools")

    def with_prices(prices: Mapping[str, float]) -> Catalog:
        return found.with_prices(prices_per_hour={f"aws/{k}": v for k, v in prices.items()})

    return with_prices


class Case:
    """Prices, rates and a demand drawn at random."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.spot = dict(zip(POOLS, draw.choice([0.2, 0.22, 0.25, 0.3, 0.4], 4), strict=True))
        self.firm = dict(zip(KINDS, draw.choice([0.9, 1.3, 1.6], 2), strict=True))
        self.rates = dict(zip(KINDS, draw.choice([3.0, 5.0, 7.0], 2).tolist(), strict=True))
        self.demand = float(draw.choice([6.0, 8.5, 11.0, 14.0]))
        self.draw = draw

    def plan(self, priced: Priced, limits: Limits) -> Plan:
        prices = {f"{r}/{k}/spot": float(price) for (r, k), price in self.spot.items()}
        prices |= {f"{r}/{k}/on_demand": float(self.firm[k]) for r, k in POOLS}
        asked = Requirement(demand_per_second=self.demand, throughput_per_second=self.rates)
        return optimize(asked, priced(prices), limits=limits, gap=0.0).require()


def cheapest_after_losses(
    case: Case, losses: int, left: float, groups: Sequence[int], least: int
) -> float:
    """Cost of the best counts whose spot carries no more than any losses may take.

    With the capacities given, shares cut off at one level are the most that can be carried: a
    part moved from a larger group to a smaller one with room raises no sum of the largest.
    """
    counts = np.indices([MOST + 1] * 4).reshape(4, -1)
    rates = np.array([case.rates[kind] for _, kind in POOLS])
    capacity = counts * rates[:, None] / case.demand
    by_group = np.stack(
        [capacity[[g == group for g in groups]].sum(axis=0) for group in sorted(set(groups))]
    )
    carried = np.zeros(counts.shape[1])
    for level in np.linspace(0, 1, 1201):
        cut = np.minimum(by_group, level)
        largest = -np.sort(-cut, axis=0)[:losses].sum(axis=0)
        fits = largest <= 1 - left + 1e-9
        carried = np.where(fits, np.maximum(carried, cut.sum(axis=0)), carried)
    in_use = (by_group > 0).sum(axis=0)
    allowed = (in_use == 0) | (in_use >= least)
    cost = np.array(list(case.spot.values())) @ counts
    firm = np.indices([MOST + 1] * 2).reshape(2, -1)
    served = np.array(list(case.rates.values())) @ firm / case.demand
    firm_cost = np.array(list(case.firm.values())) @ firm
    best = np.inf
    for part, price in zip(served, firm_cost, strict=True):
        fits = allowed & (np.minimum(carried, 1) + part >= 1 - 1e-9)
        best = min(best, float((cost[fits] + price).min(initial=np.inf)))
    return best


def left_of(plan: Plan, losses: int, by_region: bool) -> float:
    """Smallest share served after the loss of any set of groups, by trying every set."""
    spot = [line for line in plan.lines if line.is_spot]
    places = {(line.offer.region, "" if by_region else line.offer.instance_type) for line in spot}
    lefts = [
        sum(
            line.share
            for line in plan.lines
            if not line.is_spot
            or (line.offer.region, "" if by_region else line.offer.instance_type) not in lost
        )
        for lost in combinations(places, min(losses, len(places)))
    ]
    return min(lefts)


@pytest.mark.parametrize("seed", range(24))
def test_a_plan_that_survives_losses_costs_what_exhaustive_search_finds(
    seed: int, priced_pools: Priced
) -> None:
    case = Case(seed)
    losses = int(case.draw.integers(1, 4))
    left = float(case.draw.choice([0.3, 0.5, 0.6, 0.75]))
    least = int(case.draw.integers(1, 5)) if case.draw.random() < 0.5 else None
    by_region = bool(case.draw.random() < 0.3)
    if by_region:
        least = None
    limits = Limits(
        survive_pool_losses=losses,
        served_after_loss=left,
        failure_group="region" if by_region else "pool",
        min_pools=least,
    )
    plan = case.plan(priced_pools, limits)
    groups = [0, 0, 1, 1] if by_region else [0, 1, 2, 3]
    best = cheapest_after_losses(case, losses, left, groups, least or 0)
    assert plan.cost_per_hour == pytest.approx(best, rel=1e-6)
    after = left_of(plan, losses, by_region)
    assert after >= left - 1e-6
    (outcome,) = plan.outcomes
    assert outcome.served_after_losses == pytest.approx(after, abs=1e-6)


def chance_there(available: float, rented: int, needed: int) -> float:
    """P(at least so many are there), from beta functions."""
    ratio = (1 - CORRELATION) / CORRELATION
    first, second = available * ratio, (1 - available) * ratio

    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return sum(
        comb(rented, i) * exp(log_beta(i + first, rented - i + second) - log_beta(first, second))
        for i in range(needed, rented + 1)
    )


def cheapest_available(case: Case, most_weight: float, quota: int) -> float:
    """Cost of the best numbers rented and counted on per pool whose weights stay below a sum."""
    ways = []
    for pool in POOLS:
        available = AVAILABLE.get(pool, SELDOM_AVAILABLE)
        found = [(0, 0, 0.0)]
        for counted in range(1, MOST + 1):
            for rented in range(counted, quota + 1):
                weight = -log(chance_there(available, rented, counted))
                if weight <= most_weight + 1e-12:
                    found.append((counted, rented, weight))
        table = np.array(found)
        ways.append(
            np.stack(
                [table[:, 0] * case.rates[pool[1]], table[:, 1] * case.spot[pool], table[:, 2]]
            )
        )
    firm = np.indices([MOST + 1] * 2).reshape(2, -1)
    total = np.stack(
        [
            np.array(list(case.rates.values())) @ firm,
            np.array(list(case.firm.values())) @ firm,
            np.zeros(firm.shape[1]),
        ]
    )
    for way in ways:
        total = (total[:, :, None] + way[:, None, :]).reshape(3, -1)
        total = total[:, (total[2] <= most_weight + 1e-12) & (total[1] <= MOST)]
    served = total[0] >= case.demand * (1 - 1e-9)
    return float(total[1][served].min())


@pytest.mark.parametrize("seed", range(16))
def test_an_available_plan_costs_what_exhaustive_search_finds(
    seed: int, priced_pools: Priced
) -> None:
    case = Case(100 + seed)
    promised = float(case.draw.choice([0.6, 0.7, 0.8, 0.85, 0.9, 0.95]))
    quota = int(case.draw.choice([2, 3, 10]))
    by_pool = {f"aws/{region}/{kind}/spot": quota for region, kind in POOLS}
    plan = case.plan(priced_pools, Limits(availability=promised, quota=by_pool))
    cost = plan.cost_per_hour or 0.0
    assert cost >= cheapest_available(case, -log(promised), quota) * (1 - 1e-6)
    a_little_more = -log(promised) * (1 - LEAST_FALL)
    assert cost <= cheapest_available(case, a_little_more, quota) * (1 + 1e-6)
    assert chance_of(plan, case) >= promised - 1e-6
    (outcome,) = plan.outcomes
    assert outcome.availability == pytest.approx(chance_of(plan, case))


def chance_of(plan: Plan, case: Case) -> float:
    """P(every pool carries what is routed to it), over all outcomes of all pools together."""
    capacity = np.ones(1)
    for line in (line for line in plan.lines if line.is_spot):
        pool = (line.offer.region, line.offer.instance_type)
        available = AVAILABLE.get(pool, SELDOM_AVAILABLE)
        needed = line.share * case.demand / case.rates[pool[1]]
        tails = [chance_there(available, line.count, i) for i in range(line.count + 1)] + [0.0]
        enough = [i >= needed - 1e-6 for i in range(line.count + 1)]
        capacity = np.convolve(capacity, (-np.diff(tails))[enough])
    return float(capacity.sum())
