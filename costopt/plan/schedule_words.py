"""A plan over time as people read it: what to commit, what to run when, what it comes to."""

from collections.abc import Iterator, Sequence
from math import isclose
from typing import Final

from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule, ScheduledHour, Tranche
from costopt.plan.words import (
    counted,
    hours_in_words,
    money,
    payment_in_words,
    percent,
    signed_percent,
)
from costopt.workload.demand_hours import follows_profile

UNIT_OF: Final = {"vcpu": "vCPU", "memory_gib": "GiB"}
"""Resource -> its unit in words; that of an accelerator is its name."""

MOST_TRANCHES: Final = 3
"""Commitments that the text names."""

MOST_SPANS: Final = 4
"""Spans of hours that the text names of one job."""

MOST_IN_FLEET: Final = 4
"""Lines of one fleet that the text names."""


def schedule_sentences(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield titles, and the sentences below each.

    Args:
        plan: with or without a schedule.
    """
    schedule = plan.schedule
    if schedule is None:
        return
    yield (_commit_title(plan, schedule), tuple(_commitments(plan, schedule)))
    yield (
        _run_title(plan, schedule),
        (
            *_fleets(plan, schedule),
            *_starts(plan, schedule),
            *_worked(plan, schedule),
            *_totals(plan, schedule),
        ),
    )


def _commit_title(plan: Plan, schedule: Schedule) -> str:
    if not schedule.tranches:
        return "Commit: nothing."
    cash = sum(one.cash_now for one in schedule.tranches)
    cost = sum(one.cost_total for one in schedule.tranches)
    now = "all" if isclose(cash, cost) else money(cash, plan.currency)
    return f"Commit {money(cost, plan.currency)}, {now} of it now:"


def _commitments(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say of each commitment what it is, what it costs and whether it pays."""
    dearest = sorted(schedule.tranches, key=lambda one: -one.cost_total)
    for one in dearest[:MOST_TRANCHES]:
        yield f"{tranche_in_words(one, plan.currency)}: {_worth(one, plan)}"
    rest = len(dearest) - MOST_TRANCHES
    if rest > 0:
        yield f"... and {counted(rest, 'more commitment')} in plan.schedule.tranches"


def tranche_in_words(tranche: Tranche, currency: str) -> str:
    """Name what is committed, such as 3 x g6.xlarge in aws us-east-1, 1-year reserved.

    Args:
        tranche: of a schedule.
        currency: of the plan.
    """
    payment = payment_in_words(tranche.purchase_option, tranche.term_years, tranche.payment)
    if tranche.instances is not None:
        place = f"{tranche.provider} {tranche.region}"
        return f"{tranche.instances:,} x {tranche.instance_type} in {place}, {payment}"
    if tranche.resource:
        unit = unit_in_words(tranche.resource)
        of = f"{tranche.instance_type} in {tranche.provider} {tranche.region}"
        return f"{tranche.quantity:,g} {unit} of {of}, {payment}"
    scope = " ".join(part for part in (tranche.family, tranche.region) if part)
    of = f" for {scope}" if scope else ""
    spend = money(tranche.spend_per_hour or 0.0, currency)
    name = " ".join(dict.fromkeys((tranche.provider, tranche.kind)))
    return f"{spend}/h of {name} {payment}{of}"


def unit_in_words(resource: str) -> str:
    """Name the unit of a resource, such as vCPU.

    Args:
        resource: of a commitment of an amount.
    """
    return UNIT_OF.get(resource, resource)


def _worth(tranche: Tranche, plan: Plan) -> str:
    parts = [
        money(tranche.cost_total, plan.currency),
        f"{percent(tranche.utilisation)} used",
    ]
    if tranche.break_even_utilisation is not None:
        parts.append(f"pays from {percent(tranche.break_even_utilisation)}")
    if tranche.locked_in:
        parts.append(f"{money(tranche.locked_in, plan.currency)} of it after the horizon")
    return ", ".join(parts)


def _run_title(plan: Plan, schedule: Schedule) -> str:
    hours = len(schedule.kind_of_hour[0])
    scenarios = len(schedule.scenarios)
    of = f", {scenarios} scenarios" if scenarios > 1 else ""
    fleets = len({_fleet(plan, hour.counts) for hour in schedule.hours})
    more = f" ({counted(fleets, 'fleet')}; plan.schedule.to_frame() has every hour)"
    return (
        f"Run, by a profile of {hours_in_words(hours)} over "
        f"{hours_in_words(plan.horizon_hours)}{of}{more}:"
    )


def _fleets(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say what runs at the lowest, the median and the highest demand of the services."""
    beside = {name for name, one in plan.request.named_workloads if not follows_profile(one)}
    chance = dict(zip(schedule.scenarios, schedule.probability, strict=True))
    ordered = sorted(schedule.hours, key=lambda hour: sum(_served(hour, beside)))
    passed, half = 0.0, plan.horizon_hours / 2
    median = ordered[-1]
    for hour in ordered:
        passed += chance[hour.scenario] * hour.hours
        if passed >= half:
            median = hour
            break
    named = {"lowest": ordered[0], "median": median, "highest": ordered[-1]}
    told = set()
    if len({_fleet(plan, hour.counts) for hour in ordered}) == 1:
        yield f"at every demand: {_fleet(plan, ordered[-1].counts)}"
        return
    for name, hour in named.items():
        factors = sorted(set(_served(hour, beside)))
        demand = " and ".join(f"{factor:.2f}" for factor in factors)
        if hour.counts not in told:
            yield f"at the {name} demand ({demand}): {_fleet(plan, hour.counts)}"
        told.add(hour.counts)


def _starts(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say how often instances start, where starting or stopping takes time, and what it costs."""
    profile = plan.request.demand_profile
    if profile is None or not profile.ties_hours:
        return
    chance = dict(zip(schedule.scenarios, schedule.probability, strict=True))
    starts = sum(chance[hour.scenario] * sum(hour.starts) for hour in schedule.hours)
    told = "1 start" if starts == 1 else f"{starts:.3g} starts"
    parts = [f"{told} in every {hours_in_words(len(schedule.kind_of_hour[0]))}"]
    if profile.start_up_hours:
        over = hours_in_words(plan.horizon_hours)
        parts.append(f"charged {money(schedule.starts_cost, plan.currency)} over {over}")
    if profile.min_up_hours:
        parts.append(f"what has started runs at least {profile.min_up_hours} h")
    yield ", ".join(parts)


def _jobs(plan: Plan) -> set[str]:
    """Return the names of the jobs, whose demand is what is decided."""
    return {one.workload for one in plan.outcomes if one.duration_hours is not None}


def _served(hour: ScheduledHour, beside: set[str]) -> list[float]:
    """Return the factors of what follows the profile; jobs and nodes stand beside it."""
    return [factor for name, factor in hour.demand_factor.items() if name not in beside]


def _worked(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say of each job in which hours of the profile something works on it."""
    hours = len(schedule.kind_of_hour[0])
    for name in sorted(_jobs(plan)):
        busy = [
            hour
            for hour in range(hours)
            if any(schedule.hours[of[hour]].demand_factor[name] for of in schedule.kind_of_hour)
        ]
        spans = ", ".join(_spans(busy)[:MOST_SPANS])
        more = " and more" if len(_spans(busy)) > MOST_SPANS else ""
        noun = "hour" if len(busy) == 1 else "hours"
        yield f"{name} comes again every {hours_in_words(hours)} and works in {noun} {spans}{more}"


def _spans(hours: Sequence[int]) -> list[str]:
    """Write ascending hours as spans, such as 0 to 5 and 22 to 23.

    >>> _spans([0, 1, 2, 7])
    ['0 to 2', '7']
    """
    known = set(hours)
    starts = [hour for hour in hours if hour - 1 not in known]
    ends = [hour for hour in hours if hour + 1 not in known]
    return [
        f"{start} to {end}" if end > start else f"{start}"
        for start, end in zip(starts, ends, strict=True)
    ]


def most_at_once(lines: Sequence[PlanLine], schedule: Schedule) -> list[PlanLine]:
    """Return one line for each offer of a plan over time, with the most that run at once.

    Args:
        lines: of the plan.
        schedule: of the plan.
    """
    rows: dict[OfferKey, list[int]] = {}
    for row, line in enumerate(lines):
        rows.setdefault(line.offer, []).append(row)
    return [
        lines[own[0]].model_copy(
            update={"count": max(sum(hour.counts[row] for row in own) for hour in schedule.hours)}
        )
        for own in rows.values()
    ]


def _fleet(plan: Plan, counts: tuple[int, ...]) -> str:
    named: dict[str, int] = {}
    for line, count in zip(plan.lines, counts, strict=True):
        if count:
            offer = line.offer
            payment = payment_in_words(offer.purchase_option, offer.term_years, "")
            name = f"{offer.instance_type} {payment}"
            named[name] = named.get(name, 0) + count
    shown = [f"{count:,} x {name}" for name, count in list(named.items())[:MOST_IN_FLEET]]
    rest = len(named) - MOST_IN_FLEET
    return " + ".join([*shown, *([f"{rest} more"] if rest > 0 else [])]) or "nothing"


def _totals(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say what the commitments come to, what a fall of demand would cost, what has no price."""
    if schedule.tranches:
        parts = []
        if schedule.coverage is not None:
            parts.append(f"coverage {percent(schedule.coverage)}")
        if schedule.utilisation is not None:
            waste = money(schedule.waste, plan.currency)
            parts.append(f"utilisation {percent(schedule.utilisation)} ({waste} unused)")
        if schedule.effective_savings_rate is not None:
            parts.append(f"{signed_percent(-schedule.effective_savings_rate)} against on demand")
        if schedule.npv is not None:
            parts.append(f"NPV {money(schedule.npv, plan.currency)}")
        yield f"over {hours_in_words(plan.horizon_hours)}: {', '.join(parts)}"
    yield from _others(plan)
    fall = schedule.demand_fall
    if fall is not None:
        verb = "lose" if fall.loss > 0 else "still save"
        yield (
            f"if demand falls by {percent(fall.fraction)}, the commitments {verb} "
            f"{money(abs(fall.loss), plan.currency)} over {hours_in_words(plan.horizon_hours)} "
            "against having none"
        )
    yield from _put_together(schedule)
    if any(one.locked_in for one in schedule.tranches):
        yield "a term that outlives the horizon is charged in whole"
    for one in schedule.unpriced_terms:
        yield (
            f"no 1-year price of {one.instance_type} in {one.provider} {one.region} is known; it "
            f"would win below {money(one.wins_below_per_hour, plan.currency)}/h"
        )


def _others(plan: Plan) -> Iterator[str]:
    """Name the other usage of the company that counts."""
    usages = plan.request.eligible_usage
    others = [usage.name for usage in usages if usage.place is None]
    if others:
        yield f"other usage that draws on the savings plans counts: {', '.join(others)}"
    sharing = [usage.name for usage in usages if usage.place is not None]
    if sharing:
        yield f"instances of others that share the commitments count: {', '.join(sharing)}"


def _put_together(schedule: Schedule) -> Iterator[str]:
    """Say what it costs that hours of a long series are planned alike."""
    if schedule.excess_fraction > 0:
        yield (
            f"hours of one kind are planned at their highest: {percent(schedule.excess_fraction)} "
            "more demand than the profile has"
        )
        if schedule.series_gap is not None:
            yield (
                f"no plan for each hour on its own is more than {percent(schedule.series_gap)} "
                "cheaper"
            )
