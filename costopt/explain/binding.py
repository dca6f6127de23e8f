"""Limits that a plan uses up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import offers_of
from costopt.evaluate.limits import used_of_quotas
from costopt.explain.easings import limit_key
from costopt.plan.line import PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.plan import Plan
from costopt.plan.words import hours_in_words, milliseconds, money, percent
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.serving import InferenceService
from costopt.workload.spot_promises import SpotPromises

NEARLY = 0.95
"""Share of a limit from which it counts as used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A limit that a plan uses up.

    Attributes:
        key: of the limit, as ``limit_key`` writes it.
        text: which, and how much of it is used.
    """

    key: str
    text: str


def binding_limits(plan: Plan, catalog: Catalog) -> tuple[Binding, ...]:
    """Say which limits the plan uses to at least 95 %.

    Args:
        plan: with lines.
        catalog: what it was made from.
    """
    offers = offers_of(catalog, plan.lines)
    found: list[Binding] = []
    for position, ((name, workload), outcome) in enumerate(
        zip(plan.request.named_workloads, plan.outcomes, strict=False)
    ):
        rows = [row for row, line in enumerate(plan.lines) if line.workload == name]
        lines = [plan.lines[row] for row in rows]
        found += _of_workload(plan, position, workload, outcome, lines)
        found += _of_limits(plan, position, lines, offers.iloc[rows], workload.limits)
    found += _of_limits(plan, None, plan.lines, offers, plan.request.limits)
    return tuple(found)


def _of_limits(
    plan: Plan,
    owner: int | None,
    lines: Sequence[PlanLine],
    offers: pd.DataFrame,
    limits: Limits,
) -> Iterator[Binding]:
    """Say which budget, quotas and number of types the lines use up."""
    cost = sum(line.line_cost_total for line in lines)
    if limits.budget and cost >= NEARLY * limits.budget:
        used = f"{money(cost, plan.currency)} of {money(limits.budget, plan.currency)}"
        yield Binding(key=limit_key(owner, "budget"), text=f"budget: {used}")
    for quota, taken in used_of_quotas(lines, offers, limits):
        if taken and taken >= NEARLY * quota.allowed:
            yield Binding(
                key=limit_key(owner, quota.unit.field, quota.key),
                text=f"{quota.name}: {taken:,.10g} of {quota.unit.amount(quota.allowed)}",
            )
    kinds = {(line.offer.provider, line.offer.instance_type) for line in lines}
    if limits.max_distinct_types is not None and len(kinds) >= limits.max_distinct_types:
        text = f"max_distinct_types: {len(kinds)} of {limits.max_distinct_types}"
        yield Binding(key=limit_key(owner, "max_distinct_types"), text=text)


def _of_workload(
    plan: Plan,
    position: int,
    workload: AnyWorkload,
    outcome: WorkloadOutcome,
    lines: list[PlanLine],
) -> Iterator[Binding]:
    if isinstance(workload, InferenceService):
        yield from _latencies(position, workload, outcome)
        for line in lines:
            if (line.utilisation or 0.0) >= NEARLY * workload.max_utilisation:
                yield Binding(
                    key=limit_key(position, "max_utilisation"),
                    text=(
                        f"{line.offer.instance_type} in {line.offer.region}: loaded to "
                        f"{percent(line.utilisation or 0.0)} of what it can do, "
                        f"{percent(workload.max_utilisation)} planned"
                    ),
                )
    deadline = getattr(workload, "deadline_hours", None)
    if deadline and (outcome.duration_hours or 0.0) >= NEARLY * deadline:
        done = hours_in_words(outcome.duration_hours or 0.0)
        yield Binding(
            key=limit_key(position, "deadline_hours"),
            text=f"deadline: done in {done} of {hours_in_words(deadline)}",
        )
    own, shared = workload.limits.max_spot_fraction, plan.request.limits.max_spot_fraction
    spot = min(own, shared)
    if 0 < spot < 1 and outcome.spot_fraction >= NEARLY * spot:
        yield Binding(
            key=limit_key(position if own < shared else None, "max_spot_fraction"),
            text=f"max_spot_fraction: {percent(outcome.spot_fraction)} of {percent(spot)} on spot",
        )
    yield from _promises(plan, position, workload, outcome)


def _promises(
    plan: Plan, position: int, workload: AnyWorkload, outcome: WorkloadOutcome
) -> Iterator[Binding]:
    """Say which promises on spot losses leave hardly anything more to be lost."""
    shared = plan.request.limits
    promises, left = SpotPromises.of(workload.limits, shared), outcome.served_after_losses
    if 0 < NEARLY * promises.max_lost_fraction <= 1 - left and promises.losses:
        owner = None if shared.served_after_loss is not None else position
        text = (
            f"served_after_loss: {percent(left)} left without {' and '.join(outcome.worst_loss)}, "
            f"{percent(promises.served_fraction)} promised"
        )
        yield Binding(key=limit_key(owner, "served_after_loss"), text=text)
    chance = outcome.availability
    if chance is not None and log(chance) <= NEARLY * log(promises.availability):
        owner = None if shared.availability is not None else position
        text = f"availability: {percent(chance)}, {percent(promises.availability)} promised"
        yield Binding(key=limit_key(owner, "availability"), text=text)


def _latencies(
    position: int, workload: InferenceService, outcome: WorkloadOutcome
) -> Iterator[Binding]:
    limits = (
        ("max_ttft_ms", "time to first token", outcome.ttft_ms, workload.max_ttft_ms),
        ("max_tpot_ms", "time per output token", outcome.tpot_ms, workload.max_tpot_ms),
        ("max_latency_ms", "latency", outcome.latency_ms, workload.max_latency_ms),
    )
    for field, name, value, limit in limits:
        if value is not None and limit is not None and value >= NEARLY * limit:
            text = f"{name}: {milliseconds(value)} of {limit:,.0f} ms"
            yield Binding(key=limit_key(position, field), text=text)
