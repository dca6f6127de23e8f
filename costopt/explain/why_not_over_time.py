"""What one instance of an offer that no hour rents would cost over the hours."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any, Final

import numpy as np
import pandas as pd

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.candidate.find import NamedWorkload
from costopt.candidate.pricing import priced
from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor, present_value_of_terms
from costopt.evaluate.schedule_money import DECLINING
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.explain.field import OfferMatch
from costopt.explain.hours_again import HoursAgain, HoursFound
from costopt.plan.answer import cost_figure
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import signed_percent
from costopt.workload.limits import TERM_OPTIONS
from costopt.workload.request import PlanRequest

SEARCH_SECONDS: Final = 3.0
"""Time for planning all hours with one instance of it [s]."""

FORCED: Final = "paid-beforehand"
"""Name of the capacity that stands for the instance which must be paid for."""

ROUNDING: Final = 1e-6
"""Relative difference of two costs that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithOne:
    """The cheapest plan that pays for one instance of an offer in every hour.

    Attributes:
        cost_total: of that plan, as a present value [plan currency].
        difference: the same minus the plan's [plan currency].
        lines: of it; the instance stands among them as already paid, unless it is idle.
        text: in words.
    """

    cost_total: float
    difference: float
    lines: tuple[PlanLine, ...]
    text: str


def with_one_over_time(
    plan: Plan,
    workloads: tuple[NamedWorkload, ...],
    catalog: Catalog,
    match: OfferMatch,
    name: str,
) -> WithOne | None:
    """Plan all hours with one instance of an offer that is paid for whether it runs or not.

    The cheapest of the matching offers is paid for beforehand, over the whole horizon, and stands
    as owned capacity beside all others: ``c + min(rest with one instance for nothing)``. What is
    owned cannot be taken back, so that for spot this is the least that it could cost.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what it was made from.
        match: the offers.
        name: of them, in words.

    Returns:
        None where that cannot be planned: the type has no price on demand beside it, a plan of
        money is asked for, or time ran out.
    """
    schedule, request = plan.schedule, plan.request
    offer = _cheapest(workloads, match, request)
    if schedule is None or offer is None:
        return None
    account = Account(as_of=catalog.as_of, commitments=(_owned(offer, catalog, request),))
    owning = account.priced(catalog)
    if len(owning.offers) == len(catalog.offers):
        return None
    asked = request.model_copy(update={"limits": account.limiting(request.limits, catalog)})
    again = HoursAgain.of(plan, owning, in_all=SEARCH_SECONDS, each=SEARCH_SECONDS)
    found = again.asked(asked)
    if not isinstance(found, HoursFound):
        return None
    cost = float(offer["beforehand"]) + found.schedule.objective
    difference = cost - schedule.objective
    used = any(line.is_owned and line.offer.kind == FORCED for line in found.lines)
    text = _in_words(plan, name, difference, offer, found)
    return WithOne(
        cost_total=cost,
        difference=difference,
        lines=found.lines,
        text=text if used else f"{text} It would stand idle there.",
    )


def _cheapest(
    workloads: tuple[NamedWorkload, ...], match: OfferMatch, request: PlanRequest
) -> "pd.Series[Any] | None":
    """Return the cheapest of the matching offers with what it costs beforehand; None without."""
    found = pd.concat([item.candidates.offers for item in workloads], ignore_index=True)
    found = found[match.rows(found) & (found["purchase_option"] != SPEND_OPTION)]
    if found.empty:
        return None
    costs = _beforehand(found, request)
    return found.assign(beforehand=costs).iloc[int(costs.argmin())]


def _beforehand(offers: pd.DataFrame, request: PlanRequest) -> "np.ndarray[Any, Any]":
    """Return what one instance costs over the horizon, as a present value [plan currency]."""
    rate = offers["exchange_rate"].to_numpy(dtype=np.float64)
    hours, discount = request.horizon_hours, 1 / (1 + request.cost_of_capital)
    options = offers["purchase_option"]
    falling = mean_factor((1 - request.price_decline) * discount, hours)
    scale = np.where(options.isin(DECLINING), falling, mean_factor(discount, hours))
    by_hour = priced(offers, hours).per_hour * hours * scale
    terms = present_value_of_terms(
        offers["recurring_per_hour"].to_numpy(dtype=np.float64) * rate,
        offers["upfront"].to_numpy(dtype=np.float64) * rate,
        offers["term_hours"].to_numpy(dtype=np.float64),
        hours,
        request.cost_of_capital,
    )
    return np.where(options.isin(TERM_OPTIONS), terms, by_hour)


def _owned(offer: "pd.Series[Any]", catalog: Catalog, request: PlanRequest) -> InstanceCommitment:
    """Return one instance that is paid for beyond the horizon."""
    days = ceil(request.horizon_hours / 24) + 1
    return InstanceCommitment(
        name=FORCED,
        key=f"{offer['provider']}/{offer['region']}/{offer['instance_type']}",
        kind="reserved",
        count=1,
        expires=(date.fromisoformat(catalog.as_of) + timedelta(days=days)).isoformat(),
    )


def _in_words(
    plan: Plan, name: str, difference: float, offer: "pd.Series[Any]", found: HoursFound
) -> str:
    own = 0.0 if plan.schedule is None else plan.schedule.objective
    proven = found.status is PlanStatus.OPTIMAL_WITHIN_GAP
    bound = " at least" if offer["purchase_option"] == "spot" else "" if proven else " at most"
    open_to = max(ROUNDING, plan.gap or 0.0) * own
    if offer["purchase_option"] == "spot" and difference <= open_to:
        more = "would cost no more if it were never taken back"
    elif abs(difference) <= open_to:
        more = "would cost the same within what the search leaves open"
    elif difference < 0:
        more = f"would cost {cost_figure(plan, -difference)} less, so that the search missed it"
    else:
        share = f" ({signed_percent(difference / own)})" if own else ""
        more = f"would cost{bound} {cost_figure(plan, difference)} more{share}"
    return f"One {name} in every hour {more}; no hour of the plan rents it."
