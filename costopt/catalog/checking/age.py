"""Checks of age, measured back from the newest offer."""

import numpy as np
import pandas as pd

from costopt.catalog.checking.price import COMMITMENTS
from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.dates import age_days, first_days, newest_day, too_old
from costopt.catalog.finding import found, in_words, join_findings, no_findings, row_keys
from costopt.catalog.schema import EXCHANGE_RATES, OFFERS
from costopt.units import DAYS_PER_MONTH


def offer_too_old(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Prices that plans leave out by default, or take with a warning; one finding a batch.

    A batch is what one provider's purchase option got on one date. Ages depend on the newest
    offer, which changes when catalogues are merged, so no row carries a flag for its age.
    """
    offers = tables["offers"]
    if offers.empty:
        return no_findings()
    days = age_days(offers["as_of"], newest_day(offers["as_of"]))
    gone = too_old(offers["purchase_option"], days, settings.max_age_months)
    warned = offers["purchase_option"].isin(COMMITMENTS | {"on_demand"}).to_numpy()
    ageing = ~gone & warned & (days > settings.warning_age_months * DAYS_PER_MONTH)
    aged = offers.assign(months=days / DAYS_PER_MONTH)
    return join_findings(
        (
            _batches("too_old", aged[gone], settings),
            _batches("ageing", aged[ageing], settings),
        )
    )


def _batches(check: str, offers: pd.DataFrame, settings: CheckSettings) -> pd.DataFrame:
    """Return one finding for each provider, purchase option and date."""
    by = ["provider", "purchase_option", "as_of"]
    batch = offers.groupby(by, as_index=False).agg(
        offers=("region", "size"),
        months=("months", "max"),
        source=("source", lambda sources: "; ".join(sorted(set(sources)))),
    )
    limit = batch["purchase_option"].map(dict(settings.max_age_months))
    option = batch["purchase_option"]
    keys = batch["provider"] + "/*/*/*/" + option + "/*/*/*@" + batch["as_of"]
    detail = (
        in_words("{:,} offers, ", batch["offers"])
        + in_words("{:.0f} months old; ", batch["months"])
        + in_words("plans take such prices up to {:g} months", limit)
    )
    return found(check, "warning", OFFERS, batch, keys, detail)


def exchange_rate_too_old(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Exchange rates that plans refuse because of their age."""
    offers, rates = tables["offers"], tables["exchange_rates"]
    if offers.empty or rates.empty:
        return no_findings()
    days = age_days(rates["as_of"], newest_day(offers["as_of"]))
    limit = settings.max_age_months["exchange_rate"]
    months = pd.Series(days / DAYS_PER_MONTH, index=rates.index)
    detail = in_words("{:.0f} months old; ", months) + f"plans take rates up to {limit:g} months"
    rows = rates[months > limit]
    keys = row_keys(EXCHANGE_RATES, rates)
    return found("too_old", "warning", EXCHANGE_RATES, rows, keys, detail)


def capacity_block_expired(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Capacity blocks whose price was valid only until a day before the newest offer."""
    offers = tables["offers"]
    dated = offers[offers["valid_until"] != ""]
    if dated.empty:
        return no_findings()
    newest = np.datetime64(newest_day(offers["as_of"]))
    rows = dated[first_days(dated["valid_until"]) < newest]
    detail = "the price was valid until " + rows["valid_until"]
    keys = row_keys(OFFERS, offers)
    return found("capacity_block_expired", "warning", OFFERS, rows, keys, detail)
