"""What the hours of a scheduled plan cost: commitments applied in the provider's order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.owned import OWNED
from costopt.candidate.pricing import priced
from costopt.catalog.catalog import Catalog
from costopt.commitment.apply import Coverage, apply_commitments, rank_of
from costopt.commitment.time_value import later_mean_factors, mean_factor
from costopt.evaluate.component_prices import ComponentPrices, Place
from costopt.evaluate.facts import offers_of
from costopt.evaluate.resource_use import cover_amounts, share_instances
from costopt.evaluate.starts import charged_for_starts, started_hours
from costopt.evaluate.tranche_prices import (
    PLACE,
    TranchePrice,
    on_demand_prices,
    plan_rates,
    tranche_price,
)
from costopt.plan.line import PlanLine
from costopt.plan.schedule import ScheduledHour, Tranche
from costopt.workload.limits import TERM_OPTIONS
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]

DECLINING = ("on_demand", "spot")
"""Purchase options whose list prices are paid as they are on the day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinePrices:
    """Prices of the lines of a scheduled plan, means over the horizon; arrays of shape (lines,).

    Attributes:
        hourly: of an hour of one instance; 0 where a commitment pays for it [plan currency/h].
        present: the same as a present value [plan currency/h].
        on_demand: of the same instance on demand; NaN without such a price [plan currency/h].
        declined: mean of a list price over the horizon, of today's [1].
        is_spot: True for what can be reclaimed.
        is_owned: True for what was paid for before.
        start_up_hours: charged for a start [h].
    """

    hourly: Floats
    present: Floats
    on_demand: Floats
    declined: float
    is_spot: NDArray[np.bool_]
    is_owned: NDArray[np.bool_]
    start_up_hours: Floats


def line_prices(lines: Sequence[PlanLine], request: PlanRequest, catalog: Catalog) -> LinePrices:
    """Price the lines of a scheduled plan; list prices fall as the request expects.

    Args:
        lines: of the plan.
        request: the question.
        catalog: at the prices that are paid.
    """
    offers = offers_of(catalog, lines)
    offers = offers.assign(exchange_rate=plan_rates(offers["currency"], request, catalog))
    committed = offers["purchase_option"].isin(TERM_OPTIONS).to_numpy(dtype=np.bool_)
    hours = request.horizon_hours
    now = np.where(committed, 0.0, priced(offers, hours).per_hour)
    places = [(str(a), str(b), str(c)) for a, b, c in offers[PLACE].itertuples(index=False)]
    declined = mean_factor(1 - request.price_decline, hours)
    return LinePrices(
        hourly=now * mean_factors(offers, request),
        present=now * mean_factors(offers, request, discount=1 / (1 + request.cost_of_capital)),
        on_demand=on_demand_prices(places, request, catalog) * declined,
        declined=declined,
        is_spot=np.array([line.is_spot for line in lines], dtype=np.bool_),
        is_owned=np.array([line.is_owned for line in lines], dtype=np.bool_),
        start_up_hours=charged_for_starts(lines, offers, request, catalog),
    )


