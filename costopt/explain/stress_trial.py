"""A plan put on trial: other rates, demand, prices and lost pools, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.field import Field, OfferMatch, Other, any_of, lines_of
from costopt.explain.standing import Standing, pool_lost, standing_at
from costopt.explain.stress_cases import (
    Case,
    demand_counts,
    stressed_candidates,
    stressed_request,
)
from costopt.explain.stress_record import FirstBreak, StressRow
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.found import Found
from costopt.planning.over_time_budgets import least_budget
from costopt.planning.tries import Tries

RATES: Final = (0.9, 0.8, 0.67)
"""True over planned rates that are tried. Source: a planning choice; arXiv 2604.07472 stresses
allocations by parameters inflated up to 1.5 times, which is a third less throughput."""

DEMANDS: Final = (1.1, 1.2, 1.5)
"""Demands over what was asked for that are tried. Source: as above."""

PRICES: Final = (0.8, 1.2)
"""Prices over today's of what the plan rents that are tried. Source: a planning choice."""

MOST_POOLS: Final = 3
"""Spot pools whose loss is tried, the costliest first."""

CLOSE: Final = 1e-2
"""Step of a factor at which the search for the first break ends [1]."""

TIME_LIMIT_SECONDS: Final = 10.0
"""Time for planning all cases again; those that are left are not [s]."""

SEARCH_SECONDS: Final = 2.0
"""Time for planning again in one case [s]."""

LOOSE_GAP: Final = 5e-3
"""Gap at which planning again may stop [0..1]."""


