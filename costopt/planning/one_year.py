"""The baseline with one-year commitments, at the plan's horizon or over a year."""

from collections.abc import Sequence
from dataclasses import replace

from costopt.candidate.find import NamedWorkload, candidates_of
from costopt.plan.beside import Baseline
from costopt.planning.compared import BaselineSearches, compared
from costopt.planning.found import Found
from costopt.units import HOURS_PER_YEAR
from costopt.workload.limits import DEFAULT_PURCHASE_OPTIONS, Limits
from costopt.workload.request import Job, PlanRequest

COMMITMENTS = ("reserved", "savings_plan", "committed_use", "subscription")
"""Purchase options that commit for a year or more."""


def one_year(
    workloads: Sequence[NamedWorkload],
    found: Found,
    request: PlanRequest,
    searches: BaselineSearches,
) -> Baseline:
    """Return the best plan with one-year commitments: at the horizon, or over a year if longer."""
    hours = max(request.horizon_hours, HOURS_PER_YEAR)
    name, text = "one_year_commitment", "with a one-year commitment"
    if all(getattr(item.workload, "deadline_hours", None) is not None for item in workloads):
        text = f"{text}: a job ends long before the term"
        return Baseline(name=name, text=text, horizon_hours=hours)
    yearly = _yearly(request, hours)
    named = [
        replace(
            item, workload=workload, candidates=candidates_of(workload, yearly, searches.catalog)
        )
        for item, workload in zip(workloads, yearly.workloads, strict=True)
    ]
    if not any((item.candidates.offers["term_years"] == 1).any() for item in named):
        text = f"{text}: no one-year price within the limits"
        return Baseline(name=name, text=text, horizon_hours=hours)
    best = searches.best(named, yearly)
    if not best:
        return compared(name, text, None, searches, found, hours)
    lines = [line for item in best for line in item.lines]
    bought = any(line.offer.term_years for line in lines)
    span = "over a year" if hours > request.horizon_hours else ""
    worth = f"{text}, {span}" if bought else f"{text} allowed, none is worth it {span}"
    words = worth.rstrip(", ")
    cost = sum(line.line_cost_total for line in lines)
    cash = sum(line.cash_now for line in lines)
    return compared(name, words, cost, searches, found, hours, cash)


def _yearly(request: PlanRequest, horizon_hours: float) -> PlanRequest:
    """Ask the same over a year or more, with one-year commitments allowed."""
    options = (*(request.limits.purchase_options or DEFAULT_PURCHASE_OPTIONS), *COMMITMENTS)
    limits = request.limits.model_copy(
        update={"purchase_options": tuple(dict.fromkeys(options)), "term_years": (1.0,)}
    )
    scale = horizon_hours / request.horizon_hours
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
            "horizon_hours": horizon_hours,
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
