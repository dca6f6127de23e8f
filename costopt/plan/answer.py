"""The answer in one sentence, and the sentences around it."""

from collections.abc import Iterator

from costopt.catalog.age_limits import WARNING_AGE_DAYS
from costopt.plan.line import PlanLine
from costopt.plan.plan import Baseline, Plan, WorkloadOutcome
from costopt.plan.words import (
    counted,
    hours_in_words,
    milliseconds,
    money,
    payment_in_words,
    percent,
    signed_percent,
)
from costopt.units import HOURS_PER_MONTH

MOST_REASONS = 6
"""Reasons for leaving offers out that the text names; the plan holds them all."""

MOST_LINES_NAMED = 3
"""Lines that the answer names; the table shows more."""


def answer(plan: Plan) -> str:
    """Say what to run, what it costs and how it meets its limits, in one sentence."""
    if not plan.has_answer:
        return f"No plan ({plan.status.value.replace('_', ' ')})."
    if not plan.lines:
        return "Nothing has to run: the demand is zero."
    parts = [f"Run {_named_lines(plan)}: {_cost(plan)}", *_limits_met(plan)]
    cash = money(plan.cash_now or 0, plan.currency)
    return f"{', '.join(parts)}; {_commitment(plan)}; cash now {cash}."


def _named_lines(plan: Plan) -> str:
    """Name the first lines of the plan."""
    named = [_line_in_words(line) for line in plan.lines[:MOST_LINES_NAMED]]
    rest = len(plan.lines) - len(named)
    if rest:
        named.append(f"{rest} more")
    return " + ".join(named)


def _line_in_words(line: PlanLine) -> str:
    offer = line.offer
    payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
    return f"{line.count} x {offer.instance_type} in {offer.provider} {offer.region}, {payment}"


def monthly(plan: Plan, amount: float) -> float:
    """Bring an amount over the horizon to a mean month."""
    return amount / plan.horizon_hours * HOURS_PER_MONTH


def is_job(plan: Plan) -> bool:
    """Return whether everything in the plan ends by itself."""
    return all(outcome.duration_hours is not None for outcome in plan.outcomes)


def cost_figure(plan: Plan, amount: float) -> str:
    """Write an amount the way the plan counts: per month, or for the whole job."""
    if is_job(plan):
        return money(amount, plan.currency)
    return f"{money(monthly(plan, amount), plan.currency)}/month"


def _cost(plan: Plan) -> str:
    text = cost_figure(plan, plan.cost_total or 0.0)
    if plan.cost_total_low is None or plan.cost_total_high is None:
        return text
    low, high = plan.cost_total_low, plan.cost_total_high
    if not is_job(plan):
        low, high = monthly(plan, low), monthly(plan, high)
    return f"{text} (range {money(low, plan.currency)}-{money(high, plan.currency)})"


def _limits_met(plan: Plan) -> Iterator[str]:
    """Say how each workload meets its latency limits or its deadline."""
    for outcome, workload in zip(plan.outcomes, plan.request.workloads, strict=True):
        prefix = f"{outcome.workload}: " if len(plan.outcomes) > 1 else ""
        quantile = f"p{getattr(workload, 'percentile', 95):g}"
        yield from (prefix + text for text in _outcome_words(outcome, workload, quantile))


def _outcome_words(outcome: WorkloadOutcome, workload: object, quantile: str) -> Iterator[str]:
    limits = {
        f"TTFT {quantile}": (outcome.ttft_ms, getattr(workload, "max_ttft_ms", None)),
        "TPOT": (outcome.tpot_ms, getattr(workload, "max_tpot_ms", None)),
        f"latency {quantile}": (outcome.latency_ms, getattr(workload, "max_latency_ms", None)),
    }
    for name, (value, limit) in limits.items():
        if value is not None:
            yield f"{name} {milliseconds(value)}" + (f" of {limit:,.0f}" if limit else "")
    deadline = getattr(workload, "deadline_hours", None)
    if outcome.duration_hours is not None and deadline is not None:
        yield f"done in {hours_in_words(outcome.duration_hours)} of {hours_in_words(deadline)}"


def _commitment(plan: Plan) -> str:
    terms = [line for line in plan.lines if line.offer.term_years is not None]
    if not terms:
        return "no commitment"
    longest = max(line.offer.term_years or 0 for line in terms)
    text = f"commitment up to {longest:g} years"
    if plan.locked_in:
        text += f", {money(plan.locked_in, plan.currency)} of it after the horizon"
    return text


def warnings(plan: Plan, days_since_catalog: int = 0) -> list[str]:
    """Return what a reader must know before the answer.

    Args:
        plan: the plan.
        days_since_catalog: days from the catalogue's newest price to today, where today is
            known [days].
    """
    found = []
    ages = [line.price_age_days + days_since_catalog for line in plan.lines]
    if ages and max(ages) > WARNING_AGE_DAYS:
        found.append(f"prices here are up to {max(ages):.0f} days old; refresh before you buy")
    for outcome in plan.outcomes:
        if outcome.kind in ("inference_service", "requirement") and outcome.spot_fraction > 0:
            found.append(
                f"losing {outcome.worst_pool} leaves {percent(outcome.served_after_worst_loss)} "
                "served; max_spot_fraction limits this"
            )
    return found


def baseline_words(plan: Plan, baseline: Baseline) -> str:
    """Write another way to meet the request and its difference to the plan."""
    if baseline.cost_total is None or baseline.difference_fraction is None:
        return baseline.text
    if baseline.difference == 0:
        return f"{baseline.text}: the plan itself"
    text = (
        f"{baseline.text}: {cost_figure(plan, baseline.cost_total)} "
        f"({signed_percent(baseline.difference_fraction)})"
    )
    return text + (
        f", cash now {money(baseline.cash_now, plan.currency)}" if baseline.cash_now else ""
    )


def exclusions_in_words(plan: Plan) -> str:
    """Count what was left out, by reason: offers, then instance types without any."""
    offers = [item for item in plan.exclusions if item.offers]
    named = [f"{item.offers:,} {item.text}" for item in offers[:MOST_REASONS]]
    rest = offers[MOST_REASONS:]
    if rest:
        named.append(f"{sum(item.offers for item in rest):,} for {len(rest)} other reasons")
    parts = [f"of {plan.offers:,} offers {', '.join(named)}"] if named else []
    parts += [
        f"{counted(item.instance_types, 'instance type')} {item.text}"
        for item in plan.exclusions
        if not item.offers
    ]
    return "; ".join(parts) or "nothing"


def footer(plan: Plan) -> str:
    """Name the catalogue, what was rated, what is proven, and the time taken."""
    text = (
        f"Catalogue of {plan.catalog.as_of}, {plan.rated_offers:,} of {plan.offers:,} offers rated"
    )
    if plan.gap is not None:
        text += f", proven within {100 * max(plan.gap, 0):.2g} %"
    return f"{text}; {plan.seconds:.2f} s."
