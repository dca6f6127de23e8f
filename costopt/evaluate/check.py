"""evaluate_plan: cost, rates and every limit of a plan recomputed, and what does not hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.beside import broken_baselines
from costopt.evaluate.change import wrong_change
from costopt.evaluate.facts import offers_of
from costopt.evaluate.figures import FIGURE_TOLERANCE, recomputed_plan, wrong_figures
from costopt.evaluate.limits import broken_line_limits, broken_quotas, broken_totals
from costopt.evaluate.malformed import malformed
from costopt.evaluate.operate import Operated, operated
from costopt.evaluate.outcome import outcome_of
from costopt.evaluate.own import account_notes
from costopt.evaluate.repriced import repriced
from costopt.evaluate.schedule_check import check_schedule
from costopt.evaluate.shared_nodes import broken_nodes
from costopt.evaluate.workload_check import broken_workload
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.workload.limits import PROMISES, Limits
from costopt.workload.request import PlanRequest

ANSWERED = (PlanStatus.OPTIMAL_WITHIN_GAP, PlanStatus.FEASIBLE_AT_LIMIT)
"""Statuses of plans that run something."""

CHANGED_REQUEST = "the request was changed after the plan was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a plan comes to when it is recomputed without any solver.

    Attributes:
        cost_per_hour: of all lines while they run [plan currency/h].
        cost_total: over the horizon, or until the jobs are done [plan currency].
        violations: one sentence for each figure or limit that does not hold.
        status: of the plan.
        currency: of the costs.
    """

    cost_per_hour: float
    cost_total: float
    violations: tuple[str, ...]
    status: PlanStatus
    currency: str

    def __str__(self) -> str:
        """Return the outcome for a terminal."""
        figures = (
            f"cost {self.cost_per_hour:,.4f} {self.currency}/h, "
            f"{self.cost_total:,.2f} {self.currency} in all"
        )
        if not self.violations and self.status not in ANSWERED:
            words = self.status.value.replace("_", " ")
            return (
                f"There is no plan to check ({words}); only a new search can tell whether one is."
            )
        if not self.violations:
            return (
                f"The plan holds: {figures}; every limit is met. What only a search can tell is "
                "taken as written: the bound, what other plans cost, what was left out."
            )
        listed = "\n".join(f"- {sentence}" for sentence in self.violations)
        return f"The plan does not hold ({figures}):\n{listed}"


def evaluate_plan(plan: Plan, catalog: Catalog) -> Evaluation:
    """Recompute a plan from catalogue, request and performance model.

    Taken as given are the decisions (offers, layouts, counts, routing) and what only a search can
    tell: the bound, what baselines cost and what was left out. All else is worked out again.

    Args:
        plan: with or without lines.
        catalog: the one that the plan was made from, at list prices; what the plan's account
            pays is worked out from it again.

    Raises:
        InvalidInputError: the plan was made from another catalogue, or names what it lacks.
    """
    _refuse_other_catalog(plan, catalog)
    if not plan.lines:
        return Evaluation(
            cost_per_hour=0.0,
            cost_total=0.0,
            violations=_without_lines(plan),
            status=plan.status,
            currency=plan.currency,
        )
    listed, catalog = catalog, plan.own_prices(catalog)
    violations = [*_contradictions(plan), *_beside_account(plan, listed, catalog)]
    if plan.schedule is not None:
        checked = check_schedule(plan, plan.schedule, catalog)
        return _evaluation(plan, checked.lines, (*violations, *checked.violations))
    violations += _above_cost(plan)
    lines = list(plan.lines)
    running: dict[str, Operated] = {}
    for name, workload in plan.request.named_workloads:
        rows = [row for row, line in enumerate(plan.lines) if line.workload == name]
        own = [plan.lines[row] for row in rows]
        unusable = list(malformed(workload, own, catalog)) if own else ["nothing runs it"]
        violations += [f"{name}: {text}" for text in unusable]
        if not unusable:
            running[name] = operated(workload, own, catalog, plan.request)
            for row, line in zip(rows, running[name].lines, strict=True):
                lines[row] = line
    lines = list(repriced(lines, plan.request, catalog))
    violations += _wrong_lines(plan, lines)
    violations += broken_nodes(lines, plan.request, catalog)
    violations += _wrong_sums(plan, lines, running, catalog)
    violations += _broken_limits(plan, lines, catalog)
    violations += broken_baselines(plan, lines)
    for name, workload in plan.request.named_workloads:
        if name in running:
            broken = broken_workload(workload, running[name], plan.request, catalog)
            violations += [f"{name}: {text}" for text in broken]
    return _evaluation(plan, lines, violations)


def _evaluation(plan: Plan, lines: Sequence[PlanLine], violations: Sequence[str]) -> Evaluation:
    return Evaluation(
        cost_per_hour=sum(line.line_cost_per_hour for line in lines),
        cost_total=sum(line.line_cost_total for line in lines),
        violations=tuple(violations),
        status=plan.status,
        currency=plan.currency,
    )


def request_hash(request: PlanRequest, account: Account | None = None) -> str:
    """Return the sha256 of a request, and of the account that it is asked for.

    What a request does not use is left out, so that it keeps the hash that it had before there
    was such a thing.
    """
    unused: dict[str, Any] = {
        name: True
        for name in (
            "profiles",
            "demand_profile",
            "eligible_usage",
            "cost_of_capital",
            "price_decline",
        )
        if not getattr(request, name)
    }
    if request.current_fleet is None:
        unused |= {"current_fleet": True, "switching_cost": True}
    unused["limits"] = _unused_limits(request.limits)
    unused["workloads"] = {
        index: {"limits": _unused_limits(workload.limits)}
        for index, workload in enumerate(request.workloads)
    }
    asked = [request.model_dump_json(exclude=unused)]
    if account is not None:
        asked.append(account.model_dump_json())
    return sha256("\n".join(asked).encode()).hexdigest()


