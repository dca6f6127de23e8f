"""Which hours decide how many instances a plan over time runs, and which limits they use up."""

from collections.abc import Iterator
from typing import Final

from costopt.catalog.catalog import Catalog
from costopt.evaluate.schedule_figures import Weights
from costopt.explain.binding import Binding, binding_limits
from costopt.plan.line import OfferKey
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.words import payment_in_words, percent
from costopt.workload.demand_hours import follows_profile

HOURS_KEY: Final = "hours:"
"""Beginning of the keys of what the hours decide."""

MOST_NAMED: Final = 4
"""Offers whose deciding hours are named, the costliest first."""


def hours_and_limits(plan: Plan, schedule: Schedule, catalog: Catalog) -> tuple[Binding, ...]:
    """Say which hours set the counts of a plan over time, and which limits it uses up in some.

    Args:
        plan: over time, with lines.
        schedule: of the plan.
        catalog: what it was made from.
    """
    return (*_hours(plan, schedule), *_limits(plan, schedule, catalog))


def _hours(plan: Plan, schedule: Schedule) -> Iterator[Binding]:
    """Yield, for what does not run all the time, the hours that need all of it."""
    rows: dict[OfferKey, list[int]] = {}
    for row, line in enumerate(plan.lines):
        rows.setdefault(line.offer, []).append(row)
    ordered = sorted(
        rows.items(), key=lambda item: -sum(plan.lines[row].line_cost_total for row in item[1])
    )
    for offer, own in ordered[:MOST_NAMED]:
        yield from _of_offer(plan, schedule, offer, own)


def _of_offer(
    plan: Plan, schedule: Schedule, offer: OfferKey, own: list[int]
) -> Iterator[Binding]:
    weights = Weights.of(schedule).hours / plan.horizon_hours
    running = [sum(hour.counts[row] for row in own) for hour in schedule.hours]
    most = max(running)
    full = [number for number, count in enumerate(running) if count == most]
    part = float(weights[full].sum())
    if len(full) == len(running):
        return
    names = dict.fromkeys(plan.lines[row].workload for row in own)
    beside = {name for name, one in plan.request.named_workloads if not follows_profile(one)}
    told = [f"in which {name} works" for name in names] if names.keys() <= beside else []
    for name in (name for name in names if name not in beside):
        factors = [schedule.hours[number].demand_factor[name] for number in full]
        low, high = min(factors), max(factors)
        span = f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
        told.append(f"at {span} times the mean rate of {name}")
    payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
    all_of_it = "the one" if most == 1 else f"all {most} x"
    yield Binding(
        key=f"{HOURS_KEY}{'/'.join((offer.provider, offer.region, offer.instance_type))}:"
        f"{offer.purchase_option}",
        text=(
            f"hours {' and '.join(told)}, {percent(part)} of all, need {all_of_it} "
            f"{offer.instance_type} in {offer.provider} {offer.region}, {payment}"
        ),
    )


def _limits(plan: Plan, schedule: Schedule, catalog: Catalog) -> Iterator[Binding]:
    """Yield the limits that are used to at least 95 % in some hour, at their fullest."""
    found: dict[str, Binding] = {}
    for counts in sorted({hour.counts for hour in schedule.hours}, key=sum):
        lines = tuple(
            line.model_copy(update={"count": count})
            for line, count in zip(plan.lines, counts, strict=True)
        )
        at_once = plan.model_copy(update={"lines": lines})
        for one in binding_limits(at_once, catalog):
            found[f"{one.key} {one.text.partition(':')[0]}"] = one
    yield from found.values()
