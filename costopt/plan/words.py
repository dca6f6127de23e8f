"""Figures as people read them: money, hours, shares, ways to pay."""

import textwrap
from math import floor, log10
from typing import Final

from costopt.units import DAYS_PER_MONTH, SECONDS_PER_HOUR

WIDTH: Final = 100
"""Columns of all printed text."""

UNBROKEN: Final = "\N{NO-BREAK SPACE}%"
"""Percent sign that stays on the line of its figure."""

SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥"}
"""Signs in front of an amount; other currencies are written by their code."""

PAYMENTS: Final = {
    "on_demand": "on demand",
    "spot": "spot",
    "reserved": "reserved",
    "savings_plan": "savings plan",
    "committed_use": "committed use",
    "subscription": "subscription",
    "capacity_block": "capacity block",
    "low_priority": "low priority",
    "owned": "already paid",
    "flex_start": "flex start",
    "calendar_mode": "calendar mode",
}
"""Purchase options in words."""

WHOLE: Final = 1e-6
"""How near to all a share counts as all; the rest is rounding."""


def money(amount: float, currency: str) -> str:
    """Write an amount with its currency; the smaller it is, the more decimals.

    >>> [money(amount, "USD") for amount in (0, 30692.3, 7.5, 0.5, 0.07116)]
    ['$0', '$30,692', '$7.50', '$0.50', '$0.0712']
    """
    sign = SYMBOLS.get(currency, f"{currency} ")
    if amount == 0:
        return f"{sign}0"
    return f"{'-' if amount < 0 else ''}{sign}{_digits(abs(amount))}"


def _digits(size: float) -> str:
    """Write no decimals from 100 on, cents from 1 on, and three digits below."""
    if size >= 100:
        return f"{size:,.0f}"
    if size >= 1:
        return f"{size:.2f}"
    whole, _, part = f"{size:.{2 - floor(log10(size))}f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def signed_percent(fraction: float) -> str:
    """Write a difference such as +12.3 %; one digit of what is below a tenth of a percent.

    >>> [signed_percent(fraction) for fraction in (0.1234, -0.5, 0.0003, 0)]
    ['+12.3 %', '-50.0 %', '+0.03 %', '+0.0 %']
    """
    if WHOLE < abs(fraction) < 0.0005:
        return f"{100 * fraction:+.1g} %"
    return f"{round(100 * fraction, 1) + 0.0:+.1f} %"


def percent(fraction: float) -> str:
    """Write a share such as 63 %; only nothing is 0 %, and only all is 100 %."""
    if 0 < fraction < 0.01:
        return "<1 %"
    if 0.99 < fraction < 1 - WHOLE:
        return ">99 %"
    return f"{100 * fraction:.0f} %"


def percent_to(fraction: float, decimals: int) -> str:
    """Write a share with so many decimals.

    >>> [percent_to(fraction, 1) for fraction in (0.8787, 1)]
    ['87.9 %', '100.0 %']
    """
    return f"{100 * fraction:.{decimals}f} %"


def hours_in_words(hours: float) -> str:
    """Write a duration in the unit that fits it.

    >>> [hours_in_words(hours) for hours in (0.01, 0.7, 24, 4.21, 360)]
    ['36 s', '42 min', '24 h', '4.2 h', '15 days']
    """
    if hours < 1 / 60:
        return f"{SECONDS_PER_HOUR * hours:.0f} s"
    if hours < 1:
        return f"{60 * hours:.0f} min"
    figure, unit = (hours, "h") if hours < 72 else (hours / 24, "days")
    return f"{figure:,.1f}".removesuffix(".0") + f" {unit}"


def milliseconds(value: float) -> str:
    """Write a latency; one decimal below 100 ms."""
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def term_in_words(term_years: float | None) -> str:
    """Write the length of a term, such as 3-year."""
    if term_years is None:
        return ""
    if term_years < 1:
        return f"{round(12 * term_years)}-month"
    return f"{term_years:g}-year"


def payment_in_words(option: str, term_years: float | None, payment: str) -> str:
    """Write a way to pay, such as 1-year reserved, all upfront."""
    words = f"{term_in_words(term_years)} {PAYMENTS.get(option, option)}".strip()
    return f"{words}, {payment} upfront" if payment else words


def payment_in_short(option: str, term_years: float | None, payment: str) -> str:
    """Write a way to pay for a column, such as 1y reserved (all)."""
    if term_years is None:
        return PAYMENTS.get(option, option)
    term = f"{term_years:g}y" if term_years >= 1 else f"{round(12 * term_years)}m"
    upfront = f" ({payment})" if payment else ""
    return f"{term} {PAYMENTS.get(option, option)}{upfront}"


def age_in_words(days: float) -> str:
    """Write an age in days, or in months from 90 days on."""
    return f"{days:.0f} d" if days < 90 else f"{days / DAYS_PER_MONTH:.0f} mo"


def in_columns(sentence: str, indent: str = "  ") -> str:
    """Wrap a sentence at 100 columns; a figure and its percent sign stay on one line.

    Args:
        sentence: on one line; what it is indented by stays.
        indent: of the lines that follow.
    """
    joined = sentence.replace(" %", UNBROKEN)
    lines = textwrap.fill(joined, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return lines.replace(UNBROKEN, " %")


def counted(count: int, noun: str) -> str:
    """Write a number of things: 1 offer, 2 offers."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
