"""The program of purchases: what to commit, and from when, for usage that is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from costopt.backtest.kinds import Kinds, kinds_of_hours
from costopt.backtest.products import Market
from costopt.commitment.apply import Floats, Integers
from costopt.solve.highs import run_program
from costopt.solve.problem import IntArray
from costopt.solve.program import Program


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """Products and the periods that a purchase of each covers (purchases,).

    Attributes:
        product: number of the product.
        first: first period covered.
        end: period after the last one covered.
    """

    product: Integers
    first: Integers
    end: Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Purchases:
    """What the program bought.

    Attributes:
        amounts: units, whole, or money an hour, of each possible purchase (purchases,); None
            where time ran out before any were found.
        bound: no purchases cost less than this, with usage on demand [currency].
    """

    amounts: Floats | None
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effort:
    """How far the program is reduced, and how long it may take.

    Attributes:
        cells: kinds of hours times SKUs that are bought for together, above which hours are
            averaged [1].
        gap: relative distance to the bound at which the search stops [1].
        seconds: time for the search [s].
    """

    cells: int
    gap: float
    seconds: float


def best_purchases(
    units: Floats, period: Integers, market: Market, window: Window, effort: Effort
) -> Purchases:
    """Find the purchases that make known usage cheapest.

    ``min sum_j C_j n_j + sum_h w_h sum_i o_i y_hi`` with, for each kind of hour h and SKU i,
    ``sum_j n_j + sum_p x_phi + y_hi >= u_hi`` over the purchases j of i in force, and for each
    plan of money p ``sum_i r_pi x_phi <= sum_j n_j`` over its purchases in force. Quantities are
    whole. SKUs that no plan of money joins have kinds of hours of their own.

    Args:
        units: usage by hour (hours, skus) [1].
        period: period of each hour, in order (hours,).
        market: prices and products.
        window: what may be bought, and what of the periods it covers.
        effort: how far to reduce it, and its time.
    """
    if not len(window.product):
        return Purchases(
            amounts=np.zeros(0), bound=float((units @ market.on_demand_per_hour).sum())
        )
    hours = np.bincount(period, minlength=int(window.end.max()))
    until = np.concatenate([[0], np.cumsum(hours)])
    hourly = np.array([product.cost_per_hour for product in market.products])[window.product]
    cost = hourly * (until[window.end] - until[window.first])
    builder = _Builder(market=market, window=window, program=Program())
    builder.add_purchases(units, cost)
    for skus in _joined(market):
        most = max(effort.cells // len(skus), 1)
        builder.add_hours(skus, kinds_of_hours(units[:, skus], period, most))
    scale = float(np.mean(cost))
    builder.program.costs = [costs / scale for costs in builder.program.costs]
    run = run_program(builder.program, gap=effort.gap, time_limit_seconds=effort.seconds)
    if run.values is None:
        return Purchases(amounts=None, bound=max(run.bound * scale, 0.0))
    bound = run.bound
    if not np.concatenate(builder.program.integers).any():
        # a linear program has no bound of its own beside its optimum
        bound = float(np.concatenate(builder.program.costs) @ run.values)
    is_spend = np.array([product.is_spend for product in market.products])[window.product]
    amounts = run.values[: len(cost)].clip(min=0.0)
    return Purchases(
        amounts=np.where(is_spend, amounts, np.round(amounts)), bound=max(bound * scale, 0.0)
    )


def _joined(market: Market) -> list[IntArray]:
    """SKUs in groups, such that every plan of money covers SKUs of one group only."""
    group = np.arange(len(market.on_demand_per_hour))
    for product in market.products:
        if product.is_spend:
            covered = group[~np.isnan(product.rates)]
            group[np.isin(group, covered)] = covered.min()
    return [np.flatnonzero(group == one) for one in np.unique(group)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Builder:
    """The program under construction; purchases are its first columns."""

    market: Market
    window: Window
    program: Program

    def add_purchases(self, units: Floats, cost: Floats) -> None:
        most = units.max(axis=0)
        for product, one_cost in zip(self.window.product, cost, strict=True):
            bought = self.market.products[product]
            eligible = ~np.isnan(bought.rates)
            draws = np.where(eligible, bought.draws, 0.0)
            upper = np.ceil(draws @ most) if not bought.is_spend else draws @ most
            self.program.add_columns(np.array([one_cost]), upper, integer=not bought.is_spend)

    def add_hours(self, skus: IntArray, kinds: Kinds) -> None:
        """Add what runs on demand, and what covers each hour."""
        shape = kinds.units.shape
        on_demand = self.program.add_columns(
            (kinds.weight_hours[:, None] * self.market.on_demand_per_hour[skus]).ravel(),
            kinds.units.ravel(),
            integer=False,
        )
        served = self.program.add_rows(kinds.units.size, kinds.units.ravel(), np.inf)
        self.program.add_entries(served, on_demand, 1.0)
        rows = served.reshape(shape)
        for product in self._concerning(skus):
            column, kind = self._in_force(product, kinds)
            if not self.market.products[product].is_spend:
                (place,) = np.flatnonzero(~np.isnan(self.market.products[product].rates[skus]))
                self.program.add_entries(rows[kind, place], column, 1.0)
            else:
                self._add_plan(product, skus, kinds, rows)

    def _add_plan(self, product: int, skus: IntArray, kinds: Kinds, rows: IntArray) -> None:
        """Add the usage that a plan of money covers, within what is committed each hour."""
        rates = self.market.products[product].rates[skus]
        places = np.flatnonzero(~np.isnan(rates))
        covered = kinds.units[:, places]
        columns = self.program.add_columns(np.zeros(covered.size), covered.ravel(), integer=False)
        self.program.add_entries(rows[:, places].ravel(), columns, 1.0)
        spent = self.program.add_rows(len(covered), -np.inf, 0.0)
        self.program.add_entries(
            np.repeat(spent, len(places)), columns, np.tile(rates[places], len(covered))
        )
        column, kind = self._in_force(product, kinds)
        self.program.add_entries(spent[kind], column, -1.0)

    def _concerning(self, skus: IntArray) -> Iterator[int]:
        for product in np.unique(self.window.product):
            if not np.isnan(self.market.products[product].rates[skus]).all():
                yield int(product)

    def _in_force(self, product: int, kinds: Kinds) -> tuple[IntArray, IntArray]:
        """Pairs of a purchase of the product and a kind of hour that it is in force in."""
        bought = np.flatnonzero(self.window.product == product)
        active = (self.window.first[bought, None] <= kinds.period) & (
            kinds.period < self.window.end[bought, None]
        )
        place, kind = np.nonzero(active)
        return bought[place], kind