def mean_factors(offers: pd.DataFrame, request: PlanRequest, *, discount: float = 1.0) -> Floats:
    """Return what an hour of each offer costs over the horizon, of its price today (offers,).

    List prices on demand and on spot fall; so does what is charged for owned capacity once its
    commitment has ended, which is the price on demand of the hours after that.

    Args:
        offers: with purchase option and term.
        request: the question.
        discount: yearly factor of the present value; 1 for what is paid.
    """
    hours, falling = request.horizon_hours, (1 - request.price_decline) * discount
    options = offers["purchase_option"]
    ends = offers["term_hours"].to_numpy(dtype=np.float64)
    after = np.where(options == OWNED, ends, 0.0)
    return np.where(
        options.isin((*DECLINING, OWNED)),
        later_mean_factors(falling, after, hours),
        mean_factor(discount, hours),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherUsage:
    """Other usage in the kinds of hours of a schedule.

    Attributes:
        charges: on demand, without any plan (hours, others) [plan currency/h]; of those that are
            told in instances, how many run [1].
        draws: of charges of 1 on each tranche; NaN where it is not eligible
            (tranches, others) [1].
        places: provider, region and instance type of those in instances (others,).
    """

    charges: Floats
    draws: Floats
    places: tuple[Place | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """Who pays for what runs in each kind of hour.

    Attributes:
        counts: instances of each line, then charges of other usage (hours, lines) [1].
        charged: the same with the hours that are charged for starts (hours, lines) [1].
        by_hour: of them, what is paid by the hour, in parts (hours, lines) [1].
        used: of each tranche (hours, tranches) [1], [plan currency/h] or [amount].
        replaced: on-demand charges that each tranche takes the place of; NaN where the catalogue
            has no such price (hours, tranches) [plan currency/h].
        draws: True where a tranche may pay for a line (tranches, lines).
        taken: instances that run on each tranche of instances (tranches, hours, lines) [1].
    """

    counts: Floats
    charged: Floats
    by_hour: Floats
    used: Floats
    replaced: Floats
    draws: NDArray[np.bool_]
    taken: Floats


def usage_of(
    lines: Sequence[PlanLine],
    hours: Sequence[ScheduledHour],
    tranches: Sequence[Tranche],
    tranche_prices: Sequence[TranchePrice],
    prices: LinePrices,
    others: OtherUsage,
) -> Usage:
    """Let each commitment pay for what it covers, hour by hour, in the provider's order.

    Savings are held against each other at today's prices, as the plan was made. A start is charged
    as so many hours more of the instance, which a commitment of instances has paid for.

    Args:
        lines: of the plan.
        hours: kinds of hours with their counts.
        tranches: what is committed.
        tranche_prices: of one unit of each.
        prices: of the lines, and of other usage behind them.
        others: other usage of the company.
    """
    counts = np.array([hour.counts for hour in hours], dtype=np.float64)
    charged = counts + started_hours(hours, prices.start_up_hours)
    counts, charged = (np.concatenate([one, others.charges], axis=1) for one in (counts, charged))
    by_hour = charged.copy()
    taken = np.zeros((len(tranches), *counts.shape))
    shape = len(hours), len(tranches)
    used, replaced = np.zeros(shape), np.zeros(shape)
    for row, tranche in enumerate(tranches):
        own = np.flatnonzero([runs_on(line, tranche) for line in lines])
        taken[row][:, own] = counts[:, own]
        by_hour[:, own] = 0.0
    of_lines: list[Place | None] = [None] * len(lines)
    share_instances(by_hour, taken, [*of_lines, *others.places], tranches)
    draws = np.asarray(taken.any(axis=1))
    for row in _where(tranches, lambda one: one.instances is not None):
        used[:, row] = taken[row].sum(axis=1)
        paid = taken[row] + np.where(draws[row], charged - counts, 0.0)
        replaced[:, row] = paid @ np.where(draws[row], prices.on_demand, 0.0)
    places = [*(place_on_demand(line) for line in lines), *others.places]
    today = np.where(prices.hourly > 0, prices.hourly / prices.declined, 1.0)
    amounts, needs = cover_amounts(by_hour, today, places, tranches, tranche_prices)
    for row in _where(tranches, lambda one: bool(one.resource)):
        used[:, row] = amounts[:, row]
        replaced[:, row] = amounts[:, row] * (
            tranche_prices[row].replaced_per_hour * prices.declined
        )
        draws[row] = needs[row] > 0
    of_money = _where(tranches, lambda one: one.is_money)
    if of_money:
        rates = np.array([_rates(places, tranche_prices[row]) for row in of_money])
        rates[:, len(lines) :] = np.fmin(rates[:, len(lines) :], others.draws[of_money])
        committed = np.array([tranches[row].quantity for row in of_money])
        ranks = [rank_of(tranches[row].kind, is_spend=True) for row in of_money]
        applied = apply_commitments(
            by_hour,
            today,
            Coverage(
                amounts=np.tile(committed[:, None], len(hours)),
                draws=rates,
                rank=np.array(ranks, dtype=np.int64),
            ),
        )
        by_hour = applied.on_demand
        used[:, of_money] = committed - applied.unused.T
        replaced[:, of_money] = applied.replaced.T * prices.declined
        draws[of_money] = ~np.isnan(rates)
    return Usage(
        counts=counts,
        charged=charged,
        by_hour=by_hour,
        used=used,
        replaced=replaced,
        draws=draws,
        taken=taken,
    )


def _where(tranches: Sequence[Tranche], holds: Callable[[Tranche], bool]) -> list[int]:
    """Return the positions of some tranches."""
    return [row for row, tranche in enumerate(tranches) if holds(tranche)]


def runs_on(line: PlanLine, tranche: Tranche) -> bool:
    """Say whether instances of a line are those that a tranche commits."""
    offer = line.offer
    named = ("provider", "region", "zone", "instance_type", "purchase_option", "kind",
             "term_years", "payment")  # fmt: skip
    return tranche.instances is not None and all(
        getattr(offer, name) == getattr(tranche, name) for name in named
    )


def place_on_demand(line: PlanLine) -> Place | None:
    """Return provider, region and instance type of a line on demand; None of any other line."""
    offer = line.offer
    if offer.purchase_option != "on_demand":
        return None
    return offer.provider, offer.region, offer.instance_type


def _rates(places: Sequence[Place | None], price: TranchePrice) -> Floats:
    """Return what one instance in each place draws on a plan; NaN where it is not eligible."""
    return np.array(
        [np.nan if place is None else price.rates.get(place, np.nan) for place in places]
    )


def tranche_prices_of(
    tranches: Sequence[Tranche], request: PlanRequest, catalog: Catalog
) -> list[TranchePrice]:
    """Look up what one unit of each tranche costs."""
    of_amounts = ComponentPrices(request, catalog)
    return [
        of_amounts.price(tranche) if tranche.resource else tranche_price(tranche, request, catalog)
        for tranche in tranches
    ]
