"""Products: the commitments that could be bought, and on-demand prices, from one table."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.commitment.apply import Floats, rank_of
from costopt.errors import InvalidInputError, MissingExchangeRateError, UnknownNameError
from costopt.units import HOURS_PER_YEAR

NEEDED: Final = ("sku", "purchase_option", "recurring_per_hour", "currency")
"""Columns that every table of prices has."""

FILLED: Final = {"kind": "", "scope": "", "term_years": np.nan, "payment": "", "upfront": 0.0}
"""Columns that may be left out, and what then stands in them."""

OPTIONS: Final = ("on_demand", "reserved", "subscription", "committed_use", "savings_plan")
"""Purchase options that take part; spot is bought by nobody's commitment."""

UPFRONT_SHARE: Final = {"no": 0.0, "partial": 0.5, "all": 1.0}
"""Part of a plan of money that is paid at its start. Source: AWS Savings Plans user guide, purchase
options (partial: half); Alibaba Cloud ECS, savings plans (partial: half)."""

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
    rows = _checked(prices)
    rows = rows[rows["sku"].isin(skus)]
    wanted, rows = _in_one_currency(rows, currency, catalog)
    listed = rows[rows["purchase_option"] == "on_demand"]
    missing = [sku for sku in skus if sku not in set(listed["sku"])]
    if missing:
        raise InvalidInputError(
            "prices",
            [f"{missing[0]!r} is used and has no on_demand row; add one, or leave its usage out"],
        )
    lowest = listed.groupby("sku")["recurring_per_hour"].min()
    committed = rows[rows["purchase_option"] != "on_demand"]
    quantities = [one for _, row in committed.iterrows() for one in _quantities(row, skus)]
    products = (*quantities, *_plans(committed, skus))
    names = pd.Series([one.name for one in products], dtype="str")
    if names.duplicated().any():
        twice = names[names.duplicated()].iloc[0]
        raise InvalidInputError("prices", [f"two rows are for {twice}; keep one of them"])
    return Market(
        currency=wanted,
        on_demand_per_hour=lowest[list(skus)].to_numpy(dtype=np.float64),
        products=products,
    )