def _unused_limits(limits: Limits) -> set[str]:
    """Fields of later years that say nothing: promises, and how scenarios are weighed."""
    unused = set(PROMISES) - set(limits.promises)
    return unused if limits.cvar is not None else unused | {"cvar"}


def _refuse_other_catalog(plan: Plan, catalog: Catalog) -> None:
    if plan.catalog.fingerprint != catalog.fingerprint:
        raise InvalidInputError(
            "plan",
            [
                f"it was made from a catalogue of {plan.catalog.as_of} "
                f"({plan.catalog.fingerprint[:12]}), and this one is of {catalog.as_of} "
                f"({catalog.fingerprint[:12]}); give the one it was made from, on "
                "the command line with --catalog"
            ],
        )


def _without_lines(plan: Plan) -> tuple[str, ...]:
    """Say what does not hold in a plan that rents nothing."""
    broken = []
    figures = (plan.cost_per_hour, plan.cost_total, plan.gap, plan.duration_hours)
    if plan.outcomes or plan.status in ANSWERED or any(one is not None for one in figures):
        broken.append("nothing runs, though the plan claims an answer")
    if plan.request_hash != request_hash(plan.request, plan.account):
        broken.append(CHANGED_REQUEST)
    return tuple(broken)


def _contradictions(plan: Plan) -> Iterator[str]:
    """Yield a sentence for each part of a plan that contradicts another."""
    if plan.status not in ANSWERED:
        yield f"the status is {plan.status.value}, though there are lines"
    if plan.request_hash != request_hash(plan.request, plan.account):
        yield CHANGED_REQUEST
    names = dict(plan.request.named_workloads)
    for line in plan.lines:
        if line.workload not in names:
            yield f"{line.place}: runs {line.workload!r}, which is no workload of the request"
    if plan.schedule is None and plan.request.demand_profile is not None:
        yield "there is no schedule, though the request has a demand profile"


def _above_cost(plan: Plan) -> Iterator[str]:
    """Yield a sentence where the bound is above the cost that it bounds."""
    cost = ((plan.cost_total or 0.0) + plan.switching_cost) / plan.request.horizon_hours
    if plan.bound is None or plan.bound > cost * (1 + FIGURE_TOLERANCE):
        yield f"the bound of {plan.bound} is above the cost of {cost:,.6g} per hour"


def _beside_account(plan: Plan, listed: Catalog, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence where the request lacks the account's quotas, or the plan its notes."""
    if plan.account is None:
        return
    limits = plan.request.limits
    if plan.account.limiting(limits, listed) != limits:
        yield "the limits of the request lack quotas or commitments of the account"
    notes = account_notes(plan.account, plan.lines, listed, catalog)
    if notes != plan.account_notes:
        yield "the plan does not say what of the account cannot be used"


def _wrong_lines(plan: Plan, lines: Sequence[PlanLine]) -> Iterator[str]:
    """Yield a sentence for each figure of a line that differs from the recomputed one."""
    for written, recomputed in zip(plan.lines, lines, strict=True):
        for text in wrong_figures(written, recomputed):
            yield f"{written.place}: {text}"


def _wrong_sums(
    plan: Plan, lines: Sequence[PlanLine], running: Mapping[str, Operated], catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each sum, of a workload or of the plan, that differs."""
    written = {outcome.workload: outcome for outcome in plan.outcomes}
    names = [name for name, _ in plan.request.named_workloads]
    if [outcome.workload for outcome in plan.outcomes] != names:
        yield f"the plan sums up {len(plan.outcomes)} workloads, there are {len(names)}"
    for name, workload in plan.request.named_workloads:
        if name in running and name in written:
            priced = tuple(line for line in lines if line.workload == name)
            found = replace(running[name], lines=priced)
            recomputed = outcome_of(name, workload, found, plan.request, catalog)
            yield from (f"{name}: {text}" for text in wrong_figures(written[name], recomputed))
    durations = [one.duration_hours for one in running.values() if one.duration_hours is not None]
    sums = recomputed_plan(plan, lines, max(durations) if durations else None)
    if sums.offers != len(catalog):
        yield f"the catalogue has {len(catalog):,} offers, the plan says {sums.offers:,}"
    if plan.catalog.as_of != catalog.as_of:
        yield f"the catalogue is of {catalog.as_of}, the plan says {plan.catalog.as_of}"
    yield from wrong_figures(plan, sums)
    yield from wrong_change(plan, lines, catalog)


def _broken_limits(plan: Plan, lines: Sequence[PlanLine], catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each limit on names, dates, quotas and sums that the lines break."""
    offers = offers_of(catalog, lines)
    shared = plan.request.limits
    for name, workload in plan.request.named_workloads:
        rows = [row for row, line in enumerate(lines) if line.workload == name]
        for row in rows:
            yield from broken_line_limits(
                lines[row], offers.iloc[row], catalog, workload.limits, shared
            )
        own = [lines[row] for row in rows]
        yield from broken_quotas(own, offers.iloc[rows], workload.limits)
        yield from broken_totals(own, sum(line.line_cost_total for line in own), workload.limits)
    yield from broken_quotas(lines, offers, shared)
    yield from broken_totals(lines, sum(line.line_cost_total for line in lines), shared)
