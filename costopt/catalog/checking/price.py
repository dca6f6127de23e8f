"""Checks of offers: money, currency, purchase option, and prices beside one another."""

from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.finding import found, in_words, join_findings, row_keys
from costopt.catalog.schema import OFFERS

COMMITMENTS: Final = frozenset({"reserved", "savings_plan", "committed_use", "subscription"})
"""Purchase options with a term."""

PURCHASE_OPTIONS: Final = COMMITMENTS | {
    "on_demand", "spot", "capacity_block", "low_priority", "flex_start", "calendar_mode",
}  # fmt: skip
"""Every purchase option of the catalogue; ``low_priority`` never enters a plan."""

MONEY: Final = ("recurring_per_hour", "upfront", "effective_per_hour")

_POOL: Final = ("provider", "region", "instance_type", "currency")


def price_not_positive(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers that cost nothing, less than nothing, or an amount that is not finite."""
    offers = tables["offers"]
    money = offers[list(MONEY)]
    payable = (money >= 0).all(axis=1) & (money < np.inf).all(axis=1)
    bad = offers[~(payable & (offers["effective_per_hour"] > 0))]
    detail = "the effective price must be above 0, its parts 0 or more, all finite"
    return found("price_not_positive", "left_out", OFFERS, bad, row_keys(OFFERS, offers), detail)


def currency_malformed(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers whose currency is not a code of ISO 4217."""
    offers = tables["offers"]
    bad = offers[~offers["currency"].str.fullmatch("[A-Z]{3}")]
    detail = "currency " + bad["currency"] + " is not three capital letters"
    return found("currency_malformed", "left_out", OFFERS, bad, row_keys(OFFERS, offers), detail)


def purchase_unknown(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers with a purchase option that the catalogue does not have."""
    offers = tables["offers"]
    bad = offers[~offers["purchase_option"].isin(PURCHASE_OPTIONS)]
    detail = "purchase option " + bad["purchase_option"] + " has no reviewed meaning"
    return found("purchase_unknown", "left_out", OFFERS, bad, row_keys(OFFERS, offers), detail)


def term_inconsistent(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Commitments without a term, and offers that have one and should not."""
    offers = tables["offers"]
    committed = offers["purchase_option"].isin(COMMITMENTS)
    termed = (offers["term_years"] > 0) & (offers["term_hours"] > 0)
    untermed = offers["term_years"].isna() & offers["term_hours"].isna()
    block = offers["purchase_option"] == "capacity_block"
    bad = offers[~(termed.where(committed, untermed) | (block & termed))]
    detail = "a commitment needs term_years and term_hours above 0, other offers have neither"
    return found("term_inconsistent", "left_out", OFFERS, bad, row_keys(OFFERS, offers), detail)


def payment_inconsistent(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Commitments whose upfront and hourly charges do not fit their way of payment."""
    offers = tables["offers"]
    hourly, once = offers["recurring_per_hour"] > 0, offers["upfront"] > 0
    fits = {"no": ~once, "partial": hourly & once, "all": once & ~hourly, "": ~once}
    committed = offers["purchase_option"].isin(COMMITMENTS)
    wrong = pd.Series(False, index=offers.index)
    for payment, fitting in fits.items():
        wrong |= committed & (offers["payment"] == payment) & ~fitting
    rows = offers[wrong | ~offers["payment"].isin(fits)]
    detail = "payment " + rows["payment"] + " does not fit the hourly and upfront charges"
    return found(
        "payment_inconsistent", "left_out", OFFERS, rows, row_keys(OFFERS, offers), detail
    )


def currency_without_rate(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers in a currency that no exchange rate names, beside offers in another."""
    offers, rates = tables["offers"], tables["exchange_rates"]
    alone = offers["currency"].nunique() <= 1
    unknown = ~offers["currency"].isin({*rates["base"], *rates["quote"]})
    rows = offers[unknown & ~alone]
    detail = "no exchange rate names " + rows["currency"]
    return found(
        "currency_without_rate", "warning", OFFERS, rows, row_keys(OFFERS, offers), detail
    )


def currency_mixed(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers of a region whose prices come in more than one currency."""
    offers = tables["offers"]
    currencies = offers.groupby(["provider", "region"])["currency"].transform("nunique")
    rows = offers[currencies > 1]
    detail = "prices of this region come in more than one currency"
    return found("currency_mixed", "warning", OFFERS, rows, row_keys(OFFERS, offers), detail)


def spot_ratio_odd(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Spot offers far below, or above, the on-demand price beside them."""
    offers = tables["offers"]
    spot = offers[offers["purchase_option"] == "spot"]
    ratio = spot["effective_per_hour"] / on_demand_beside(offers).reindex(spot.index)
    keys = row_keys(OFFERS, offers)
    high = settings.spot_ratio_high * (1 + settings.price_rounding_fraction)
    detail = in_words("spot costs {:.3f} of on-demand here", ratio)
    above, below = spot[ratio > high], spot[ratio < settings.spot_ratio_low]
    return join_findings(
        (
            found("spot_above_on_demand", "warning", OFFERS, above, keys, detail),
            found("spot_far_below_on_demand", "warning", OFFERS, below, keys, detail),
        )
    )


def commitment_above_on_demand(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Commitments that cost more than the on-demand price beside them."""
    offers = tables["offers"]
    committed = offers[offers["purchase_option"].isin(COMMITMENTS)]
    ratio = committed["effective_per_hour"] / on_demand_beside(offers).reindex(committed.index)
    rows = committed[ratio > 1 + settings.price_rounding_fraction]
    detail = in_words("the commitment costs {:.3f} of on-demand here", ratio)
    keys = row_keys(OFFERS, offers)
    return found("commitment_above_on_demand", "warning", OFFERS, rows, keys, detail)


def no_on_demand(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Offers that cannot be compared, because the region has no on-demand price for the type."""
    offers = tables["offers"]
    rows = offers[on_demand_beside(offers).isna()]
    detail = "not compared: the type has no on-demand price in this region"
    return found("no_on_demand", "info", OFFERS, rows, row_keys(OFFERS, offers), detail)


def effective_differs(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Offers whose effective price is not ``recurring + upfront / term_hours``."""
    offers = tables["offers"]
    spread = (offers["upfront"] / offers["term_hours"]).where(offers["term_hours"].notna(), 0.0)
    gap = (offers["recurring_per_hour"] + spread - offers["effective_per_hour"]).abs()
    rows = offers[gap > settings.effective_tolerance_per_hour]
    detail = in_words("recurring + upfront / term lies {:.6f}/h off the effective price", gap)
    return found("effective_differs", "warning", OFFERS, rows, row_keys(OFFERS, offers), detail)


def plan_unstated(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Savings plans whose source does not say which plan, or which payment, it prices."""
    offers = tables["offers"]
    plans = offers["purchase_option"] == "savings_plan"
    rows = offers[plans & ((offers["kind"] == "unstated") | (offers["payment"] == ""))]
    detail = "the source names neither the kind of savings plan nor its payment"
    return found("plan_unstated", "warning", OFFERS, rows, row_keys(OFFERS, offers), detail)


def on_demand_beside(offers: pd.DataFrame) -> "pd.Series[float]":
    """On-demand price of the same type, region and currency, beside every offer."""
    regional = offers[(offers["purchase_option"] == "on_demand") & (offers["zone"] == "")]
    prices = regional.groupby(list(_POOL))["effective_per_hour"].first()
    beside = prices.reindex(pd.MultiIndex.from_frame(offers[list(_POOL)]))
    return pd.Series(beside.to_numpy(dtype="float64"), index=offers.index)
