"""Limits that a plan uses up."""

from collections.abc import Iterator, Sequence
from math import log

import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import offers_of
from costopt.evaluate.limits import used_of_quotas
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan, WorkloadOutcome
from costopt.plan.words import hours_in_words, milliseconds, money, percent
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.serving import InferenceService
from costopt.workload.spot_promises import SpotPromises

NEARLY = 0.95
"""Share of a limit from which it counts as used up."""


def binding_limits(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """Say which limits the plan uses to at least 95 %.

    Args:
        plan: with lines.
        catalog: what it was made from.
    """
    offers = offers_of(catalog, plan.lines)
    sentences: list[str] = []
    for (name, workload), outcome in zip(
        plan.request.named_workloads, plan.outcomes, strict=False
    ):
        rows = [row for row, line in enumerate(plan.lines) if line.workload == name]
        lines = [plan.lines[row] for row in rows]
        sentences += _of_workload(plan, workload, outcome, lines)
        sentences += _of_limits(plan, lines, offers.iloc[rows], workload.limits)
    sentences += _of_limits(plan, plan.lines, offers, plan.request.limits)
    return tuple(sentences)


def _of_limits(
    plan: Plan, lines: Sequence[PlanLine], offers: pd.DataFrame, limits: Limits
) -> Iterator[str]:
    """Say which budget, quotas and number of types the lines use up."""
    cost = sum(line.line_cost_total for line in lines)
    if limits.budget and cost >= NEARLY * limits.budget:
        yield f"budget: {money(cost, plan.currency)} of {money(limits.budget, plan.currency)}"
    for quota, taken in used_of_quotas(lines, offers, limits):
        if taken and taken >= NEARLY * quota.allowed:
            yield f"{quota.name}: {taken:,.10g} of {quota.unit.amount(quota.allowed)}"
    kinds = {(line.offer.provider, line.offer.instance_type) for line in lines}
    if limits.max_distinct_types is not None and len(kinds) >= limits.max_distinct_types:
        yield f"max_distinct_types: {len(kinds)} of {limits.max_distinct_types}"


def _of_workload(
    plan: Plan, workload: AnyWorkload, outcome: WorkloadOutcome, lines: list[PlanLine]
) -> Iterator[str]:
    if isinstance(workload, InferenceService):
        yield from _latencies(workload, outcome)
        for line in lines:
            if (line.utilisation or 0.0) >= NEARLY * workload.max_utilisation:
                yield (
                    f"{line.offer.instance_type} in {line.offer.region}: loaded to "
                    f"{percent(line.utilisation or 0.0)} of what it can do, "
                    f"{percent(workload.max_utilisation)} planned"
                )
    deadline = getattr(workload, "deadline_hours", None)
    if deadline and (outcome.duration_hours or 0.0) >= NEARLY * deadline:
        done = hours_in_words(outcome.duration_hours or 0.0)
        yield f"deadline: done in {done} of {hours_in_words(deadline)}"
    spot = min(workload.limits.max_spot_fraction, plan.request.limits.max_spot_fraction)
    if 0 < spot < 1 and outcome.spot_fraction >= NEARLY * spot:
        yield f"max_spot_fraction: {percent(outcome.spot_fraction)} of {percent(spot)} on spot"
    yield from _promises(SpotPromises.of(workload.limits, plan.request.limits), outcome)


def _promises(promises: SpotPromises, outcome: WorkloadOutcome) -> Iterator[str]:
    """Say which promises on spot losses leave hardly anything more to be lost."""
    left = outcome.served_after_losses
    if 0 < NEARLY * promises.max_lost_fraction <= 1 - left and promises.losses:
        yield (
            f"served_after_loss: {percent(left)} left without {' and '.join(outcome.worst_loss)}, "
            f"{percent(promises.served_fraction)} promised"
        )
    chance = outcome.availability
    if chance is not None and log(chance) <= NEARLY * log(promises.availability):
        yield f"availability: {percent(chance)}, {percent(promises.availability)} promised"


def _latencies(workload: InferenceService, outcome: WorkloadOutcome) -> Iterator[str]:
    limits = (
        ("time to first token", outcome.ttft_ms, workload.max_ttft_ms),
        ("time per output token", outcome.tpot_ms, workload.max_tpot_ms),
        ("latency", outcome.latency_ms, workload.max_latency_ms),
    )
    for name, value, limit in limits:
        if value is not None and limit is not None and value >= NEARLY * limit:
            yield f"{name}: {milliseconds(value)} of {limit:,.0f} ms"
