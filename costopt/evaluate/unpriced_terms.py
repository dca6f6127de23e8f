"""Types that might be worth a commitment for a year, if it had a price."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import present_value_of_terms
from costopt.evaluate.component_prices import covered_for_a_year
from costopt.evaluate.other_usage import other_usage_of, with_others
from costopt.evaluate.schedule_figures import Weights
from costopt.evaluate.schedule_money import line_prices, tranche_prices_of, usage_of
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule, UnpricedTerm
from costopt.units import HOURS_PER_YEAR
from costopt.workload.limits import TERM_OPTIONS
from costopt.workload.request import PlanRequest

MOST_UNPRICED: Final = 3
"""Instance types without a price for a term that a plan names, the dearest first."""


def unpriced_terms(
    lines: Sequence[PlanLine], schedule: Schedule, request: PlanRequest, catalog: Catalog
) -> tuple[UnpricedTerm, ...]:
    """Find types that run on demand, and for which no price with a term of a year is known.

    What no other commitment covers of the first instance costs P in the horizon. It would be
    cheaper with a commitment below P over the hours of the whole terms that the horizon takes,
    both as present values, the commitment paid by the hour.

    Args:
        lines: of the plan.
        schedule: with its commitments.
        request: the question.
        catalog: at the prices that are paid.
    """
    if TERM_OPTIONS.isdisjoint(request.limits.options):
        return ()
    weights = Weights.of(schedule).hours
    prices = with_others(line_prices(lines, request, catalog), request, catalog)
    of_tranches = tranche_prices_of(schedule.tranches, request, catalog)
    others = other_usage_of(schedule, schedule.tranches, request)
    usage = usage_of(lines, schedule.hours, schedule.tranches, of_tranches, prices, others)
    first_paid = weights @ np.minimum(usage.by_hour, 1.0) * prices.present
    one, year = np.ones(1), np.array([HOURS_PER_YEAR])
    terms = present_value_of_terms(
        one, 0 * one, year, request.horizon_hours, request.cost_of_capital
    )
    offers = catalog.offers
    yearly = offers[offers["purchase_option"].isin(TERM_OPTIONS) & (offers["term_years"] == 1.0)]
    known = set(yearly[["provider", "region", "instance_type"]].itertuples(index=False, name=None))
    known |= covered_for_a_year(request, catalog)
    found: dict[tuple[str, str, str], UnpricedTerm] = {}
    for row, line in enumerate(lines):
        place = line.offer.provider, line.offer.region, line.offer.instance_type
        if line.offer.purchase_option != "on_demand" or place in known:
            continue
        wins_below = float(first_paid[row] / terms[0])
        if wins_below and (place not in found or found[place].wins_below_per_hour < wins_below):
            found[place] = UnpricedTerm(
                provider=place[0],
                region=place[1],
                instance_type=place[2],
                wins_below_per_hour=wins_below,
            )
    dearest = sorted(found.values(), key=lambda one: -one.wins_below_per_hour)
    return tuple(dearest[:MOST_UNPRICED])