def _checked(prices: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(prices, pd.DataFrame):
        raise InvalidInputError("prices", [f"{type(prices).__name__} is not a pandas DataFrame"])
    lacking = [name for name in NEEDED if name not in prices]
    if lacking:
        raise InvalidInputError(
            "prices", [f"there is no column {lacking[0]!r}; needed: {', '.join(NEEDED)}"]
        )
    rows = prices.assign(**{name: fill for name, fill in FILLED.items() if name not in prices})
    rows = rows.reset_index(drop=True).fillna({"kind": "", "scope": "", "payment": ""})
    for option in rows["purchase_option"].unique():
        if option not in OPTIONS:
            raise UnknownNameError("purchase option", str(option), OPTIONS)
    has_term = rows["purchase_option"] != "on_demand"
    figures = rows[["recurring_per_hour", "upfront", "term_years"]].apply(
        pd.to_numeric, errors="coerce"
    )
    nothing_upfront = (
        ~has_term | rows["payment"].eq("no") | rows["purchase_option"].eq("savings_plan")
    )
    is_empty = rows["upfront"].isna() & nothing_upfront
    figures["upfront"] = figures["upfront"].mask(is_empty, 0.0)
    cost = figures["recurring_per_hour"] + figures["upfront"]
    rules = {
        "recurring_per_hour must be a number of at least 0": ~(figures["recurring_per_hour"] >= 0),
        "upfront must be a number of at least 0": ~(figures["upfront"] >= 0),
        "the price must be above 0 and finite": ~((cost > 0) & (cost < np.inf)),
        "a commitment needs term_years above 0": has_term & ~(figures["term_years"] > 0),
        "payment must be no, partial or all": has_term & ~rows["payment"].isin(UPFRONT_SHARE),
        "an ec2_instance plan needs its family and region in the column scope": (
            rows["kind"] == "ec2_instance"
        )
        & (rows["scope"] == ""),
        "on_demand has no upfront and no term": ~has_term
        & ((figures["upfront"] > 0) | figures["term_years"].notna()),
        "currency must be three capital letters": ~rows["currency"]
        .astype("str")
        .str.fullmatch("[A-Z]{3}"),
    }
    problems = [
        f"{rows['sku'][broken.idxmax()]} {rows['purchase_option'][broken.idxmax()]}: {rule}"
        for rule, broken in rules.items()
        if broken.any()
    ]
    if problems:
        raise InvalidInputError("prices", problems)
    return rows.assign(**{name: figures[name] for name in figures})


def _in_one_currency(
    rows: pd.DataFrame, currency: str | None, catalog: Catalog | None
) -> tuple[str, pd.DataFrame]:
    present = sorted(set(rows["currency"]))
    if currency is None and len(present) > 1:
        raise InvalidInputError(
            "prices",
            [
                f"they are in {' and '.join(present)}; name one of them in currency= and give a "
                "catalog= whose dated rates convert the others"
            ],
        )
    wanted = currency if currency is not None else next(iter(present), "USD")
    factor = {wanted: 1.0}
    for other in (one for one in present if one != wanted):
        if catalog is None:
            raise MissingExchangeRateError(other, wanted, ())
        factor[other] = catalog.exchange_rate(other, wanted).rate
    factors = rows["currency"].map(factor)
    converted = {name: rows[name] * factors for name in ("recurring_per_hour", "upfront")}
    return wanted, rows.assign(**converted)


def _term(years: float) -> str:
    months = max(round(years * MONTHS_PER_YEAR), 1)
    return f"{months}m" if months % MONTHS_PER_YEAR else f"{months // MONTHS_PER_YEAR}y"


def _quantities(row: "pd.Series", skus: tuple[str, ...]) -> list[Product]:
    if _is_spend(row):
        return []
    recurring, upfront = float(row["recurring_per_hour"]), float(row["upfront"])
    years = float(row["term_years"])
    rates = np.full(len(skus), np.nan)
    rates[skus.index(row["sku"])] = recurring + upfront / (years * HOURS_PER_YEAR)
    name = f"{row['sku']}/{row['purchase_option']}/{_term(years)}/{row['payment']}"
    return [
        Product(
            name=name,
            kind=row["purchase_option"],
            plan="",
            is_spend=False,
            term_years=years,
            payment=row["payment"],
            rates=rates,
            upfront=upfront,
            recurring_per_hour=recurring,
        )
    ]


def _is_spend(row: "pd.Series") -> bool:
    return bool(row["purchase_option"] == "savings_plan" or row["kind"] == "flexible")


def _plans(committed: pd.DataFrame, skus: tuple[str, ...]) -> list[Product]:
    """One product for each plan, scope, term and payment that rows tell rates of."""
    of_money = committed[
        (committed["purchase_option"] == "savings_plan") | (committed["kind"] == "flexible")
    ]
    parts = ["purchase_option", "kind", "scope", "term_years", "payment"]
    plans = []
    for key, rows in of_money.groupby(parts, sort=True):
        option, plan, scope, years, payment = key
        twice = rows["sku"][rows["sku"].duplicated()]
        if len(twice):
            raise InvalidInputError(
                "prices",
                [
                    f"two rates for {twice.iloc[0]} under {option} {plan} of {_term(years)}, "
                    f"payment {payment}; tell two plans apart in the column scope"
                ],
            )
        effective = rows["recurring_per_hour"] + rows["upfront"] / (years * HOURS_PER_YEAR)
        rates = pd.Series(effective.to_numpy(), index=rows["sku"]).reindex(list(skus))
        share = UPFRONT_SHARE[payment]
        named = [part for part in (option, plan, scope, _term(years), payment) if part]
        plans.append(
            Product(
                name="/".join(named),
                kind=option,
                plan=plan,
                is_spend=True,
                term_years=years,
                payment=payment,
                rates=rates.to_numpy(dtype=np.float64),
                upfront=share * years * HOURS_PER_YEAR,
                recurring_per_hour=1 - share,
            )
        )
    return plans
