"""Exchange rates: one dated rate from a currency to another, or a clear refusal."""

import re
from dataclasses import asdict, dataclass
from math import isfinite

import pandas as pd

from costopt.catalog.arguments import figure_of, text_of
from costopt.catalog.dates import age_days, first_days
from costopt.catalog.schema import EXCHANGE_RATES
from costopt.errors import InvalidInputError, MissingExchangeRateError
from costopt.units import DAYS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """What one unit of a currency is worth in another, and since when.

    Attributes:
        base: ISO 4217 code of the currency that is converted.
        quote: ISO 4217 code of the currency that results.
        rate: units of ``quote`` per unit of ``base``.
        as_of: date of the rate, ISO 8601; empty for a currency into itself.
        source: who published the rate; empty for a currency into itself.
    """

    base: str
    quote: str
    rate: float
    as_of: str
    source: str


def find_rate(
    rates: pd.DataFrame, base: str, quote: str, reference: str, max_age_months: float
) -> ExchangeRate:
    """Newest usable rate between two currencies, directly or inverted.

    Args:
        rates: the catalogue's exchange_rates table.
        base: currency that is converted.
        quote: currency that results.
        reference: date of the catalogue, ISO 8601.
        max_age_months: age at which a rate is too old [months].

    Raises:
        MissingExchangeRateError: there is no rate, or only rates that are too old.
    """
    if base == quote:
        return ExchangeRate(base=base, quote=quote, rate=1.0, as_of="", source="")
    young = rates[age_days(rates["as_of"], reference) <= max_age_months * DAYS_PER_MONTH]
    days = first_days(young["as_of"])
    newest_first = young.loc[days.sort_values(ascending=False, kind="stable").index]
    for row in newest_first.to_dict("records"):
        rate = float(row["rate"])
        found = {(row["base"], row["quote"]): rate, (row["quote"], row["base"]): 1 / rate}
        if (base, quote) in found:
            return ExchangeRate(
                base=base,
                quote=quote,
                rate=found[base, quote],
                as_of=row["as_of"],
                source=row["source"],
            )
    known = [f"{row.base}/{row.quote} of {row.as_of}" for row in rates.itertuples(index=False)]
    raise MissingExchangeRateError(base, quote, known)


def add_rate(rates: pd.DataFrame, own: ExchangeRate) -> pd.DataFrame:
    """Return the rates with one of your own, in the place of one of the same pair and date.

    Args:
        rates: the catalogue's exchange_rates table.
        own: the rate to add.

    Raises:
        InvalidInputError: a code, the rate, the date or the source breaks a rule, or the table
            holds a newer rate of the pair.
    """
    _refuse_malformed(own)
    day = first_days(pd.Series([own.as_of], dtype="str")).iloc[0]
    pair = {own.base, own.quote}
    of_pair = rates["base"].isin(pair) & rates["quote"].isin(pair)
    days = first_days(rates["as_of"])
    newer = rates[of_pair & (days > day)]
    if len(newer):
        row = newer.iloc[0]
        raise InvalidInputError(
            "exchange rate",
            [
                f"as_of = {own.as_of}: the catalogue holds {row['base']}/{row['quote']} of "
                f"{row['as_of']}, which is newer and would be used; give a rate of a later date"
            ],
        )
    added = pd.DataFrame([asdict(own)]).astype(rates.dtypes.to_dict())
    both = pd.concat([rates[~(of_pair & (days == day))], added], ignore_index=True)
    return both.sort_values(list(EXCHANGE_RATES.key), ignore_index=True, kind="stable")


def _refuse_malformed(own: ExchangeRate) -> None:
    subject = "exchange rate"
    for name, code in (("base", own.base), ("quote", own.quote)):
        if not (isinstance(code, str) and re.fullmatch("[A-Z]{3}", code)):
            raise InvalidInputError(
                subject, [f"{name} = {code!r}: must be three capital letters, such as EUR"]
            )
    if own.base == own.quote:
        raise InvalidInputError(subject, [f"{own.base} into itself needs no rate"])
    rate = figure_of(subject, "rate", own.rate)
    if not (isfinite(rate) and rate > 0):
        raise InvalidInputError(subject, [f"rate = {rate}: must be above 0"])
    text_of("as_of", own.as_of, "give the date of the rate, such as 2026-08-22")
    text_of("source", own.source, "say who published the rate")
