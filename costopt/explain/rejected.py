"""The instance types that came nearest to being chosen, and why they were not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.plan.answer import cost_figure
from costopt.plan.plan import Plan
from costopt.plan.words import payment_in_words, signed_percent

MOST_DEARER = 3
"""Types named because they would do, but cost more."""

MOST_UNABLE = 3
"""Types named because they cannot run the workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One instance type that was not taken.

    Attributes:
        workload: for which workload.
        instance_type: the type.
        text: why, in words.
        cost_total: what the workload would cost on it alone; None where it cannot run it
            [plan currency].
    """

    workload: str
    instance_type: str
    text: str
    cost_total: float | None = None


def rejected_types(plan: Plan, workloads: tuple[NamedWorkload, ...]) -> tuple[Rejected, ...]:
    """Name the types that would do alone but cost more, and those that miss by least.

    Args:
        plan: with lines.
        workloads: with their candidates.
    """
    found: list[Rejected] = []
    for item in workloads:
        found += list(_dearer(plan, item))[:MOST_DEARER]
        found += list(_unable(item))[:MOST_UNABLE]
    return tuple(found)


def _dearer(plan: Plan, item: NamedWorkload) -> Iterator[Rejected]:
    """Yield types that run the workload alone, the cheapest first, without those in the plan."""
    lines = [line for line in plan.lines if line.workload == item.name]
    used = {(line.offer.provider, line.offer.instance_type) for line in lines}
    cost = sum(line.line_cost_total for line in lines)
    for alone in alone_costs(item.candidates, plan.horizon_hours):
        offer = item.candidates.offers.iloc[alone.offer]
        kind = (offer["provider"], offer["instance_type"])
        if kind in used or not cost:
            continue
        used.add(kind)
        term = offer["term_years"]
        payment = payment_in_words(
            offer["purchase_option"], None if np.isnan(term) else term, offer["payment"]
        )
        difference = alone.cost_total / cost - 1
        yield Rejected(
            workload=item.name,
            instance_type=str(offer["instance_type"]),
            text=(
                f"{alone.count} x {offer['instance_type']} in {offer['provider']} "
                f"{offer['region']}, {payment}, would do alone: "
                f"{cost_figure(plan, alone.cost_total)} ({signed_percent(difference)})"
            ),
            cost_total=alone.cost_total,
        )


def _unable(item: NamedWorkload) -> Iterator[Rejected]:
    """Yield types that cannot run the workload, the nearest miss first."""
    missed = [
        (miss.order, kind.name, miss.words)
        for kind, miss in zip(item.candidates.types, item.candidates.misses, strict=True)
        if miss.words
    ]
    for _, name, words in sorted(missed):
        yield Rejected(workload=item.name, instance_type=name, text=f"{name} cannot: {words}")
