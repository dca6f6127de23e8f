"""Plans for a demand equal an exhaustive search over counts, which shares nothing with costopt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

Priced = Callable[[Mapping[str, float]], Catalog]
OWN_TYPES = ("g4dn.xlarge", "g5.xlarge", "g6.xlarge")
OPTIONS = ("on_demand", "spot")
MOST = 6
"""Instances of one offer that the search tries; demands are drawn so that fewer are needed."""


@dataclass(frozen=True)
class Case:
    """One small question with prices, rates and limits drawn at random."""

    prices: dict[str, float]
    rates: dict[str, float]
    demand: float
    utilisation: float
    spot_share: float
    quota: dict[str, int]
    most_types: int | None
    budget: float | None

    @classmethod
    def drawn(cls, seed: int) -> "Case":
        draw = np.random.default_rng(seed)
        firm = draw.choice([0.5, 0.8, 1.0, 1.3, 2.1], 3)
        cheap = firm * draw.choice([0.3, 0.6, 0.9], 3)
        names = [f"{kind}/{option}" for option in OPTIONS for kind in OWN_TYPES]
        prices = dict(zip(names, [*firm.tolist(), *cheap.tolist()], strict=True))
        quota = {kind: int(draw.integers(1, 4)) for kind in OWN_TYPES if draw.random() < 0.4}
        return cls(
            prices=prices,
            rates=dict(zip(OWN_TYPES, draw.choice([3.0, 5.0, 7.0, 11.0], 3), strict=True)),
            demand=float(draw.choice([2.0, 8.0, 13.0, 17.5])),
            utilisation=float(draw.choice([0.8, 1.0])),
            spot_share=float(draw.choice([0.0, 0.25, 0.5, 1.0])),
            quota=quota,
            most_types=int(draw.integers(1, 3)) if draw.random() < 0.4 else None,
            budget=float(draw.choice([0.8, 1.5, 3.0])) * 730 if draw.random() < 0.4 else None,
        )

    def cheapest(self) -> float | None:
        """Cost per hour of the best of all counts, or None where none will do."""
        grid = np.indices([MOST + 1] * 6).reshape(6, -1)
        names = list(self.prices)
        kinds = [name.split("/")[0] for name in names]
        capacity = self.utilisation * np.array([self.rates[kind] for kind in kinds])[:, None]
        firm, spot = ((grid * capacity)[rows].sum(axis=0) for rows in (slice(0, 3), slice(3, 6)))
        served = firm + np.minimum(spot, self.spot_share * self.demand)
        good = served >= self.demand * (1 - 1e-9)
        if not self.spot_share:
            good &= ~grid[3:].any(axis=0)
        by_kind = grid[:3] + grid[3:]
        for row, kind in enumerate(OWN_TYPES):
            good &= by_kind[row] <= self.quota.get(kind, 2 * MOST)
        if self.most_types is not None:
            good &= (by_kind > 0).sum(axis=0) <= self.most_types
        cost = np.array(list(self.prices.values())) @ grid
        if self.budget is not None:
            good &= cost * 730 <= self.budget * (1 + 1e-9)
        return float(cost[good].min()) if good.any() else None


@cache
def answered(seed: int) -> tuple[Case, float | None]:
    """Return a case and what exhaustive search makes of it."""
    case = Case.drawn(seed)
    return case, case.cheapest()


@pytest.mark.parametrize("seed", range(32))
def test_a_demand_at_own_rates_costs_what_exhaustive_search_finds(
    seed: int, priced: Priced
) -> None:
    case, best = answered(seed)
    plan = optimize(
        Requirement(
            demand_per_second=case.demand,
            throughput_per_second=case.rates,
            max_utilisation=case.utilisation,
        ),
        priced(case.prices),
        limits=Limits(
            max_spot_fraction=case.spot_share,
            quota=case.quota or None,
            max_distinct_types=case.most_types,
            budget=case.budget,
        ),
        gap=0.0,
    )
    if best is None:
        assert plan.status is PlanStatus.INFEASIBLE
        assert plan.unanswered_because
    else:
        assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
        assert plan.cost_per_hour == pytest.approx(best, rel=1e-9)
        assert plan.bound == pytest.approx(best, rel=1e-6)


def test_the_drawn_cases_are_of_both_kinds() -> None:
    found = [answered(seed)[1] for seed in range(32)]
    assert sum(cost is None for cost in found) >= 4
    assert sum(cost is not None for cost in found) >= 20
