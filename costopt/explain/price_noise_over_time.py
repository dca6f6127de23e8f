"""A plan over time at usual prices of spot: costed there, and planned again there."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import KEY_COLUMNS
from costopt.evaluate.scheduled import scheduled
from costopt.explain.hours_again import HoursAgain, HoursFound, spent_on
from costopt.explain.price_noise import (
    SAME_COST,
    PriceNoise,
    noise_in_words,
    past_spot_prices,
    usual_changes,
)
from costopt.plan.plan import Plan

SEARCH_SECONDS: Final = 2.0
"""Time for planning all hours at other prices [s]."""

KEYS: Final = list(KEY_COLUMNS)
"""Columns that name an offer."""


def noise_over_time(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> PriceNoise:
    """Cost a plan over time at each spot pool's 75th-percentile price, and plan it again there.

    Commitments are decided again as well: at usual prices of spot more of them may pay.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    rented = {line.offer for line in plan.lines if line.is_spot}
    schedule = plan.schedule
    if not rented or schedule is None:
        return PriceNoise()
    past = past_spot_prices(workloads, catalog)
    if past.empty:
        return PriceNoise(unknown=len(rented))
    usual = _usual_prices(workloads, past)
    told = set(usual[KEYS].astype(object).where(usual[KEYS].notna(), None).itertuples(index=False))
    known = {offer for offer in rented if tuple(offer.model_dump().values()) in told}
    if not known:
        return PriceNoise(unknown=len(rented))
    dearer = _repriced(catalog, usual)
    held = scheduled(plan.lines, schedule, plan.request, dearer)
    again = HoursAgain.of(plan, catalog, in_all=SEARCH_SECONDS, each=SEARCH_SECONDS)
    found = again.at_prices(dearer)
    spent, own = spent_on(held.schedule), spent_on(schedule)
    cost = (plan.cost_total or 0.0) + spent - own
    staying = spent + plan.switching_cost
    saving = staying - found.spent if isinstance(found, HoursFound) else 0.0
    is_clear = saving > max(SAME_COST, plan.gap or 0.0) * spent
    other = found.at_once if isinstance(found, HoursFound) and is_clear else ()
    return PriceNoise(
        pools=len(known),
        unknown=len(rented) - len(known),
        cost_total=cost,
        other_lines=other,
        saving=saving if other else 0.0,
        text=noise_in_words(plan, cost, len(known), len(rented), other, saving),
    )


def _usual_prices(workloads: Sequence[NamedWorkload], past: pd.DataFrame) -> pd.DataFrame:
    """Return the offers of spot whose percentile is known, with that price [its own currency]."""
    parts = []
    for item in workloads:
        offers = item.candidates.offers
        change = usual_changes(offers, past) / offers["exchange_rate"].to_numpy(dtype=np.float64)
        usual = offers[KEYS].assign(usual=offers["effective_per_hour"] + change)
        parts.append(usual[np.isfinite(change)])
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True).drop_duplicates(KEYS)
    return joined


def _repriced(catalog: Catalog, usual: pd.DataFrame) -> Catalog:
    """Return the catalogue with these prices in place of today's."""
    offers = catalog.offers
    price = offers[KEYS].merge(usual, on=KEYS, how="left")["usual"].to_numpy(dtype=np.float64)
    changed = {
        name: offers[name].where(np.isnan(price), price)
        for name in ("recurring_per_hour", "effective_per_hour")
    }
    return catalog.with_offers(offers.assign(**changed))
