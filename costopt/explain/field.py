"""Field: a plan's question, asked again at other prices or without some offers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.planning.search import Forbidden, Found, search

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
        """Cost of the plan [plan currency/h of the horizon]."""
        return (self.plan.cost_total or 0.0) / self.plan.horizon_hours

    def without(self, match: OfferMatch) -> Found:
        """Plan again without the matching offers."""
        return self._searched(self.workloads, match.rows)

    def only(self, match: OfferMatch) -> Found:
        """Plan again on the matching offers alone."""
        return self._searched(self.workloads, lambda offers: ~match.rows(offers))

    def at_price(self, match: OfferMatch, change_per_hour: float) -> Found:
        """Plan again with other prices.

        Args:
            match: offers whose price changes.
            change_per_hour: added to the price of one instance [plan currency/h].
        """
        horizon = self.plan.horizon_hours
        changed = [_repriced(item, match, change_per_hour, horizon) for item in self.workloads]
        return self._searched(changed, None)

    def _searched(self, workloads: Sequence[NamedWorkload], forbidden: Forbidden | None) -> Found:
        request = self.plan.request
        seconds = min(request.time_limit_seconds, TIME_LIMIT_SECONDS)
        quicker = request.model_copy(update={"time_limit_seconds": seconds})
        return search(workloads, quicker, self.catalog, forbidden=forbidden)


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


def _repriced(
    item: NamedWorkload, match: OfferMatch, change_per_hour: float, horizon_hours: float
) -> NamedWorkload:
    """Add to the price of some offers, in a service's prices or in the costs of a job's gangs."""
    candidates = item.candidates
    rows = match.rows(candidates.offers)
    if isinstance(candidates, JobCandidates):
        return replace(item, candidates=_repriced_job(candidates, rows, change_per_hour))
    per_hour = np.maximum(candidates.prices.per_hour + change_per_hour * rows, 0.0)
    total = per_hour * horizon_hours
    prices = replace(candidates.prices, per_hour=per_hour, total=total)
    return replace(item, candidates=replace(candidates, prices=prices))


def _repriced_job(
    job: JobCandidates, rows: NDArray[np.bool_], change_per_hour: float
) -> JobCandidates:
    """Add to the price of some offers, wherever gangs or their payers pay for them."""
    gangs, payers = job.gangs, job.payers
    firm = rows[gangs.offer] * (gangs.nodes - gangs.spot_nodes) * gangs.firm_hours
    spot = rows[np.maximum(gangs.spot_offer, 0)] * gangs.spot_nodes * gangs.spot_hours
    spot = np.where(gangs.spot_nodes > 0, spot, 0.0)
    own_hours = firm + spot
    own_hours[payers.gang] = spot[payers.gang]
    shared_hours = rows[payers.offer] * gangs.firm_hours[payers.gang]

    def changed(cost: Floats, instance_hours: Floats) -> Floats:
        return np.maximum(cost + change_per_hour * instance_hours, 0.0)

    return replace(
        job,
        gangs=replace(gangs, cost_total=changed(gangs.cost_total, firm + spot)),
        payers=replace(
            payers,
            cost=changed(payers.cost, shared_hours),
            own_cost=changed(payers.own_cost, own_hours),
        ),
    )
