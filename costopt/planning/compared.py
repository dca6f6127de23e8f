"""Searches for baselines within their time, and their cost held against the plan's."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.operate import Operated
from costopt.plan.beside import Baseline
from costopt.plan.status import PlanStatus
from costopt.planning.found import Found
from costopt.planning.search import Forbidden, search
from costopt.workload.request import PlanRequest

BASELINE_GAP = 1e-3
"""Relative distance to the bound at which the search for a baseline stops."""

BASELINES_SECONDS = 3.0
"""Time for all baselines together, or the request's own limit if that is less [s]."""

SEARCH_SECONDS = 1.0
"""Time for one search among them [s]."""


@dataclass(slots=True, kw_only=True)
class BaselineSearches:
    """Searches for baselines, until their time is over.

    Attributes:
        catalog: offers and facts.
        ends_at: when no search starts any more, on the performance counter [s].
        is_proven: False once a search was left out or ended before its gap was closed.
    """

    catalog: Catalog
    ends_at: float
    is_proven: bool = True

    def best(
        self,
        workloads: Sequence[NamedWorkload],
        request: PlanRequest,
        forbidden: Forbidden | None = None,
    ) -> tuple[Operated, ...]:
        """Return the lines of the cheapest plan that is found in time; nothing without one."""
        left = min(self.ends_at - perf_counter(), SEARCH_SECONDS)
        if left <= 0:
            self.is_proven = False
            return ()
        gap = max(request.gap, BASELINE_GAP)
        quicker = request.model_copy(update={"gap": gap, "time_limit_seconds": left})
        found = search(workloads, quicker, self.catalog, forbidden=forbidden)
        if found.status(gap) not in (PlanStatus.OPTIMAL_WITHIN_GAP, PlanStatus.INFEASIBLE):
            self.is_proven = False
        return found.operated


def compared(
    name: str,
    text: str,
    cost: float | None,
    searches: BaselineSearches,
    found: Found,
    horizon_hours: float,
    cash_now: float = 0.0,
) -> Baseline:
    """Hold a cost against that of the plan over the same hours."""
    if cost is None:
        none = "none within the limits" if searches.is_proven else "none was found in time"
        return Baseline(
            name=name,
            text=f"{text}: {none}",
            horizon_hours=horizon_hours,
            is_proven=searches.is_proven,
        )
    total = sum(_cost_over(item, horizon_hours) for item in found.operated)
    same = abs(cost - total) <= 1e-9 * max(cost, total)
    return Baseline(
        name=name,
        text=text,
        horizon_hours=horizon_hours,
        cost_total=cost,
        difference=0.0 if same else cost - total,
        difference_fraction=0.0 if same else (cost - total) / total if total else None,
        cash_now=cash_now,
        is_proven=searches.is_proven,
    )


def _cost_over(item: Operated, horizon_hours: float) -> float:
    """Cost of what runs over a horizon, or of a job that ends [plan currency]."""
    if item.duration_hours is not None:
        return sum(line.line_cost_total for line in item.lines)
    return sum(line.line_cost_per_hour for line in item.lines) * horizon_hours
