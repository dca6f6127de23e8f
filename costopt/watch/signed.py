"""Terms that a saved plan has signed: they cost what was agreed until they end."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import days_between
from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.plan import Plan
from costopt.units import HOURS_PER_YEAR

DAYS_PER_YEAR = HOURS_PER_YEAR / 24
"""Days in a term year of a commitment [days]."""


def spent(line: PlanLine) -> float:
    """Cost of a line over its hours, without the part of a term that outlives them."""
    return line.line_cost_total - line.locked_in


def signed_lines(plan: Plan, today: str) -> tuple[PlanLine, ...]:
    """Return the lines whose term, signed on the day of the plan's catalogue, still lasts.

    Args:
        plan: saved; taken as what runs.
        today: ISO day.
    """
    days = days_between(plan.catalog.as_of, today)
    return tuple(
        line
        for line in plan.lines
        if line.offer.term_years is not None and days <= line.offer.term_years * DAYS_PER_YEAR
    )


def with_signed(catalog: Catalog, signed: Sequence[PlanLine], currency: str) -> Catalog:
    """Return the catalogue with signed terms at the agreed price, sold there or not.

    A term is spread evenly over its hours, and what is paid for it already is not asked for
    again. A type without any price in the region stays as it is.

    Args:
        catalog: of today.
        signed: lines of a plan under a term.
        currency: of the plan.
    """
    if not signed:
        return catalog
    offers = catalog.offers
    for line in {line.offer: line for line in signed}.values():
        key = line.offer
        beside = offers[
            (offers["provider"] == key.provider)
            & (offers["region"] == key.region)
            & (offers["instance_type"] == key.instance_type)
        ]
        if beside.empty:
            continue
        same = [OfferKey.of(row) == key for _, row in beside.iterrows()]
        agreed = spent(line) / (line.count * line.hours)
        row = beside.head(1).assign(
            **key.model_dump(exclude={"term_years"}),
            term_years=key.term_years,
            recurring_per_hour=agreed,
            upfront=0.0,
            term_hours=np.nan,
            currency=currency,
            effective_per_hour=agreed,
            valid_until="",
            flags="",
            as_of=catalog.as_of,
        )
        rest = offers.drop(index=beside.index[same])
        offers = pd.concat([rest, row], ignore_index=True).astype(offers.dtypes.to_dict())
    return catalog.with_offers(offers)
