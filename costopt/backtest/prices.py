"""Prices: the table that a person gives, checked and brought to one currency."""

from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, MissingExchangeRateError, UnknownNameError

NEEDED: Final = ("sku", "purchase_option", "recurring_per_hour", "currency")
"""Columns that every table of prices has."""

TEXTS: Final = ("kind", "scope", "payment")
"""Columns of text that may be left out or empty."""

OPTIONS: Final = ("on_demand", "reserved", "subscription", "committed_use", "savings_plan")
"""Purchase options that take part; spot is bought by nobody's commitment."""

FIGURES: Final = ("recurring_per_hour", "upfront", "term_years")
"""Columns of numbers."""

UPFRONT_SHARE: Final = {"no": 0.0, "partial": 0.5, "all": 1.0}
"""Part of a plan of money that is paid at its start. Source: AWS Savings Plans user guide,
purchase options (partial: half); Alibaba Cloud ECS, savings plans (partial: half)."""


def checked_prices(prices: pd.DataFrame) -> pd.DataFrame:
    """Give the table with every column, its figures as numbers.

    Raises:
        InvalidInputError: a column is missing, or a price breaks a rule; one sentence each.
        UnknownNameError: a purchase option is not known.
    """
    if not isinstance(prices, pd.DataFrame):
        raise InvalidInputError("prices", [f"{type(prices).__name__} is not a pandas DataFrame"])
    lacking = [name for name in NEEDED if name not in prices]
    if lacking:
        raise InvalidInputError(
            "prices", [f"there is no column {lacking[0]!r}; needed: {', '.join(NEEDED)}"]
        )
    rows = prices.reset_index(drop=True)
    for name in (*TEXTS, *FIGURES):
        if name not in rows:
            rows[name] = np.nan
    for name in TEXTS:
        rows[name] = rows[name].astype("str").where(rows[name].notna(), "")
    for option in rows["purchase_option"].unique():
        if option not in OPTIONS:
            raise UnknownNameError("purchase option", str(option), OPTIONS)
    for name in FIGURES:
        rows[name] = pd.to_numeric(rows[name], errors="coerce").astype(np.float64)
    none_due = rows["purchase_option"].isin(("on_demand", "savings_plan")) | (
        rows["payment"] == "no"
    )
    rows["upfront"] = rows["upfront"].mask(rows["upfront"].isna() & none_due, 0.0)
    named = rows["sku"].astype("str") + " " + rows["purchase_option"]
    problems = [
        f"{named[broken].iloc[0]}: {rule}"
        for rule, broken in _broken_rules(rows).items()
        if broken.any()
    ]
    if problems:
        raise InvalidInputError("prices", problems)
    return rows


def _broken_rules(rows: pd.DataFrame) -> dict[str, "pd.Series[bool]"]:
    """Rule -> rows that break it."""
    has_term = rows["purchase_option"] != "on_demand"
    recurring, upfront, years = (rows[name] for name in FIGURES)
    named = rows["currency"].astype("str").str.fullmatch("[A-Z]{3}")
    return {
        "recurring_per_hour must be a number of at least 0": ~(recurring >= 0),
        "upfront must be a number of at least 0": ~(upfront >= 0),
        "the price must be above 0 and finite": ~(recurring + upfront > 0)
        | np.isinf(recurring + upfront),
        "a commitment needs term_years above 0": has_term & ~(years > 0),
        "payment must be no, partial or all": has_term & ~rows["payment"].isin(UPFRONT_SHARE),
        "an ec2_instance plan needs its family and region in the column scope": (
            (rows["kind"] == "ec2_instance") & (rows["scope"] == "")
        ),
        "on_demand has no upfront and no term": ~has_term & ((upfront > 0) | years.notna()),
        "currency must be three capital letters": ~named,
    }


def in_one_currency(
    rows: pd.DataFrame, currency: str | None, catalog: Catalog | None
) -> tuple[str, pd.DataFrame]:
    """Convert a table of prices; give the currency with it.

    Args:
        rows: checked.
        currency: wanted; where it is None, the one of the table.
        catalog: whose dated rates convert.

    Raises:
        InvalidInputError: there are several currencies and none is wanted.
        MissingExchangeRateError: no rate leads to the one wanted.
    """
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
    factors = rows["currency"].map(factor).astype(np.float64)
    converted = rows.copy()
    for name in ("recurring_per_hour", "upfront"):
        converted[name] = rows[name] * factors
    return wanted, converted
