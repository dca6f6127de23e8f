"""Offers: what each compiled price means, split into what recurs and what is paid once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import pandas as pd

from costopt.catalog.building.notes import flags_in_notes
from costopt.catalog.building.words import meanings
from costopt.units import HOURS_PER_YEAR

KIND_UNSTATED: Final = "unstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a word of the facts means.

    Attributes:
        option: purchase option of the catalogue.
        kind: of a savings plan; empty for the other options.
        term_years: length of a commitment as decimal text; empty without one [years].
        payment: of a commitment: no, partial or all upfront.
    """

    option: str
    kind: str = ""
    term_years: str = ""
    payment: str = ""


MONTH_IN_YEARS: Final = "0.083333"
"""One month as a share of a year, in the six decimals of prices: 1 / 12."""

PURCHASES: Final[Mapping[str, Purchase]] = {
    "on_demand": Purchase(option="on_demand"),
    "spot": Purchase(option="spot"),
    "low_priority": Purchase(option="low_priority"),
    "capacity_block": Purchase(option="capacity_block", payment="all"),
    **{
        f"reserved_{years}y_{payment}_upfront": Purchase(
            option="reserved", term_years=years, payment=payment
        )
        for years in ("1", "3")
        for payment in ("no", "partial", "all")
    },
    **{
        f"reserved_{years}y": Purchase(option="reserved", term_years=years, payment="all")
        for years in ("1", "3")
    },
    **{
        f"{prefix}savings_plan_{years}y": Purchase(
            option="savings_plan", kind=kind, term_years=years
        )
        for prefix, kind in (
            ("", KIND_UNSTATED),
            ("compute_", "compute"),
            ("ec2_instance_", "ec2_instance"),
        )
        for years in ("1", "3")
    },
    **{
        f"cud_{years}y": Purchase(option="committed_use", term_years=years, payment="no")
        for years in ("1", "3")
    },
    **{
        f"subscription_{word}": Purchase(option="subscription", term_years=years, payment="all")
        for word, years in (("1m", MONTH_IN_YEARS), ("1y", "1"), ("3y", "3"))
    },
}
"""Word of the facts -> what it means.

Azure's ``reserved_1y`` and ``reserved_3y`` are paid at once; a savings plan whose source names no
kind is ``unstated``, except where the provider has one kind only.
"""

ONLY_SAVINGS_PLAN: Final[Mapping[str, Purchase]] = {
    "azure": Purchase(option="savings_plan", kind="azure", payment="no")
}
"""Provider with one kind of savings plan -> that kind and its payment.

Source: learn.microsoft.com, "What is Azure savings plans for compute?": one product, billed by
the hour, at the same rate whether it is paid monthly or at once.
"""

TERM_HOURS: Final[Mapping[str, str]] = {
    "": "",
    MONTH_IN_YEARS: f"{HOURS_PER_YEAR / 12:g}",
    "1": f"{HOURS_PER_YEAR:g}",
    "3": f"{3 * HOURS_PER_YEAR:g}",
}
"""Length of a term in years -> in hours of 365-day years."""

_CENT: Final = Decimal("0.01")
_PRICE_STEP: Final = Decimal("0.000001")
_VALID_UNTIL: Final = r"valid until (\d{4}-\d{2}-\d{2})"


def build_offers(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the offers table from ``prices.csv``."""
    word = facts["purchase_option"]
    option = _meaning(word, PURCHASES, "option")
    years = _meaning(word, PURCHASES, "term_years")
    unstated = _meaning(word, PURCHASES, "kind") == KIND_UNSTATED
    only = facts["provider"].where(unstated, "")
    payment = _meaning(word, PURCHASES, "payment")
    meant = facts.assign(
        purchase_option=option.where(option != "", word),
        kind=_first_stated(
            _meaning(only, ONLY_SAVINGS_PLAN, "kind"), _meaning(word, PURCHASES, "kind")
        ),
        payment=_first_stated(_meaning(only, ONLY_SAVINGS_PLAN, "payment"), payment),
        term_years=years,
        term_hours=meanings(years, TERM_HOURS),
    )
    return meant.assign(
        **_split(meant),
        zone="",
        effective_per_hour=facts["price_per_hour"],
        valid_until=facts["source"].str.extract(_VALID_UNTIL)[0].fillna(""),
        flags=flags_in_notes(facts["note"]),
    )


def _meaning(
    words: "pd.Series[str]", purchases: Mapping[str, Purchase], attribute: str
) -> "pd.Series[str]":
    """Return one attribute of what each word means; empty where it means nothing."""
    texts = {word: getattr(purchase, attribute) for word, purchase in purchases.items()}
    return meanings(words, texts)


def _first_stated(first: "pd.Series[str]", second: "pd.Series[str]") -> "pd.Series[str]":
    return first.where(first != "", second)


def _split(offers: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """Split the effective price into the hourly charge and what is paid once for the term.

    Compiled digits are kept: an all-upfront price keeps its upfront charge and recurs at 0. Only
    a figure that is missing is computed.
    """
    price, paid, hours = offers["price_per_hour"], offers["upfront"], offers["term_hours"]
    priced = (hours != "") & (price != "")
    at_once = priced & (offers["payment"] == "all")
    in_part = priced & (offers["payment"] == "partial") & (paid != "")
    recurring = price.where(~at_once, "0")
    recurring.loc[in_part] = _each(hourly_part, price, paid, hours, rows=in_part)
    untold = at_once & (paid == "")
    upfront = paid.where(paid != "", "0")
    upfront.loc[untold] = _each(upfront_total, price, hours, rows=untold)
    return {"recurring_per_hour": recurring, "upfront": upfront}


def upfront_total(price_per_hour: str, term_hours: str) -> str:
    """Return what is paid at once: price x hours, to the cent, halves to even.

    >>> upfront_total("0.268151", "8760")
    '2349.00'
    """
    total = Decimal(price_per_hour) * Decimal(term_hours)
    return f"{total.quantize(_CENT, rounding=ROUND_HALF_EVEN):f}"


def hourly_part(price_per_hour: str, upfront: str, term_hours: str) -> str:
    """Return what recurs: price - upfront / hours, to the sixth decimal, halves to even.

    >>> hourly_part("1.5", "4380", "8760")
    '1.000000'
    """
    recurring = Decimal(price_per_hour) - Decimal(upfront) / Decimal(term_hours)
    return f"{recurring.quantize(_PRICE_STEP, rounding=ROUND_HALF_EVEN):f}"


def _each(
    compute: Callable[..., str], *columns: "pd.Series[str]", rows: "pd.Series[bool]"
) -> list[str]:
    """Apply exact decimal arithmetic to the few rows that need it."""
    return [
        compute(*figures) for figures in zip(*(column[rows] for column in columns), strict=True)
    ]
