"""Products: the commitments that could be bought, and on-demand prices, from one table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from costopt.backtest.prices import UPFRONT_SHARE, checked_prices, in_one_currency
from costopt.catalog.catalog import Catalog
from costopt.commitment.apply import Floats, rank_of
from costopt.errors import InvalidInputError
from costopt.units import HOURS_PER_YEAR

MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Product:
    """One commitment that could be bought at the start of a month.

    Attributes:
        name: ``sku/option/term/payment``, or ``option/plan/scope/term/payment`` of money.
        kind: purchase option.
        plan: ``kind`` of the offers of a plan of money, else empty.
        is_spend: whether money is committed; otherwise whole units of one SKU.
        term_years: length [years].
        payment: no, partial or all.
        rates: price of a unit-hour of each SKU under it, the upfront part spread; NaN where it
            covers nothing (skus,) [currency/h].
        upfront: paid at the start for one unit, or for one unit of money an hour [currency].
        recurring_per_hour: charged each hour for the same [currency/h].
    """

    name: str
    kind: Literal["reserved", "subscription", "committed_use", "savings_plan"]
    plan: str
    is_spend: bool
    term_years: float
    payment: Literal["no", "partial", "all"]
    rates: Floats
    upfront: float
    recurring_per_hour: float

    @property
    def term_months(self) -> int:
        """Length in calendar months [1]."""
        return max(round(self.term_years * MONTHS_PER_YEAR), 1)

    @property
    def cost_per_hour(self) -> float:
        """Of one unit, or of one unit of money an hour; the upfront part spread [currency/h]."""
        return self.recurring_per_hour + self.upfront / (self.term_years * HOURS_PER_YEAR)

    @property
    def draws(self) -> Floats:
        """What a unit-hour of each SKU takes of it; NaN where it covers nothing (skus,)."""
        return self.rates if self.is_spend else np.where(np.isnan(self.rates), np.nan, 1.0)

    @property
    def rank(self) -> int:
        """Place in the order of application, 0 first."""
        return rank_of(self.plan, is_spend=self.is_spend)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """What usage costs on demand, and what could be bought to cover it.

    Attributes:
        currency: of all amounts.
        on_demand_per_hour: of one unit of each SKU (skus,) [currency/h].
        products: of quantities first.
    """

    currency: str
    on_demand_per_hour: Floats
    products: tuple[Product, ...]


def read_market(
    prices: pd.DataFrame, skus: tuple[str, ...], currency: str | None, catalog: Catalog | None
) -> Market:
    """Check a table of prices, bring it to one currency, and list what it offers for the SKUs.

    Args:
        prices: one row for each way to pay for a unit of a SKU, in the catalogue's columns.
        skus: of the usage.
        currency: of the result; where it is None, the one of the table.
        catalog: whose dated exchange rates convert; needed where a price is in another currency.

    Raises:
        InvalidInputError: a price breaks a rule, or a SKU has no on-demand price.
        UnknownNameError: a purchase option is not known.
        MissingExchangeRateError: a price is in another currency and no rate leads to this one.
    """
    rows = checked_prices(prices)
    rows = rows[rows["sku"].isin(skus)]
    wanted, rows = in_one_currency(rows, currency, catalog)
    listed = rows[rows["purchase_option"] == "on_demand"]
    missing = [sku for sku in skus if sku not in set(listed["sku"])]
    if missing:
        raise InvalidInputError(
            "prices",
            [f"{missing[0]!r} is used and has no on_demand row; add one, or leave its usage out"],
        )
    lowest = listed.groupby("sku")["recurring_per_hour"].min()
    committed = rows[rows["purchase_option"] != "on_demand"]
    products = (*_quantities(committed, skus), *_plans(committed, skus))
    names = pd.Series([one.name for one in products], dtype="str")
    if names.duplicated().any():
        twice = names[names.duplicated()].iloc[0]
        raise InvalidInputError("prices", [f"two rows are for {twice}; keep one of them"])
    on_demand = lowest[list(skus)].to_numpy(dtype=np.float64, copy=True)
    for prices_read in (on_demand, *(one.rates for one in products)):
        # A rule of one's own is handed the market, and must not change what it is judged by.
        prices_read.setflags(write=False)
    return Market(currency=wanted, on_demand_per_hour=on_demand, products=products)


def _term(years: float) -> str:
    months = max(round(years * MONTHS_PER_YEAR), 1)
    return f"{months}m" if months % MONTHS_PER_YEAR else f"{months // MONTHS_PER_YEAR}y"


def _is_spend(rows: pd.DataFrame) -> "pd.Series[bool]":
    return (rows["purchase_option"] == "savings_plan") | (rows["kind"] == "flexible")


def _quantities(committed: pd.DataFrame, skus: tuple[str, ...]) -> Iterator[Product]:
    """One product for each row that is not of a plan of money."""
    for row in committed[~_is_spend(committed)].to_dict("records"):
        sku, years = str(row["sku"]), float(row["term_years"])
        recurring, upfront = float(row["recurring_per_hour"]), float(row["upfront"])
        effective = recurring + upfront / (years * HOURS_PER_YEAR)
        yield Product(
            name=f"{sku}/{row['purchase_option']}/{_term(years)}/{row['payment']}",
            kind=row["purchase_option"],
            plan="",
            is_spend=False,
            term_years=years,
            payment=row["payment"],
            rates=np.where(np.array(skus) == sku, effective, np.nan),
            upfront=upfront,
            recurring_per_hour=recurring,
        )


def _plans(committed: pd.DataFrame, skus: tuple[str, ...]) -> Iterator[Product]:
    """One product for each plan, scope, term and payment that rows tell rates of."""
    of_money = committed[_is_spend(committed)]
    parts = ["purchase_option", "kind", "scope", "term_years", "payment"]
    for _, rows in of_money.groupby(parts, sort=True):
        told = rows[parts].to_dict("records")[0]
        years, payment = float(told["term_years"]), told["payment"]
        named = [told["purchase_option"], told["kind"], told["scope"], _term(years), payment]
        name = "/".join(part for part in named if part)
        twice = rows["sku"][rows["sku"].duplicated()]
        if len(twice):
            raise InvalidInputError(
                "prices",
                [
                    f"two rates for {twice.iloc[0]} under {name}; tell two plans apart in the "
                    "column scope"
                ],
            )
        effective = rows["recurring_per_hour"] + rows["upfront"] / (years * HOURS_PER_YEAR)
        rates = pd.Series(effective.to_numpy(), index=rows["sku"]).reindex(list(skus))
        share = UPFRONT_SHARE[payment]
        yield Product(
            name=name,
            kind=told["purchase_option"],
            plan=told["kind"],
            is_spend=True,
            term_years=years,
            payment=payment,
            rates=rates.to_numpy(dtype=np.float64),
            upfront=share * years * HOURS_PER_YEAR,
            recurring_per_hour=1 - share,
        )
