"""The answer in one sentence, and the sentences around it."""

from collections.abc import Iterator, Sequence

from costopt.performance.reasons import Origin
from costopt.plan.beside import Baseline
from costopt.plan.line import PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.plan import Plan
from costopt.plan.schedule_words import most_at_once
from costopt.plan.shared_node import rented
from costopt.plan.status import PlanStatus
from costopt.plan.words import (
    counted,
    hours_in_words,
    milliseconds,
    money,
    payment_in_words,
    signed_percent,
    term_in_words,
)
from costopt.units import HOURS_PER_MONTH
from costopt.workload.requirement import Requirement

MOST_REASONS = 6
"""Reasons for leaving offers out that the text names; the plan holds them all."""

HISTORY_TITLE = "Price in its own history (percentile 0 is the cheapest)"
"""Title above where the prices of a plan lie among earlier ones."""

MOST_OFFERS_NAMED = 3
"""Offers that the answer names; the table shows more."""

MEASURED = Origin.MEASURED.name.lower()
"""Origin of a rate that a profile measured."""

SCALED_FROM_PROFILE = tuple(
    origin.name.lower() for origin in (Origin.PROFILE_SCALED, Origin.PROFILE_SISTER)
)
"""Origins of rates that are scaled from a profile."""

PROVEN = 1e-9
"""Gap up to which a plan counts as the cheapest; the rest is rounding."""


def answer(plan: Plan) -> str:
    """Say what to run, what it costs and how it meets its limits, in one sentence."""
    if not plan.has_answer:
        late = plan.status is PlanStatus.NO_ANSWER_IN_TIME
        advice = ": raise time_limit_seconds" if late else ""
        return f"No plan ({plan.status.value.replace('_', ' ')}){advice}."
    if not plan.lines:
        return "Nothing has to run: the demand is zero."
    run = f"Run {lines_in_words(plan.lines)}"
    if plan.schedule is not None:
        run = f"Run at most {lines_in_words(most_at_once(plan.lines, plan.schedule))}"
    parts = [f"{run}: {_cost(plan)}", *_limits_met(plan)]
    cash = money(plan.cash_now or 0, plan.currency)
    return f"{', '.join(parts)}; {_commitment(plan)}; cash now {cash}."


def profiles_in_words(plan: Plan) -> list[str]:
    """Say of the request's profiles which they are, and how many lines rest on them."""
    profiles = plan.request.profiles
    if not profiles:
        return []
    named = list(
        dict.fromkeys(
            f"{one.source} ({one.model} in {one.precision} on {one.accelerators} x "
            f"{one.accelerator})"
            for one in profiles
        )
    )
    brought = {name for name, one in plan.request.named_workloads if isinstance(one, Requirement)}
    rated = [line for line in plan.lines if line.workload not in brought]
    exact = sum(line.rate_origin == MEASURED for line in rated)
    near = sum(line.rate_origin in SCALED_FROM_PROFILE for line in rated)
    whose = "it" if len(profiles) == 1 else "them"
    of = f"of {counted(len(plan.lines), 'line')}"
    if exact and near:
        told = f"{exact + near} {of} rest on {whose}, {exact} as measured and {near} scaled"
    elif exact or near:
        verb = "rests" if exact + near == 1 else "rest"
        how = "as measured" if exact else "scaled"
        told = f"{exact + near} {of} {verb} on {whose}, {how}"
    else:
        told = f"no line rests on {whose}"
    return [f"{'; '.join(named)}. In this plan {told}"]


def lines_in_words(lines: Sequence[PlanLine], most: int = MOST_OFFERS_NAMED) -> str:
    """Name what lines rent, such as 2 x p5.48xlarge in aws us-east-1, spot + 1 more.

    Args:
        lines: of a plan; several of one offer, in different layouts, count together.
        most: offers that are named [1].
    """
    counts: dict[str, int] = {}
    for line, count in zip(lines, rented(lines), strict=True):
        offer = line.offer
        payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
        name = f"{offer.instance_type} in {offer.provider} {offer.region}, {payment}"
        counts[name] = counts.get(name, 0) + count
    named = [f"{count:,} x {name}" for name, count in counts.items()]
    more = [f"{len(named) - most} more"] if len(named) > most else []
    return " + ".join([*named[:most], *more])


def monthly(plan: Plan, amount: float) -> float:
    """Bring an amount over the horizon to a mean month."""
    return amount / plan.horizon_hours * HOURS_PER_MONTH


def runs_on(plan: Plan) -> bool:
    """Return whether the plan has a cost per month: nothing ends for good, jobs come again."""
    return plan.schedule is not None or all(
        outcome.duration_hours is None for outcome in plan.outcomes
    )


def cost_figure(plan: Plan, amount: float, horizon_hours: float | None = None) -> str:
    """Write an amount the way the plan counts.

    Args:
        plan: the plan.
        amount: over the horizon, or until the jobs are done [plan currency].
        horizon_hours: another horizon than the plan's [h].
    """
    ends = () if plan.schedule is not None else plan.outcomes
    durations = [outcome.duration_hours for outcome in ends]
    return cost_in_words(amount, plan.currency, horizon_hours or plan.horizon_hours, durations)


