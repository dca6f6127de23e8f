"""Figures as people read them: money, hours, shares, ways to pay."""

from typing import Final

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
}
"""Purchase options in words."""


def money(amount: float, currency: str) -> str:
    """Write an amount with its currency; cents below 100, a bare 0 for nothing."""
    sign = SYMBOLS.get(currency, f"{currency} ")
    if amount == 0:
        return f"{sign}0"
    text = f"{abs(amount):,.0f}" if abs(amount) >= 100 else f"{abs(amount):,.2f}"
    return f"{'-' if amount < 0 else ''}{sign}{text}"


def signed_percent(fraction: float) -> str:
    """Write a difference such as +12.3 %."""
    return f"{100 * fraction:+.1f} %"


def percent(fraction: float) -> str:
    """Write a share such as 63 %."""
    return f"{100 * fraction:.0f} %"


def hours_in_words(hours: float) -> str:
    """Write a duration in the unit that fits it."""
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


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
    return f"{days:.0f} d" if days < 90 else f"{days / 30.4375:.0f} mo"


def counted(count: int, noun: str) -> str:
    """Write a number of things: 1 offer, 2 offers."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
