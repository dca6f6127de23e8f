"""Field: a plan's question, asked again at other prices or without some offers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.change import change_of
from costopt.explain.other_rates import gangs_at
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.plan.status import PlanStatus
from costopt.planning.assemble import assemble
from costopt.planning.forced import has_offers, with_one_of
from costopt.planning.found import Found
from costopt.planning.search import Forbidden, search, shared_limits
from costopt.planning.solving import Solver

Floats = NDArray[np.float64]

TIME_LIMIT_SECONDS: Final = 2.0
"""Time for one of these searches [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMatch:
    """Offers that agree in some of the columns that name an offer.

    Attributes:
        values: column -> what it must hold; None where an offer has no term.
    """

    values: tuple[tuple[str, str | float | None], ...]

    def rows(self, offers: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of an offers table match."""
        mask = np.ones(len(offers), dtype=np.bool_)
        for column, value in self.values:
            held = offers[column]
            mask &= (held.isna() if value is None else held == value).to_numpy(dtype=np.bool_)
        return mask

    def holds(self, line: PlanLine) -> bool:
        """Return whether the offer of a line matches."""
        return all(getattr(line.offer, column) == value for column, value in self.values)

    def hours_rented(self, lines: Sequence[PlanLine], horizon_hours: float) -> float:
        """Instance-hours per hour of the horizon that lines buy of these offers."""
        bought = sum(
            count * line.hours
            for line, count in zip(lines, rented(lines), strict=True)
            if self.holds(line) and not line.is_owned
        )
        return bought / horizon_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another plan for the same question.

    Attributes:
        lines: of it; empty where there is none.
        cost_total: over the horizon, or until the jobs are done, with what it takes to get there
            from what runs; 0 without lines [plan currency].
        status: what the search came to.
    """

    lines: tuple[PlanLine, ...]
    cost_total: float
    status: PlanStatus


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A plan and what it was made from, to plan again with a change.

    Attributes:
        plan: with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """

    plan: Plan
    workloads: Sequence[NamedWorkload]
    catalog: Catalog

    @property
    def cost(self) -> float:
        """Cost of the plan and of getting to it [plan currency/h of the horizon]."""
        spent = (self.plan.cost_total or 0.0) + self.plan.switching_cost
        return spent / self.plan.horizon_hours

    def without(self, *matches: OfferMatch) -> Found:
        """Plan again without the offers that match any of these."""

        def forbidden(offers: pd.DataFrame) -> NDArray[np.bool_]:
            return any_of(matches, offers)

        return self._searched(self.workloads, forbidden)

    def other(self, matches: Sequence[OfferMatch]) -> Other:
        """Plan again without the offers that match any of these, and say what that costs."""
        found = self.without(*matches)
        lines = tuple(lines_of(found))
        return Other(
            lines=lines,
            cost_total=self.spent(lines),
            status=found.status(self.plan.request.gap),
        )

    def spent(self, lines: Sequence[PlanLine]) -> float:
        """Cost of lines and of getting to them from what runs [plan currency]."""
        change = change_of(self.plan.request, lines, self.catalog)
        way = 0.0 if change is None else change.switching_cost
        return sum(line.line_cost_total for line in lines) + way

    def only(self, match: OfferMatch) -> Found:
        """Plan again on the matching offers alone."""
        return self._searched(self.workloads, lambda offers: ~match.rows(offers))

    def with_one(self, match: OfferMatch) -> Found | None:
        """Plan again with at least one instance of the matching offers; None where none fits.

        A job is one gang, so that its gangs are those with such an instance. With several
        workloads any one of them may be the one that rents it.
        """
        tried = [self._service_with_one(match), *self._jobs_with_one(match)]
        answers = [found for found in tried if found is not None and found.operated]
        return min(answers, key=lambda found: found.solution.cost or 0.0, default=None)

    def at_prices(self, changes_per_hour: Sequence[Floats]) -> Found:
        """Plan again with other prices.

        Args:
            changes_per_hour: for each workload, what is added to the price of one instance of
                each of its offers (offers,) [plan currency/h].
        """
        horizon = self.plan.horizon_hours
        changed = [
            _repriced(item, change, horizon)
            for item, change in zip(self.workloads, changes_per_hour, strict=True)
        ]
        return self._searched(changed, None)

    def at_price(self, match: OfferMatch, change_per_hour: float) -> Found:
        """Plan again with other prices.

        Args:
            match: offers whose price changes.
            change_per_hour: added to the price of one instance [plan currency/h].
        """
        return self.at_prices(
            [
                np.where(match.rows(item.candidates.offers), change_per_hour, 0.0)
                for item in self.workloads
            ]
        )

    def _service_with_one(self, match: OfferMatch) -> Found | None:
        """Plan with an instance of the offers in a service; None where no service can use one."""
        assembled = assemble(self.workloads, shared_limits(self.plan.request))
        if not has_offers(self.workloads, assembled, match.rows):
            return None
        return self._searched(self.workloads, None, with_one_of(match.rows))

    def _jobs_with_one(self, match: OfferMatch) -> Iterator[Found]:
        """Plan with an instance of the offers in each job that can use one."""
        for position, item in enumerate(self.workloads):
            job = item.candidates
            if not isinstance(job, JobCandidates) or not len(job.gangs):
                continue
            rows, gangs = match.rows(job.offers), job.gangs
            on_spot = (gangs.spot_nodes > 0) & rows[np.maximum(gangs.spot_offer, 0)]
            has_it = on_spot | ((gangs.nodes > gangs.spot_nodes) & rows[gangs.offer])
            if not has_it.any():
                continue
            changed = list(self.workloads)
            changed[position] = replace(item, candidates=gangs_at(job, has_it))
            yield self._searched(changed, None)

    def _searched(
        self,
        workloads: Sequence[NamedWorkload],
        forbidden: Forbidden | None,
        solver: Solver | None = None,
    ) -> Found:
        request = self.plan.request
        seconds = min(request.time_limit_seconds, TIME_LIMIT_SECONDS)
        quicker = request.model_copy(update={"time_limit_seconds": seconds})
        return search(workloads, quicker, self.catalog, forbidden=forbidden, solver=solver)


def any_of(matches: Iterable[OfferMatch], offers: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows of an offers table match any of these (offers,)."""
    rows = np.zeros(len(offers), dtype=np.bool_)
    for match in matches:
        rows |= match.rows(offers)
    return rows


def main_line(plan: Plan) -> PlanLine | None:
    """Return the costliest line of a plan; None where it pays for nothing more."""
    bought = [line for line in plan.lines if not line.is_owned and line.line_cost_total > 0]
    return max(bought, key=lambda line: line.line_cost_total, default=None)


def lines_of(found: Found) -> list[PlanLine]:
    """Lines of a search, all workloads together; their prices are those of the catalogue."""
    return [line for item in found.operated for line in item.lines]


def types_in_words(lines: Sequence[PlanLine]) -> str:
    """Name the costliest instance types of some lines, at most two."""
    costs: dict[str, float] = {}
    for line in lines:
        name = line.offer.instance_type
        costs[name] = costs.get(name, 0.0) + line.line_cost_total
    ranked = sorted(costs, key=lambda name: -costs[name])
    more = f" and {len(ranked) - 2} more" if len(ranked) > 2 else ""
    return " + ".join(ranked[:2]) + more


def _repriced(item: NamedWorkload, change_per_hour: Floats, horizon_hours: float) -> NamedWorkload:
    """Add to the price of offers, in a service's prices or in the costs of a job's gangs."""
    candidates = item.candidates
    if isinstance(candidates, JobCandidates):
        return replace(item, candidates=_repriced_job(candidates, change_per_hour))
    per_hour = np.maximum(candidates.prices.per_hour + change_per_hour, 0.0)
    total = per_hour * horizon_hours
    prices = replace(candidates.prices, per_hour=per_hour, total=total)
    return replace(item, candidates=replace(candidates, prices=prices))


def _repriced_job(job: JobCandidates, change_per_hour: Floats) -> JobCandidates:
    """Add to the price of offers, wherever gangs or their payers pay for them."""
    gangs, payers = job.gangs, job.payers
    if not len(gangs):
        return job
    firm_hours = (gangs.nodes - gangs.spot_nodes) * gangs.firm_hours
    firm = change_per_hour[gangs.offer] * firm_hours
    spot_hours = gangs.spot_nodes * gangs.spot_hours
    spot = change_per_hour[np.maximum(gangs.spot_offer, 0)] * spot_hours
    spot = np.where(gangs.spot_nodes > 0, spot, 0.0)
    own = firm + spot
    own[payers.gang] = spot[payers.gang]
    shared = change_per_hour[payers.offer] * gangs.firm_hours[payers.gang]
    return replace(
        job,
        gangs=replace(gangs, cost_total=np.maximum(gangs.cost_total + firm + spot, 0.0)),
        payers=replace(
            payers,
            cost=np.maximum(payers.cost + shared, 0.0),
            own_cost=np.maximum(payers.own_cost + own, 0.0),
        ),
    )
