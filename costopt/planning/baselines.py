"""Other ways to meet the same request, to hold a plan against."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload, candidates_of
from costopt.catalog.catalog import Catalog
from costopt.evaluate.operate import Operated
from costopt.plan.plan import Baseline
from costopt.planning.search import Forbidden, Found, search
from costopt.units import HOURS_PER_YEAR
from costopt.workload.limits import DEFAULT_PURCHASE_OPTIONS, Limits
from costopt.workload.request import Job, PlanRequest

COMMITMENTS = ("reserved", "savings_plan", "committed_use", "subscription")
"""Purchase options that commit for a year or more."""

MOST_SINGLE_TYPES = 5
"""Instance types that are planned alone to find the best single one."""

BASELINE_GAP = 1e-3
"""Relative distance to the bound at which the search for a baseline stops."""


def baselines_of(
    workloads: Sequence[NamedWorkload],
    found: Found,
    total: float,
    request: PlanRequest,
    catalog: Catalog,
) -> tuple[Baseline, ...]:
    """Return the best single type on demand, the best single cloud, and a one-year commitment.

    Args:
        workloads: with their candidates.
        found: the plan's search.
        total: cost of the plan over its horizon [plan currency].
        request: limits and settings.
        catalog: offers and facts.
    """
    return (
        _single_type(workloads, total, request, catalog),
        _single_provider(workloads, found, total, request, catalog),
        _one_year(workloads, total, request, catalog),
    )


def _compared(
    name: str, text: str, cost: float | None, total: float, cash_now: float = 0.0
) -> Baseline:
    if cost is None:
        return Baseline(name=name, text=f"{text}: none within the limits")
    same = abs(cost - total) <= 1e-9 * max(cost, total)
    return Baseline(
        name=name,
        text=text,
        cost_total=cost,
        difference=0.0 if same else cost - total,
        difference_fraction=0.0 if same else (cost - total) / total if total else None,
        cash_now=cash_now,
    )


def _single_type(
    workloads: Sequence[NamedWorkload], total: float, request: PlanRequest, catalog: Catalog
) -> Baseline:
    """Give each workload its best single instance type on demand."""
    cost = 0.0
    words = []
    for item in workloads:
        best = _single_type_of(item, request, catalog)
        if best is None:
            return _compared("single_type_on_demand", "best single type on demand", None, total)
        cost += best[0]
        words.append(best[1])
    text = f"best single type on demand, {' + '.join(words)}"
    return _compared("single_type_on_demand", text, cost, total)


def _single_type_of(
    item: NamedWorkload, request: PlanRequest, catalog: Catalog
) -> tuple[float, str] | None:
    """Plan one workload on single types, the cheapest bound first, until none can be cheaper.

    What a type costs without looking at waiting is a bound on what it costs with it.
    """
    options = item.candidates.offers["purchase_option"].to_numpy(dtype=object)
    on_demand = options == "on_demand"
    best: tuple[float, str] | None = None
    tried: set[tuple[str, str]] = set()
    for alone in alone_costs(item.candidates, request.horizon_hours):
        offer = item.candidates.offers.iloc[alone.offer]
        kind = (str(offer["provider"]), str(offer["instance_type"]))
        if not on_demand[alone.offer] or kind in tried:
            continue
        if (best is not None and alone.cost_total >= best[0]) or len(tried) == MOST_SINGLE_TYPES:
            break
        tried.add(kind)
        only = item.candidates.offers[["provider", "instance_type"]] == list(kind)
        wanted = only.all(axis=1).to_numpy(dtype=np.bool_) & on_demand
        found = search([item], request, catalog, forbidden=_constant(~wanted))
        if found.operated:
            lines = found.operated[0].lines
            cost = sum(line.line_cost_total for line in lines)
            if best is None or cost < best[0]:
                best = (cost, f"{sum(line.count for line in lines)} x {kind[1]}")
    return best


def _constant(mask: NDArray[np.bool_]) -> Forbidden:
    """Forbid the same offers whatever is asked."""
    return lambda _: mask


def _single_provider(
    workloads: Sequence[NamedWorkload],
    found: Found,
    total: float,
    request: PlanRequest,
    catalog: Catalog,
) -> Baseline:
    """Return the best plan on one cloud; on another one when the plan itself is on one."""
    name = "single_provider"
    used = {line.offer.provider for item in found.operated for line in item.lines}
    there = {p for item in workloads for p in item.candidates.offers["provider"].unique()}
    others = sorted(there - used if len(used) == 1 else there)
    if not others:
        return Baseline(name=name, text=f"on another cloud: only {next(iter(used))} takes part")
    best: tuple[float, str] | None = None
    quicker = request.model_copy(update={"gap": max(request.gap, BASELINE_GAP)})
    for provider in others:

        def elsewhere(offers: pd.DataFrame, provider: str = provider) -> NDArray[np.bool_]:
            return (offers["provider"] != provider).to_numpy(dtype=np.bool_)

        solution = search(workloads, quicker, catalog, forbidden=elsewhere).solution
        if solution.cost is not None and (best is None or solution.cost < best[0]):
            best = (solution.cost, provider)
    where = "another cloud" if len(used) == 1 else "one cloud"
    if best is None:
        return _compared(name, f"on {where}", None, total)
    return _compared(name, f"on {where}, {best[1]}", best[0] * request.horizon_hours, total)


def _one_year(
    workloads: Sequence[NamedWorkload], total: float, request: PlanRequest, catalog: Catalog
) -> Baseline:
    """Return the best plan of a year with one-year commitments, at the plan's horizon."""
    name, text = "one_year_commitment", "with a one-year commitment"
    if all(getattr(item.workload, "deadline_hours", None) is not None for item in workloads):
        return Baseline(name=name, text=f"{text}: a job ends long before the term")
    yearly = _yearly(request)
    named = [
        replace(item, workload=workload, candidates=candidates_of(workload, yearly, catalog))
        for item, workload in zip(workloads, yearly.workloads, strict=True)
    ]
    if not any((item.candidates.offers["term_years"] == 1).any() for item in named):
        return Baseline(name=name, text=f"{text}: no one-year price within the limits")
    found = search(named, yearly, catalog)
    if found.solution.cost is None:
        return _compared(name, text, None, total)
    cash = sum(line.cash_now for item in found.operated for line in item.lines)
    cost = sum(_cost_at_horizon(item, request.horizon_hours) for item in found.operated)
    bought = any(line.offer.term_years for item in found.operated for line in item.lines)
    words = text if bought else f"{text} allowed, none is worth it"
    return _compared(name, words, cost, total, cash)


