"""The instance types that came nearest to being chosen, and why they were not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.field import Field, OfferMatch, lines_of
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.plan import Plan
from costopt.plan.words import signed_percent

MOST_DEARER = 3
"""Types named because they would do, but cost as much or more."""

MOST_TRIED = 6
"""Types that are planned alone to find them."""

ROUNDING = 1e-9
"""Relative difference between two costs that is rounding."""

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


def rejected_types(
    plan: Plan, workloads: tuple[NamedWorkload, ...], catalog: Catalog
) -> tuple[Rejected, ...]:
    """Name the types that would do alone but cost more, and those that miss by least.

    Where something runs already only the latter: what a type costs alone then depends on what it
    takes the place of, and ``why_not`` plans that.

    Args:
        plan: with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    found: list[Rejected] = []
    for item in workloads:
        alone = Field(plan=plan, workloads=(item,), catalog=catalog)
        if plan.change is None:
            found += islice(_dearer(alone, item), MOST_DEARER)
        found += islice(_unable(item), MOST_UNABLE)
    if len(workloads) == 1:
        return tuple(found)
    return tuple(replace(one, text=f"{one.workload}: {one.text}") for one in found)


def _dearer(field: Field, item: NamedWorkload) -> Iterator[Rejected]:
    """Plan types outside the plan alone, the cheapest bound first, and yield what they cost."""
    plan = field.plan
    lines = [line for line in plan.lines if line.workload == item.name]
    cost = sum(line.line_cost_total for line in lines)
    used = {(line.offer.provider, line.offer.instance_type) for line in lines}
    for provider, name in islice(_types_alone(item, plan.horizon_hours, used), MOST_TRIED):
        match = OfferMatch(values=(("provider", provider), ("instance_type", name)))
        rented = lines_of(field.only(match))
        total = sum(line.line_cost_total for line in rented)
        if not rented or not cost or total < cost * (1 - ROUNDING):
            continue
        yield Rejected(
            workload=item.name,
            instance_type=name,
            text=(
                f"{lines_in_words(rented)}, would do alone: {cost_figure(plan, total)} "
                f"({signed_percent(total / cost - 1)})"
            ),
            cost_total=total,
        )


def _types_alone(
    item: NamedWorkload, horizon_hours: float, used: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield provider and instance type of types outside the plan, the cheapest alone first."""
    offers = item.candidates.offers
    seen = set(used)
    for alone in alone_costs(item.candidates, horizon_hours):
        row = offers.iloc[alone.offer]
        kind = (str(row["provider"]), str(row["instance_type"]))
        if kind not in seen:
            seen.add(kind)
            yield kind


def _unable(item: NamedWorkload) -> Iterator[Rejected]:
    """Yield types that cannot run the workload, the nearest miss first."""
    missed = [
        (miss.order, kind.name, miss.words)
        for kind, miss in zip(item.candidates.types, item.candidates.misses, strict=True)
        if miss.words
    ]
    for _, name, words in sorted(missed):
        yield Rejected(workload=item.name, instance_type=name, text=f"{name} cannot: {words}")
