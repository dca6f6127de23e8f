"""Other eligible usage of the company beside the lines of a plan over time."""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.evaluate.schedule_money import LinePrices, OtherUsage
from costopt.evaluate.tranche_prices import PLACE, SPEND_OPTION, on_demand_prices
from costopt.plan.schedule import Schedule, Tranche
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]

WHOLE_PROVIDER: Final = ("compute", "azure")
"""Plans of money that hold for every family and region of their provider.

Any other plan, and one whose kind its source does not state, is taken to hold for one family in
one region. Source: AWS, Savings Plans user guide (Compute and EC2 Instance plans); Azure,
savings plan for compute.
"""


def draws_of_others(tranches: Sequence[Tranche], request: PlanRequest) -> Floats:
    """Return what on-demand charges of 1 draw on each commitment (tranches, others) [1].

    Args:
        tranches: commitments; NaN where one does not cover the usage, and of usage in instances,
            whose rates are those of its instance type.
        request: the question.
    """
    draws = np.full((len(tranches), len(request.eligible_usage)), np.nan)
    for row, tranche in enumerate(tranches):
        for column, usage in enumerate(request.eligible_usage):
            of_provider = tranche.purchase_option == SPEND_OPTION and tranche.provider == (
                usage.provider
            )
            if usage.discount_fraction is None:
                continue
            if of_provider and tranche.kind in WHOLE_PROVIDER:
                draws[row, column] = 1 - usage.discount_fraction
    return draws


def other_usage_of(
    schedule: Schedule, tranches: Sequence[Tranche], request: PlanRequest
) -> OtherUsage:
    """Read the other usage of each kind of hour; every hour of the profile is one of its own.

    Args:
        schedule: with its kinds of hours.
        tranches: what is committed.
        request: the question.
    """
    charges = np.zeros((len(schedule.hours), len(request.eligible_usage)))
    for column, usage in enumerate(request.eligible_usage):
        for numbers in schedule.kind_of_hour:
            charges[list(numbers), column] = usage.by_hour
    return OtherUsage(
        charges=charges,
        draws=draws_of_others(tranches, request),
        places=tuple(usage.place for usage in request.eligible_usage),
    )


def prices_of_others(request: PlanRequest, catalog: Catalog) -> Floats:
    """Return today's price of one unit of each other usage: 1, or that of an instance (others,).

    Args:
        request: the question.
        catalog: at the prices that are paid.

    Raises:
        UnknownNameError: the catalogue has no such provider, region or instance type.
        InvalidInputError: one has no price on demand in its region.
    """
    prices = np.ones(len(request.eligible_usage))
    counted = [row for row, one in enumerate(request.eligible_usage) if one.place is not None]
    if not counted:
        return prices
    usages = [request.eligible_usage[row] for row in counted]
    for column in PLACE:
        known = catalog.known_names[column]
        for name in (getattr(usage, column) for usage in usages):
            if name not in known:
                hint = "It stands in eligible_usage."
                raise UnknownNameError(column.replace("_", " "), name, known, hint)
    places = [usage.place for usage in usages if usage.place is not None]
    prices[counted] = on_demand_prices(places, request, catalog)
    unpriced = [
        usage for usage, price in zip(usages, prices[counted], strict=True) if isnan(price)
    ]
    if unpriced:
        one = unpriced[0]
        raise InvalidInputError(
            "eligible_usage",
            [f"{one.name}: {one.instance_type} has no price on demand in {one.region}"],
        )
    return prices


def with_others(prices: LinePrices, request: PlanRequest, catalog: Catalog) -> LinePrices:
    """Put one unit of each other usage behind the lines; list prices fall as expected.

    Args:
        prices: of the lines.
        request: the question.
        catalog: at the prices that are paid.
    """
    one = prices_of_others(request, catalog)
    hours, left = request.horizon_hours, 1 - request.price_decline
    falls = mean_factor(left, hours)
    worth = mean_factor(left / (1 + request.cost_of_capital), hours)
    never = np.zeros(len(one), dtype=np.bool_)
    return replace(
        prices,
        hourly=np.concatenate([prices.hourly, one * falls]),
        present=np.concatenate([prices.present, one * worth]),
        on_demand=np.concatenate([prices.on_demand, one * falls]),
        is_spot=np.concatenate([prices.is_spot, never]),
        is_owned=np.concatenate([prices.is_owned, never]),
    )