def _cost_at_horizon(item: Operated, horizon_hours: float) -> float:
    """Cost of what runs over the horizon, or of a job that ends [plan currency]."""
    if item.duration_hours is not None:
        return sum(line.line_cost_total for line in item.lines)
    return sum(line.line_cost_per_hour for line in item.lines) * horizon_hours


def _yearly(request: PlanRequest) -> PlanRequest:
    """Ask the same over a year, with one-year commitments allowed."""
    options = (*(request.limits.purchase_options or DEFAULT_PURCHASE_OPTIONS), *COMMITMENTS)
    limits = request.limits.model_copy(
        update={"purchase_options": tuple(dict.fromkeys(options)), "term_years": (1.0,)}
    )
    scale = HOURS_PER_YEAR / request.horizon_hours
    workloads = tuple(
        workload.model_copy(
            update={
                "limits": _opened(workload.limits, 1.0 if isinstance(workload, Job) else scale)
            }
        )
        for workload in request.workloads
    )
    return request.model_copy(
        update={
            "workloads": workloads,
            "limits": _with_budget(limits, scale),
            "horizon_hours": HOURS_PER_YEAR,
            "gap": max(request.gap, BASELINE_GAP),
        }
    )


def _opened(limits: Limits, scale: float) -> Limits:
    """Let a workload's own purchase options include commitments, at its budget of a year."""
    scaled = _with_budget(limits, scale)
    if limits.purchase_options is None:
        return scaled
    options = (*limits.purchase_options, *COMMITMENTS)
    return scaled.model_copy(update={"purchase_options": tuple(dict.fromkeys(options))})


def _with_budget(limits: Limits, scale: float) -> Limits:
    """Scale a budget, where there is one."""
    if limits.budget is None:
        return limits
    return limits.model_copy(update={"budget": limits.budget * scale})
