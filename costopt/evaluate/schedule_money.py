"""What the hours of a scheduled plan cost: commitments applied in the provider's order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.pricing import priced
from costopt.catalog.catalog import Catalog
from costopt.commitment.apply import Coverage, apply_commitments, rank_of
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.facts import offers_of
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
    options = offers["purchase_option"]
    declining = options.isin(DECLINING).to_numpy(dtype=np.bool_)
    committed = options.isin(TERM_OPTIONS).to_numpy(dtype=np.bool_)
    hours, left = request.horizon_hours, 1 - request.price_decline
    discount = 1 / (1 + request.cost_of_capital)
    now = np.where(committed, 0.0, priced(offers, hours).per_hour)
    places = [(str(a), str(b), str(c)) for a, b, c in offers[PLACE].itertuples(index=False)]
    declined = mean_factor(left, hours)
    worth = np.where(declining, mean_factor(left * discount, hours), mean_factor(discount, hours))
    return LinePrices(
        hourly=now * np.where(declining, declined, 1.0),
        present=now * worth,
        on_demand=on_demand_prices(places, request, catalog) * declined,
        declined=declined,
        is_spot=np.array([line.is_spot for line in lines], dtype=np.bool_),
        is_owned=np.array([line.is_owned for line in lines], dtype=np.bool_),
        start_up_hours=charged_for_starts(lines, offers, request, catalog),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherUsage:
    """Other usage in the kinds of hours of a schedule.

    Attributes:
        charges: on demand, without any plan (hours, others) [plan currency/h].
        draws: of charges of 1 on each tranche; NaN where it is not eligible
            (tranches, others) [1].
    """

    charges: Floats
    draws: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """Who pays for what runs in each kind of hour.

    Attributes:
        counts: instances of each line, then charges of other usage (hours, lines) [1].
        charged: the same with the hours that are charged for starts (hours, lines) [1].
        by_hour: of them, what is paid by the hour, in parts (hours, lines) [1].
        used: of each tranche (hours, tranches) [1] or [plan currency/h].
        replaced: on-demand charges that each tranche takes the place of; NaN where the catalogue
            has no such price (hours, tranches) [plan currency/h].
        draws: True where a tranche may pay for a line (tranches, lines).
    """

    counts: Floats
    charged: Floats
    by_hour: Floats
    used: Floats
    replaced: Floats
    draws: NDArray[np.bool_]


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
    no_others = [False] * others.charges.shape[1]
    by_hour = charged.copy()
    shape = len(hours), len(tranches)
    used, replaced = np.zeros(shape), np.zeros(shape)
    draws = np.zeros((len(tranches), counts.shape[1]), dtype=np.bool_)
    of_money = [index for index, one in enumerate(tranches) if one.instances is None]
    for index, tranche in enumerate(tranches):
        if index not in of_money:
            draws[index] = [*(runs_on(line, tranche) for line in lines), *no_others]
            by_hour[:, draws[index]] = 0.0
            used[:, index] = counts[:, draws[index]].sum(axis=1)
            value = charged * np.where(draws[index], prices.on_demand, 0.0)
            replaced[:, index] = value.sum(axis=1)
    if of_money:
        rates = np.array([_rates(lines, tranche_prices[index]) for index in of_money])
        rates = np.concatenate([rates, others.draws[of_money]], axis=1)
        committed = np.array([tranches[index].quantity for index in of_money])
        ranks = [rank_of(tranches[index].kind, is_spend=True) for index in of_money]
        applied = apply_commitments(
            by_hour,
            np.where(prices.hourly > 0, prices.hourly / prices.declined, 1.0),
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
    )


def runs_on(line: PlanLine, tranche: Tranche) -> bool:
    """Say whether instances of a line are those that a tranche commits."""
    offer = line.offer
    named = ("provider", "region", "zone", "instance_type", "purchase_option", "kind",
             "term_years", "payment")  # fmt: skip
    return all(getattr(offer, name) == getattr(tranche, name) for name in named)


def _rates(lines: Sequence[PlanLine], price: TranchePrice) -> Floats:
    """Return what one instance of each line draws on a plan; NaN where it is not eligible."""
    return np.array(
        [
            price.rates.get(
                (line.offer.provider, line.offer.region, line.offer.instance_type), np.nan
            )
            if line.offer.purchase_option == "on_demand"
            else np.nan
            for line in lines
        ]
    )


def tranche_prices_of(
    tranches: Sequence[Tranche], request: PlanRequest, catalog: Catalog
) -> list[TranchePrice]:
    """Look up what one unit of each tranche costs."""
    return [tranche_price(tranche, request, catalog) for tranche in tranches]
