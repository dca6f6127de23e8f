"""Other ways to meet the same request, to hold a plan against."""

from collections import Counter
from collections.abc import Sequence
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import offers_of
from costopt.evaluate.limits import broken_quotas, broken_totals
from costopt.plan.beside import Baseline
from costopt.plan.line import PlanLine
from costopt.planning.compared import BASELINES_SECONDS, BaselineSearches, compared
from costopt.planning.found import Found
from costopt.planning.one_year import one_year
from costopt.planning.search import Forbidden
from costopt.workload.request import PlanRequest

MOST_SINGLE_TYPES = 5
"""Instance types that are planned alone to find the best single one."""


def baselines_of(
    workloads: Sequence[NamedWorkload],
    found: Found,
    request: PlanRequest,
    catalog: Catalog,
) -> tuple[Baseline, ...]:
    """Return the best single type on demand, the best single cloud, and a one-year commitment.

    Args:
        workloads: with their candidates.
        found: the plan's search.
        request: limits and settings.
        catalog: offers and facts.
    """
    ends_at = perf_counter() + min(BASELINES_SECONDS, request.time_limit_seconds)
    return (
        _single_type(
            workloads, found, request, BaselineSearches(catalog=catalog, ends_at=ends_at)
        ),
        _single_provider(
            workloads, found, request, BaselineSearches(catalog=catalog, ends_at=ends_at)
        ),
        one_year(workloads, found, request, BaselineSearches(catalog=catalog, ends_at=ends_at)),
    )


def _single_type(
    workloads: Sequence[NamedWorkload],
    found: Found,
    request: PlanRequest,
    searches: BaselineSearches,
) -> Baseline:
    """Give each workload its best single instance type on demand.

    Each is searched alone, so that what they share is checked afterwards.
    """
    name, text, hours = (
        "single_type_on_demand",
        "best single type on demand",
        request.horizon_hours,
    )
    lines: list[PlanLine] = []
    counts: Counter[str] = Counter()
    for item in workloads:
        best = _single_type_of(item, request, searches)
        if not best:
            return compared(name, text, None, searches, found, hours)
        lines += best
        counts[best[0].offer.instance_type] += sum(line.count for line in best)
    cost = sum(line.line_cost_total for line in lines)
    broken = broken_quotas(lines, offers_of(searches.catalog, lines), request.limits)
    if [*broken, *broken_totals(lines, cost, request.limits)]:
        searches.is_proven = False
        return compared(name, text, None, searches, found, hours)
    words = " + ".join(f"{count:,} x {kind}" for kind, count in counts.items())
    return compared(name, f"{text}, {words}", cost, searches, found, hours)


def _single_type_of(
    item: NamedWorkload, request: PlanRequest, searches: BaselineSearches
) -> Sequence[PlanLine]:
    """Plan one workload on single types, the cheapest bound first, until none can be cheaper.

    What a type costs without looking at waiting is a bound on what it costs with it.
    """
    options = item.candidates.offers["purchase_option"].to_numpy(dtype=object)
    on_demand = options == "on_demand"
    best: Sequence[PlanLine] = ()
    least = np.inf
    tried: set[tuple[str, str]] = set()
    for alone in alone_costs(item.candidates, request.horizon_hours):
        offer = item.candidates.offers.iloc[alone.offer]
        kind = (str(offer["provider"]), str(offer["instance_type"]))
        if not on_demand[alone.offer] or kind in tried:
            continue
        if alone.cost_total >= least:
            break
        if len(tried) == MOST_SINGLE_TYPES:
            searches.is_proven = False
            break
        tried.add(kind)
        only = item.candidates.offers[["provider", "instance_type"]] == list(kind)
        wanted = only.all(axis=1).to_numpy(dtype=np.bool_) & on_demand
        for found in searches.best([item], request, _constant(~wanted)):
            cost = sum(line.line_cost_total for line in found.lines)
            if cost < least:
                best, least = found.lines, cost
    return best


def _constant(mask: NDArray[np.bool_]) -> Forbidden:
    """Forbid the same offers whatever is asked."""
    return lambda _: mask


def _single_provider(
    workloads: Sequence[NamedWorkload],
    found: Found,
    request: PlanRequest,
    searches: BaselineSearches,
) -> Baseline:
    """Return the best plan on one cloud; on another one when the plan itself is on one."""
    name, hours = "single_provider", request.horizon_hours
    used = {line.offer.provider for item in found.operated for line in item.lines}
    there = {p for item in workloads for p in item.candidates.offers["provider"].unique()}
    others = sorted(there - used if len(used) == 1 else there)
    if not others:
        text = f"on another cloud: only {next(iter(used))} takes part"
        return Baseline(name=name, text=text, horizon_hours=hours)
    best: tuple[float, str] | None = None
    for provider in others:

        def elsewhere(offers: pd.DataFrame, provider: str = provider) -> NDArray[np.bool_]:
            return (offers["provider"] != provider).to_numpy(dtype=np.bool_)

        lines = [
            line for item in searches.best(workloads, request, elsewhere) for line in item.lines
        ]
        cost = sum(line.line_cost_total for line in lines)
        if lines and (best is None or cost < best[0]):
            best = (cost, provider)
    where = "another cloud" if len(used) == 1 else "one cloud"
    if best is None:
        return compared(name, f"on {where}", None, searches, found, hours)
    return compared(name, f"on {where}, {best[1]}", best[0], searches, found, hours)