def cost_in_words(
    amount: float, currency: str, horizon_hours: float, durations: Sequence[float | None]
) -> str:
    """Write an amount per month; with jobs, in all; with both, over the horizon.

    Args:
        amount: over the horizon, or until the jobs are done [currency].
        currency: of the amount.
        horizon_hours: over which services are charged [h].
        durations: until each job is done; None for what runs over the horizon [h].
    """
    if all(hours is None for hours in durations):
        return f"{money(amount / horizon_hours * HOURS_PER_MONTH, currency)}/month"
    text = money(amount, currency)
    if all(hours is not None for hours in durations):
        return text
    return f"{text} over {hours_in_words(horizon_hours)}"


def _cost(plan: Plan) -> str:
    """Write the cost and, where it rests on predicted rates, the range that they leave."""
    text = cost_figure(plan, plan.cost_total or 0.0)
    low, high = plan.cost_total_low, plan.cost_total_high
    if low is None or high is None or all(line.rate_band is None for line in plan.lines):
        return text
    if runs_on(plan):
        low, high = monthly(plan, low), monthly(plan, high)
    unit = f", {_unit_cost(plan)}" if _unit_cost(plan) else ""
    return f"{text} (range {money(low, plan.currency)}-{money(high, plan.currency)}{unit})"


def _unit_cost(plan: Plan) -> str:
    """Write what a million tokens or samples cost, where there is one workload that has them."""
    outcome = plan.outcomes[0]
    if len(plan.outcomes) > 1 or outcome.cost_per_unit is None or outcome.unit == "run":
        return ""
    return f"{money(outcome.cost_per_unit, plan.currency)} per {outcome.unit.split(',')[0]}"


def _limits_met(plan: Plan) -> Iterator[str]:
    """Say how each workload meets its latency limits or its deadline."""
    for outcome, workload in zip(plan.outcomes, plan.request.workloads, strict=True):
        prefix = f"{outcome.workload}: " if len(plan.outcomes) > 1 else ""
        quantile = f"p{getattr(workload, 'percentile', 95):g}"
        yield from (prefix + text for text in _outcome_words(outcome, workload, quantile))


def _outcome_words(outcome: WorkloadOutcome, workload: object, quantile: str) -> Iterator[str]:
    limits = {
        f"TTFT {quantile}": (outcome.ttft_ms, getattr(workload, "max_ttft_ms", None)),
        f"TPOT {quantile}": (outcome.tpot_ms, getattr(workload, "max_tpot_ms", None)),
        f"latency {quantile}": (outcome.latency_ms, getattr(workload, "max_latency_ms", None)),
    }
    for name, (value, limit) in limits.items():
        if value is not None:
            yield f"{name} {milliseconds(value)}" + (f" of {limit:,.6g}" if limit else "")
    deadline = getattr(workload, "deadline_hours", None)
    if outcome.duration_hours is not None and deadline is not None:
        yield f"done in {hours_in_words(outcome.duration_hours)} of {hours_in_words(deadline)}"


def _commitment(plan: Plan) -> str:
    bought = () if plan.schedule is None else plan.schedule.tranches
    terms = {line.offer.term_years for line in plan.lines} - {None}
    terms |= {tranche.term_years for tranche in bought}
    if not terms:
        return "no commitment"
    longest = max(term for term in terms if term is not None)
    text = f"{'up to ' if len(terms) > 1 else ''}{term_in_words(longest)} commitment"
    if plan.locked_in:
        text += f", {money(plan.locked_in, plan.currency)} of it after the horizon"
    return text


def baseline_words(plan: Plan, baseline: Baseline) -> str:
    """Write another way to meet the request and its difference to the plan."""
    if baseline.cost_total is None:
        return baseline.text
    if baseline.difference == 0:
        return f"{baseline.text}: the plan itself"
    share = baseline.difference_fraction
    text = (
        f"{baseline.text}: {cost_figure(plan, baseline.cost_total, baseline.horizon_hours)}"
        f"{'' if share is None else f' ({signed_percent(share)})'}"
        f"{'' if baseline.is_proven else ' or less'}"
    )
    return text + (
        f", cash now {money(baseline.cash_now, plan.currency)}" if baseline.cash_now else ""
    )


def exclusions_in_words(plan: Plan) -> str:
    """Count what was left out, by reason: offers, then instance types without any."""
    offers = [item for item in plan.exclusions if item.offers]
    shown = len(offers) if len(offers) == MOST_REASONS + 1 else MOST_REASONS
    named = [f"{item.offers:,} {item.text}" for item in offers[:shown]]
    rest = offers[shown:]
    if rest:
        named.append(f"{sum(item.offers for item in rest):,} for {len(rest)} other reasons")
    parts = [f"of {counted(plan.offers, 'offer')} {', '.join(named)}"] if named else []
    parts += [
        f"{counted(item.instance_types, 'instance type')} {item.text}"
        for item in plan.exclusions
        if not item.offers
    ]
    return "; ".join(parts) or "nothing"


def footer(plan: Plan) -> str:
    """Name the catalogue, what was rated, what is proven, and the time taken."""
    rated = f"{plan.rated_offers:,} of {counted(plan.offers, 'offer')} rated"
    parts = [f"Catalogue of {plan.catalog.as_of}", rated, *_proven(plan)]
    return f"{', '.join(parts)}; {plan.seconds:.2f} s."


def _proven(plan: Plan) -> Iterator[str]:
    """Say how near to the cheapest plan this one is proven to be."""
    if plan.gap is not None:
        exact = plan.gap <= PROVEN
        yield "proven cheapest" if exact else f"proven within {100 * plan.gap:.2g} %"
