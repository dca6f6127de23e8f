"""A plan over time as people read it: what to commit, what to run when, what it comes to."""

from collections.abc import Iterator, Sequence
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

MOST_TRANCHES: Final = 4
"""Commitments that the text names."""

MOST_FLEETS: Final = 5
"""Fleets that the text names; the frame has every hour."""

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
    yield (_run_title(plan, schedule), tuple(_fleets(plan, schedule)))
    totals = tuple(_totals(plan, schedule))
    if totals:
        yield "Over the horizon:", totals


def _commit_title(plan: Plan, schedule: Schedule) -> str:
    if not schedule.tranches:
        return "Commit: nothing."
    cash = sum(one.cash_now for one in schedule.tranches)
    return f"Commit, {money(cash, plan.currency)} of it now:"


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
        return f"{tranche.instances} x {tranche.instance_type} in {place}, {payment}"
    scope = " ".join(part for part in (tranche.family, tranche.region) if part)
    of = f" for {scope}" if scope else ""
    spend = money(tranche.spend_per_hour or 0.0, currency)
    return f"{spend}/h of {tranche.provider} {tranche.kind} {payment}{of}"


def _worth(tranche: Tranche, plan: Plan) -> str:
    parts = [
        f"{money(tranche.cost_total, plan.currency)} in all",
        f"{percent(tranche.utilisation)} used",
    ]
    if tranche.break_even_utilisation is not None:
        parts.append(f"pays from {percent(tranche.break_even_utilisation)} on")
    if tranche.cash_now and tranche.payback_months is not None:
        parts.append(f"paid back in {tranche.payback_months:.1f} months")
    if tranche.locked_in:
        parts.append(f"{money(tranche.locked_in, plan.currency)} of it after the horizon")
    return ", ".join(parts)


def _run_title(plan: Plan, schedule: Schedule) -> str:
    hours = len(schedule.kind_of_hour[0])
    scenarios = len(schedule.scenarios)
    of = f", mean of {scenarios} scenarios" if scenarios > 1 else ""
    return (
        f"Run, by the hours of a profile of {hours_in_words(hours)} over "
        f"{hours_in_words(plan.horizon_hours)}{of}:"
    )


def _fleets(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say how much of the time which instances run, the most frequent fleets first."""
    chance = dict(zip(schedule.scenarios, schedule.probability, strict=True))
    fleets: dict[str, list[ScheduledHour]] = {}
    for hour in schedule.hours:
        fleets.setdefault(_fleet(plan, hour.counts), []).append(hour)
    share = {
        fleet: sum(chance[hour.scenario] * hour.hours for hour in hours) / plan.horizon_hours
        for fleet, hours in fleets.items()
    }
    ordered = sorted(fleets, key=lambda fleet: -share[fleet])
    for fleet in ordered[:MOST_FLEETS]:
        factors = [max(hour.demand_factor.values()) for hour in fleets[fleet]]
        low, high = f"{min(factors):.2f}", f"{max(factors):.2f}"
        demand = low if low == high else f"{low}-{high}"
        yield f"{percent(share[fleet])} of the time (demand {demand}): {fleet}"
    rest = len(ordered) - MOST_FLEETS
    if rest > 0:
        yield f"... and {counted(rest, 'more fleet')}; plan.schedule.to_frame() has every hour"


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
    shown = [f"{count} x {name}" for name, count in list(named.items())[:MOST_IN_FLEET]]
    rest = len(named) - MOST_IN_FLEET
    return " + ".join([*shown, *([f"{rest} more"] if rest > 0 else [])]) or "nothing"


def _totals(plan: Plan, schedule: Schedule) -> Iterator[str]:
    """Say what the commitments come to, what a fall of demand would cost, what has no price."""
    if schedule.tranches:
        parts = []
        if schedule.coverage is not None:
            parts.append(f"commitments cover {percent(schedule.coverage)} of what is not on spot")
        if schedule.utilisation is not None:
            parts.append(f"{percent(schedule.utilisation)} of them is used")
        parts.append(f"{money(schedule.waste, plan.currency)} pays for hours without use")
        if schedule.effective_savings_rate is not None:
            saved = signed_percent(-schedule.effective_savings_rate)
            parts.append(f"{saved} against on demand")
        if schedule.npv is not None:
            parts.append(f"net present value {money(schedule.npv, plan.currency)}")
        yield ", ".join(parts)
    fall = schedule.demand_fall
    if fall is not None:
        verb = "lose" if fall.loss > 0 else "still save"
        yield (
            f"if demand falls by {percent(fall.fraction)}, the commitments {verb} "
            f"{money(abs(fall.loss), plan.currency)} against having none"
        )
    if schedule.excess_fraction > 0:
        yield (
            f"hours of one kind are planned at their highest: {percent(schedule.excess_fraction)} "
            "more demand than the profile has"
        )
    if any(one.locked_in for one in schedule.tranches):
        yield "a term that outlives the horizon is charged in whole"
    for one in schedule.unpriced_terms:
        yield (
            f"no 1-year price of {one.instance_type} in {one.provider} {one.region} is known; it "
            f"would win below {money(one.wins_below_per_hour, plan.currency)}/h"
        )
