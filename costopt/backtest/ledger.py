"""The ledger: what usage cost under commitments, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from costopt.backtest.products import Market
from costopt.backtest.usage import Usage
from costopt.commitment.apply import Coverage, Floats, apply_commitments, rank_of
from costopt.commitment.commitment import Commitment
from costopt.errors import InvalidInputError, UnknownNameError

SUMS: Final = ("list_cost", "on_demand", "commitments", "unused", "replaced", "cash")
"""Sums of the ledger, in the order of its columns [currency]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """Units of a product bought at the start of a month.

    Attributes:
        product: number in the market.
        amount: units, or money an hour [1 or currency/h].
        first: month it starts with.
        end: month after its last one.
    """

    product: int
    amount: float
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Owned:
    """What is owned already, in rows that each cover one SKU or spend one sum of money.

    Attributes:
        amounts: in each hour (rows, hours) [1 or currency/h].
        draws: what a unit-hour of a SKU takes (rows, skus); NaN where not eligible.
        rank: place in the order of application (rows,).
        cost_per_hour: of one unit in each hour (rows,) [currency/h].
        cash: paid in each hour, what was paid before the usage left out (hours,) [currency].
    """

    amounts: Floats
    draws: Floats
    rank: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
    cost_per_hour: Floats
    cash: Floats


def read_owned(commitments: Sequence[Commitment], usage: Usage, market: Market) -> Owned:
    """Lay out what is owned over the hours of the usage.

    Raises:
        InvalidInputError: a commitment is in another currency than the prices.
        UnknownNameError: a commitment covers no SKU of the usage.
    """
    shapes = [np.zeros((0, len(usage.hours))), np.zeros((0, len(usage.skus)))]
    amounts, draws = [shapes[0]], [shapes[1]]
    rank: list[int] = []
    costs: list[float] = []
    cash = np.zeros(len(usage.hours))
    for one in commitments:
        _refuse_foreign(one, usage, market)
        starts = pd.Timestamp(one.starts, tz="UTC")
        in_force = (usage.hours >= starts) & (
            usage.hours < pd.Timestamp(one.expires, tz="UTC") + pd.Timedelta(days=1)
        )
        for row_draws, amount, cost in _rows(one, usage, market):
            draws.append(row_draws[None, :])
            amounts.append(np.where(in_force, amount, 0.0)[None, :])
            rank.append(rank_of(one.plan, is_spend=one.is_spend))
            costs.append(cost)
        cash += np.where(in_force, one.recurring_per_hour, 0.0)
        cash += np.where(usage.hours == starts, one.upfront, 0.0)
    return Owned(
        amounts=np.concatenate(amounts),
        draws=np.concatenate(draws),
        rank=np.array(rank, dtype=np.int64),
        cost_per_hour=np.array(costs),
        cash=cash,
    )


def _refuse_foreign(one: Commitment, usage: Usage, market: Market) -> None:
    covered = [*one.quantities, *one.rates]
    if not set(covered) & set(usage.skus):
        raise UnknownNameError(f"SKU of the commitment {one.name}", covered[0], usage.skus)
    if one.currency != market.currency:
        raise InvalidInputError(
            "owned",
            [f"{one.name} is in {one.currency} and the prices in {market.currency}; convert it"],
        )


def _rows(one: Commitment, usage: Usage, market: Market) -> list[tuple[Floats, float, float]]:
    """Draws, amount, and cost of a unit in an hour, of each row of one commitment.

    What quantities of several SKUs cost is shared by what they would cost on demand; a SKU
    without usage has no price here and stands for nothing.
    """
    if one.is_spend:
        draws = np.array([one.rates.get(sku, np.nan) for sku in usage.skus])
        return [(draws, one.spend_per_hour, one.effective_per_hour / one.spend_per_hour)]
    used = [sku for sku in one.quantities if sku in usage.skus]
    price = {sku: market.on_demand_per_hour[usage.skus.index(sku)] for sku in used}
    worth = sum(one.quantities[sku] * price[sku] for sku in used)
    return [
        (
            np.where(np.array(usage.skus) == sku, 1.0, np.nan),
            one.quantities[sku],
            one.effective_per_hour * price[sku] / worth,
        )
        for sku in used
    ]


def coverage_of(market: Market, owned: Owned, bought: Floats, owned_amounts: Floats) -> Coverage:
    """Put what is owned and what was bought side by side.

    Args:
        market: with the products.
        owned: rows of what is owned.
        bought: amount of each product in each hour (products, hours).
        owned_amounts: amounts of the owned rows in the same hours (rows, hours).
    """
    skus = len(market.on_demand_per_hour)
    draws = [np.zeros((0, skus)), *(product.draws[None, :] for product in market.products)]
    ranks = np.array([product.rank for product in market.products], dtype=np.int64)
    return Coverage(
        amounts=np.concatenate([owned_amounts, bought]),
        draws=np.concatenate([owned.draws, *draws]),
        rank=np.concatenate([owned.rank, ranks]),
    )


def settle(
    usage: Usage, market: Market, owned: Owned, tranches: Sequence[Tranche]
) -> pd.DataFrame:
    """Apply commitments to the usage and add up each month.

    A commitment is charged its effective price for each hour that it is in force within the
    usage; what is paid when stands in ``cash``.

    Args:
        usage: by hour.
        market: prices.
        owned: before.
        tranches: bought.
    """
    bought = np.zeros((len(market.products), len(usage.hours)))
    upfront = np.zeros(len(usage.hours))
    for one in tranches:
        first, end = usage.first_hour(one.first), usage.first_hour(one.end)
        bought[one.product, first:end] += one.amount
        upfront[first] += one.amount * market.products[one.product].upfront
    coverage = coverage_of(market, owned, bought, owned.amounts)
    done = apply_commitments(usage.units, market.on_demand_per_hour, coverage)
    price = np.concatenate(
        [owned.cost_per_hour, [product.cost_per_hour for product in market.products]]
    )
    recurring = np.array([product.recurring_per_hour for product in market.products])
    on_demand = done.on_demand @ market.on_demand_per_hour
    hourly = pd.DataFrame(
        {
            "list_cost": usage.units @ market.on_demand_per_hour,
            "on_demand": on_demand,
            "commitments": price @ coverage.amounts,
            "unused": price @ done.unused,
            "replaced": done.replaced.sum(axis=0),
            "cash": on_demand + recurring @ bought + upfront + owned.cash,
        }
    )
    monthly = hourly.groupby(usage.month).sum()
    monthly.index = pd.Index([f"{month:%Y-%m}" for month in usage.months], name="month")
    return monthly[list(SUMS)]
