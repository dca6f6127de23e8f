"""Exchange rates: one dated rate from a currency to another, or a clear refusal."""

from dataclasses import dataclass

import pandas as pd

from costopt.catalog.dates import age_days, first_days
from costopt.errors import MissingExchangeRateError
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
