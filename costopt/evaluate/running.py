"""What a saved plan costs today, and which of its limits it breaks."""

from dataclasses import dataclass, replace

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.evaluate.figures import recomputed_plan
from costopt.evaluate.malformed import malformed
from costopt.evaluate.operate import Operated, operated
from costopt.evaluate.outcome import outcome_of
from costopt.evaluate.repriced import repriced
from costopt.evaluate.schedule_outcome import outcome_over_time
from costopt.evaluate.scheduled import scheduled
from costopt.evaluate.unpriced_terms import unpriced_terms
from costopt.plan.beside import CatalogStamp
from costopt.plan.line import PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.status import proven_status
from costopt.workload.request import PlanRequest

NOTHING_PROVEN = {
    "bound": 0.0, "gap": 1.0, "account": None, "account_notes": (), "change": None,
    "baselines": (),
}  # fmt: skip
"""Figures of a plan that nobody searched for at today's prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A saved plan at today's prices.

    Attributes:
        lines: with today's prices; empty where they cannot be worked out.
        broken: one sentence for each limit that does not hold.
    """

    lines: tuple[PlanLine, ...]
    broken: tuple[str, ...]


def running_today(plan: Plan, request: PlanRequest, catalog: Catalog) -> Running:
    """Work out how the instances of a plan run and what they cost today.

    Args:
        plan: saved, every offer of which is in the catalogue.
        request: its request, with the account's limits of today.
        catalog: of today, at the prices that are paid.

    Raises:
        UnknownNameError: a name in the request is not in the catalogue.
        MissingExchangeRateError: a price cannot be brought to the plan's currency.
    """
    if plan.schedule is not None:
        return _over_time(plan, plan.schedule, request, catalog)
    lines = list(plan.lines)
    found: dict[str, Operated] = {}
    unusable: list[str] = []
    for name, workload in request.named_workloads:
        rows = [row for row, line in enumerate(lines) if line.workload == name]
        own = [plan.lines[row] for row in rows]
        odd = list(malformed(workload, own, catalog)) if own else ["nothing runs it"]
        unusable += [f"{name}: {text}" for text in odd]
        if not odd:
            found[name] = operated(workload, own, catalog, request)
            for row, line in zip(rows, found[name].lines, strict=True):
                lines[row] = line
    if unusable:
        return Running(lines=(), broken=tuple(unusable))
    priced = repriced(lines, request, catalog)
    today = _written_today(plan, request, priced, found, catalog)
    return Running(lines=priced, broken=evaluate_plan(today, catalog).violations)


def _over_time(plan: Plan, schedule: Schedule, request: PlanRequest, catalog: Catalog) -> Running:
    """Work out how a plan over time runs and what it costs today."""
    found = scheduled(plan.lines, schedule, request, catalog)
    outcomes = tuple(
        outcome_over_time(name, workload, found, request, catalog)
        for name, workload in request.named_workloads
    )
    bare = _bare(plan, request, found.lines, outcomes, catalog)
    again = found.schedule.model_copy(
        update={
            "series_bound": None,
            "demand_fall": None,
            "unpriced_terms": unpriced_terms(found.lines, found.schedule, request, catalog),
        }
    )
    today = recomputed_plan(bare, found.lines, None).model_copy(
        update={"gap": 1.0, "schedule": again, "status": proven_status(1.0, request.gap)}
    )
    return Running(lines=found.lines, broken=evaluate_plan(today, catalog).violations)


def _written_today(
    plan: Plan,
    request: PlanRequest,
    lines: tuple[PlanLine, ...],
    found: dict[str, Operated],
    catalog: Catalog,
) -> Plan:
    """Write the plan down at today's figures, so that only broken limits are left to find."""
    outcomes = []
    for name, workload in request.named_workloads:
        own = tuple(line for line in lines if line.workload == name)
        paid = replace(found[name], lines=own)
        outcomes.append(outcome_of(name, workload, paid, request, catalog))
    durations = [one.duration_hours for one in outcomes if one.duration_hours is not None]
    bare = _bare(plan, request, lines, tuple(outcomes), catalog)
    summed = recomputed_plan(bare, lines, max(durations) if durations else None)
    gap = 1.0 if summed.gap is None else summed.gap
    return summed.model_copy(update={"status": proven_status(gap, request.gap)})


def _bare(
    plan: Plan,
    request: PlanRequest,
    lines: tuple[PlanLine, ...],
    outcomes: tuple[WorkloadOutcome, ...],
    catalog: Catalog,
) -> Plan:
    """Write lines and outcomes of today down, with nothing proven; sums follow."""
    stamp = CatalogStamp(place=catalog.place, as_of=catalog.as_of, fingerprint=catalog.fingerprint)
    return plan.model_copy(
        update={
            **NOTHING_PROVEN,
            "lines": lines,
            "outcomes": outcomes,
            "request": request,
            "request_hash": request_hash(request),
            "offers": len(catalog),
            "catalog": stamp,
        }
    )