class StressTrial:
    """One plan and what it is planned again with.

    Attributes:
        plan: with lines.
        catalog: what it was made from.
        workloads: its candidates.
        rented: the catalogue with the offers of the plan alone, which is fast to look up.
        tried: how the plan stands at other rates and demands, by kind and factor.
        tries: plans again while there is time.
    """

    def __init__(self, plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> None:
        self.plan, self.catalog, self.workloads = plan, catalog, workloads
        self.rented = _rented(plan, catalog)
        self.tried: dict[str, dict[float, Standing]] = {"throughput": {}, "demand": {}}
        self.tries = Tries(
            catalog=catalog,
            ends_at=perf_counter() + TIME_LIMIT_SECONDS,
            seconds=SEARCH_SECONDS,
            gap=LOOSE_GAP,
        )

    def of_rates(self) -> Iterator[StressRow]:
        """Yield the cases of slower instances."""
        for factor in RATES:
            yield self._row("throughput", factor, *self._both("throughput", factor))

    def of_demand(self) -> Iterator[StressRow]:
        """Yield the cases of more demand, or more work; none where no workload has any."""
        if not any(demand_counts(workload) for workload in self.plan.request.workloads):
            return
        for factor in DEMANDS:
            yield self._row("demand", factor, *self._both("demand", factor))

    def of_prices(self) -> Iterator[StressRow]:
        """Yield the cases of other prices of what is rented; all else at today's prices."""
        bought = [line for line in self.plan.lines if not line.is_owned]
        offers = dict.fromkeys(line.offer for line in bought)
        matches = [OfferMatch(values=tuple(offer.model_dump().items())) for offer in offers]
        if not matches:
            return
        field = Field(plan=self.plan, workloads=self.workloads, catalog=self.catalog)
        total, standing = self.plan.cost_total or 0.0, self._at("demand", 1.0)
        paid = sum(line.line_cost_total for line in bought)
        for factor in PRICES:
            other = None
            if not self.tries.is_out_of_time:
                found = field.at_prices(
                    [
                        (factor - 1) * _hourly(item) * any_of(matches, item.candidates.offers)
                        for item in self.workloads
                    ]
                )
                other = self._other(found, at_prices=True)
            cost = total + (factor - 1) * paid
            broken = tuple(self._over_budget(cost))
            yield self._row(
                "price", factor, replace(standing, broken=broken, cost_total=cost), other
            )

    def of_pools(self) -> Iterator[StressRow]:
        """Yield the loss of each spot pool, the costliest first."""
        cost: dict[str, float] = {}
        for line in self.plan.lines:
            if line.is_spot:
                cost[line.pool] = cost.get(line.pool, 0.0) + line.line_cost_total
        for pool in sorted(cost, key=lambda name: -cost[name])[:MOST_POOLS]:
            yield self._row("pool", 0.0, self._lost(pool), self._without(pool), name=pool)

    def _lost(self, pool: str) -> Standing:
        return pool_lost(self.plan, pool)

    def _without(self, pool: str) -> Other | None:
        """Plan again without a spot pool; None where there is no time for it."""
        if self.tries.is_out_of_time:
            return None
        field = Field(plan=self.plan, workloads=self.workloads, catalog=self.catalog)
        return self._other(field.without(self._match_of(pool)))

    def _match_of(self, pool: str) -> OfferMatch:
        """Return the offers of a spot pool."""
        line = next(one for one in self.plan.lines if one.is_spot and one.pool == pool)
        names = ("provider", "region", "zone", "instance_type", "purchase_option")
        return OfferMatch(values=tuple((name, getattr(line.offer, name)) for name in names))

    def _other(self, found: Found, *, at_prices: bool = False) -> Other:
        """Sum up what planning again came to; at other prices by what the search counted."""
        field = Field(plan=self.plan, workloads=self.workloads, catalog=self.catalog)
        lines = tuple(lines_of(found))
        cost = field.spent(lines)
        if at_prices:
            cost = (found.solution.cost or 0.0) * self.plan.horizon_hours
        return Other(lines=lines, cost_total=cost, status=found.status(LOOSE_GAP))

    def first_breaks(self) -> Iterator[FirstBreak]:
        """Yield the smallest change of rates, and of demand, at which the plan breaks a limit."""
        yield from self._first("throughput", RATES)
        if any(demand_counts(workload) for workload in self.plan.request.workloads):
            yield from self._first("demand", DEMANDS)

    def _first(self, kind: str, factors: Sequence[float]) -> Iterator[FirstBreak]:
        """Yield where a limit breaks, and where instances first hold more than is planned."""
        breaking = self._edge(kind, factors, lambda standing: bool(standing.broken))
        overfull = self._edge(
            kind, factors, lambda standing: bool(standing.broken) or standing.is_overfull
        )
        if overfull is None:
            return
        earlier = breaking is None or breaking[0] != overfull[0]
        yield FirstBreak(
            kind=kind,
            factor=None if breaking is None else breaking[0],
            text="" if breaking is None else breaking[1].broken[0],
            overfull_factor=overfull[0] if earlier else None,
        )

    def _edge(
        self, kind: str, factors: Sequence[float], is_beyond: Callable[[Standing], bool]
    ) -> tuple[float, Standing] | None:
        """Return the nearest factor from which something is so; None where nowhere."""
        within = 1.0
        for beyond in factors:
            if is_beyond(self._at(kind, beyond)):
                break
            within = beyond
        else:
            return None
        while abs(beyond - within) > CLOSE:
            middle = (beyond + within) / 2
            if is_beyond(self._at(kind, middle)):
                beyond = middle
            else:
                within = middle
        return beyond, self._at(kind, beyond)

    def _at(self, kind: str, factor: float) -> Standing:
        """Work out how the plan stands, once for each factor."""
        if factor not in self.tried[kind]:
            self.tried[kind][factor] = self._standing(case_of(kind, factor))
        return self.tried[kind][factor]

    def _standing(self, case: Case) -> Standing:
        return standing_at(self.plan, case, self.rented)

    def _both(self, kind: str, factor: float) -> tuple[Standing, Other | None]:
        """Return how the plan stands, and, where something breaks, what is cheapest then."""
        standing, case = self._at(kind, factor), case_of(kind, factor)
        holds = not standing.broken and not standing.is_overfull
        if holds or self.tries.is_out_of_time:
            return standing, None
        request = stressed_request(self.plan.request, case)
        candidates = None
        if case.rate_factor == 1.0:
            candidates = stressed_candidates(self.workloads, request)
        found = self.tries.searched(candidates or self.tries.workloads(request), request)
        return standing, self._other(found)

    def _over_budget(self, cost: float) -> Iterator[str]:
        budget = least_budget(self.plan.request)
        if budget is not None and cost > budget:
            yield f"cost {cost:,.2f} exceeds the budget of {budget:,.2f}"

    def _row(
        self,
        kind: str,
        factor: float,
        standing: Standing,
        other: Other | None,
        *,
        name: str = "",
    ) -> StressRow:
        """Write one case down."""
        proven = other is not None and other.status in (
            PlanStatus.OPTIMAL_WITHIN_GAP,
            PlanStatus.INFEASIBLE,
        )
        return StressRow(
            kind=kind,
            factor=factor,
            name=name,
            broken=standing.broken,
            is_overfull=standing.is_overfull,
            utilisation=standing.utilisation,
            served_fraction=standing.served_fraction,
            ttft_ms=standing.ttft_ms,
            tpot_ms=standing.tpot_ms,
            duration_hours=standing.duration_hours,
            cost_total=standing.cost_total,
            mended_cost_total=None if other is None or not other.lines else other.cost_total,
            mended_lines=() if other is None else other.lines,
            is_proven=proven,
        )


def case_of(kind: str, factor: float) -> Case:
    """Write a factor on the rates, or on the demand, as a case.

    Args:
        kind: throughput or demand.
        factor: true over planned [1].
    """
    return Case(rate_factor=factor) if kind == "throughput" else Case(demand_factor=factor)


def _rented(plan: Plan, catalog: Catalog) -> Catalog:
    """Return the catalogue with the offers of the plan alone."""
    matches = {
        line.offer: OfferMatch(values=tuple(line.offer.model_dump().items()))
        for line in plan.lines
    }
    return catalog.with_offers(catalog.offers[any_of(matches.values(), catalog.offers)])


def _hourly(item: NamedWorkload) -> NDArray[np.float64]:
    """Price of one instance of each offer by the hour (offers,) [plan currency/h]."""
    offers = item.candidates.offers
    rate = offers["effective_per_hour"] * offers["exchange_rate"]
    return rate.to_numpy(dtype=np.float64)
