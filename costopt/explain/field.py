"""Field: a plan's problem, solved again at other prices or without some offers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.plan.plan import Plan
from costopt.planning.assemble import AssembledProblem, assemble, forbidding_row
from costopt.planning.search import shared_limits
from costopt.solve.problem import Problem
from costopt.solve.run import solve_problem
from costopt.solve.solution import Solution

Floats = NDArray[np.float64]

SEARCH_GAP: Final = 1e-3
"""Relative distance to the bound at which the search for a switch point stops."""

TIME_LIMIT_SECONDS: Final = 2.0
"""Time for one of these solves [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMatch:
    """Columns of the offers table and the values that an offer must have there."""

    values: tuple[tuple[str, str], ...]

    def rows(self, offers: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which offers match."""
        mask = np.ones(len(offers), dtype=np.bool_)
        for column, value in self.values:
            mask &= (offers[column] == value).to_numpy(dtype=np.bool_)
        return mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """The columns of the problem that one offer of the catalogue is bought through.

    Attributes:
        offers: instance-hours that one count of a program offer buys; 0 elsewhere (offers,).
        choices: instance-hours per hour of the horizon that an alternative buys, for each choice
            (alternatives,).
        price_per_hour: of one instance [plan currency/h].
        name: what to call the offer.
    """

    offers: Floats
    choices: tuple[Floats, ...]
    price_per_hour: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A plan, its problem, and how to plan again at other prices.

    Attributes:
        plan: the plan.
        workloads: with their candidates.
        assembled: their problem.
        cost: of the plan [plan currency/h of the horizon].
    """

    plan: Plan
    workloads: Sequence[NamedWorkload]
    assembled: AssembledProblem
    cost: float

    @classmethod
    def of(cls, plan: Plan, workloads: Sequence[NamedWorkload]) -> "Field":
        """Assemble the problem of a plan again.

        Args:
            plan: with lines.
            workloads: with their candidates.
        """
        return cls(
            plan=plan,
            workloads=workloads,
            assembled=assemble(workloads, shared_limits(plan.request)),
            cost=(plan.cost_total or 0.0) / plan.horizon_hours,
        )

    @property
    def problem(self) -> Problem:
        """The plan's problem at today's prices."""
        return self.assembled.problem

    def solved(self, problem: Problem) -> Solution:
        """Plan again, a little less exactly."""
        return solve_problem(problem, gap=SEARCH_GAP, time_limit_seconds=TIME_LIMIT_SECONDS)

    def columns(self, wanted: OfferMatch, price_per_hour: float, name: str) -> Priced:
        """Find the columns through which the matching offers are bought."""
        horizon = self.plan.horizon_hours
        offers = [np.zeros(0)]
        choices = []
        services = 0
        for item in self.workloads:
            rows = wanted.rows(item.candidates.offers)
            if isinstance(item.candidates, ServiceCandidates):
                offers.append(rows[self.assembled.services[services].offer].astype(np.float64))
                services += 1
            else:
                gangs = item.candidates.gangs
                firm = rows[gangs.offer] * (gangs.nodes - gangs.spot_nodes) * gangs.firm_hours
                spot = rows[np.maximum(gangs.spot_offer, 0)] * gangs.spot_nodes * gangs.spot_hours
                choices.append((firm + np.where(gangs.spot_offer >= 0, spot, 0.0)) / horizon)
        return Priced(
            offers=np.concatenate(offers),
            choices=tuple(choices),
            price_per_hour=price_per_hour,
            name=name,
        )

    def at_price(self, priced: Priced, price_per_hour: float) -> Problem:
        """Return the problem with another price for some columns."""
        change = price_per_hour - priced.price_per_hour
        problem = self.problem
        return replace(
            problem,
            price_per_hour=np.maximum(problem.price_per_hour + change * priced.offers, 0.0),
            choices=tuple(
                replace(choice, cost=np.maximum(choice.cost + change * hours, 0.0))
                for choice, hours in zip(problem.choices, priced.choices, strict=True)
            ),
        )

    def names(self, solution: Solution) -> str:
        """Name the costliest instance types of a solution, at most two."""
        costs: dict[str, float] = {}
        for name, cost in self._bought(solution):
            costs[name] = costs.get(name, 0.0) + cost
        ranked = sorted(costs, key=lambda name: -costs[name])
        more = f" and {len(ranked) - 2} more" if len(ranked) > 2 else ""
        return " + ".join(ranked[:2]) + more

    def _bought(self, solution: Solution) -> Iterator[tuple[str, float]]:
        """Yield each instance type that a solution rents, and its cost."""
        services = jobs = 0
        for item in self.workloads:
            names = item.candidates.offers["instance_type"].to_numpy(dtype=object)
            if isinstance(item.candidates, ServiceCandidates):
                columns = self.assembled.services[services]
                counts = solution.counts[columns.first : columns.first + len(columns.offer)]
                for position in np.flatnonzero(counts):
                    price = self.problem.price_per_hour[columns.first + position]
                    yield names[columns.offer[position]], float(price * counts[position])
                services += 1
            else:
                chosen = solution.chosen[jobs]
                offer = item.candidates.gangs.offer[chosen]
                yield names[offer], float(self.problem.choices[jobs].cost[chosen])
                jobs += 1

    def without(self, match: OfferMatch) -> Problem:
        """Return the problem in which the matching offers may not be used."""
        row = forbidding_row(self.workloads, self.assembled, match.rows)
        return replace(self.problem, rows=(*self.problem.rows, row))


def usage(priced: Priced, solution: Solution) -> float:
    """Instance-hours per hour of the horizon that a solution buys through some columns."""
    bought = float(priced.offers @ solution.counts) if len(priced.offers) else 0.0
    for hours, chosen in zip(priced.choices, solution.chosen, strict=True):
        bought += float(hours[chosen])
    return bought
