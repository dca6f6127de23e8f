"""Offers as a table for people: two lines each, within the columns of the terminal."""

import textwrap
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from math import floor, log10
from typing import Any, Final, TypeAlias

import pandas as pd

from costopt.plan.words import age_in_words, counted, payment_in_short

NARROWEST: Final = 60
"""Columns that the table takes however narrow the terminal is."""

PRICE_DIGITS: Final = 4
"""Significant digits that the smallest price shows at least."""

RATIO_DIGITS: Final = 3
"""Significant digits that the smallest price per GiB or TFLOP shows at least."""

MOST_DECIMALS: Final = 8

_LARGEST_DENOMINATOR: Final = 64
_INDENT: Final = "  "
_STALE: Final = "*"
_WIDE, _NARROW = "  ", " "

_LAYOUTS: Final = ((_WIDE, True), (_NARROW, True), (_NARROW, False))
"""Gap between columns, and whether the size stands beside the accelerators; best first."""

Row: TypeAlias = Mapping[Hashable, Any]
"""One row of ``offer_metrics``."""

Pair: TypeAlias = tuple[str, str]
"""What one column shows of an offer: a text on its first line and one on its second."""


def offer_table(offers: pd.DataFrame, currency: str, width: int) -> str:
    """Return offers as text: two lines each, below a heading of two lines.

    The first line holds the instance type, the way to pay and the figures; the second the
    region, the accelerators and as much of the source as the width leaves. Figures are never
    cut; names are where they and the figures do not fit beside each other.

    Args:
        offers: rows of ``offer_metrics``.
        currency: currency of the prices.
        width: columns of the terminal [1].
    """
    width = max(width, NARROWEST)
    rows = offers.to_dict("records")
    places = [("instance type", f"{_INDENT}region"), *(_place(row) for row in rows)]
    figures = _figures(offers, currency)
    sources = ["source", *(str(row["source"]) for row in rows)]
    gap, payments, room = _fitting(rows, _widest(places), figures[0], width)
    first, second = _shrunk(_widest(places), _widest(payments), room)
    rest = width - first - second - 2 * len(gap)
    lines = []
    for place, payment, amounts, source in zip(places, payments, figures, sources, strict=True):
        upper, lower = (
            f"{_cell(place[line], first)}{gap}{_cell(payment[line], second)}{gap}"
            for line in (0, 1)
        )
        lines.append(upper + gap.join(amounts))
        lines.append((lower + _cut(source, rest)).rstrip())
    return "\n".join(lines)


def legend(shown: pd.DataFrame, offers: int, as_of: str, compute_format: str, width: int) -> str:
    """Return what the figures of the table mean, and what it does not show.

    Args:
        shown: rows of ``offer_metrics`` in the table.
        offers: offers that there are [1].
        as_of: date from which ages are measured.
        compute_format: number format of the peak rate.
        width: columns of the terminal [1].
    """
    upfront = ", upfront charges spread over the term; (all), (partial), (no): paid upfront"
    stale = f"; {_STALE} plans leave it out, too old or past its last day"
    return textwrap.fill(
        f"{len(shown):,} of {offers:,} offers; prices of the whole instance"
        f"{upfront if shown['term_years'].notna().any() else ''}. "
        f"/GiB: by usable VRAM; /TFLOP: by dense {compute_format} peak. "
        f"Ages against {as_of}{stale if shown['is_stale'].any() else ''}. "
        "--csv prints every row with its whole source.",
        max(width, NARROWEST),
        break_on_hyphens=False,
    )


def unpriced_words(unpriced: int) -> tuple[str, ...]:
    """Say how many instance types of the kind asked for have no price; nothing without any."""
    if not unpriced:
        return ()
    return (f"{counted(unpriced, 'more instance type')} of this kind without any price",)


def _fitting(
    rows: Sequence[Row], first: int, figures: Sequence[str], width: int
) -> tuple[str, list[Pair], int]:
    """Return the best layout that fits, else the narrowest one.

    Args:
        rows: the offers.
        first: columns that types and regions take [1].
        figures: heading of the figures.
        width: columns in all [1].

    Returns:
        The gap between columns, what the payment column shows of the heading and of each offer,
        and the room for the two columns of names [1].
    """
    for gap, with_size in _LAYOUTS:
        payments = [("payment", "accelerators")]
        payments += [_payment(row, with_size=with_size) for row in rows]
        room = width - sum(len(gap) + len(text) for text in figures) - len(gap)
        if first + _widest(payments) <= room:
            break
    return gap, payments, room


def _widest(pairs: Sequence[Pair]) -> int:
    return max(len(text) for pair in pairs for text in pair)


def _shrunk(first: int, second: int, room: int) -> tuple[int, int]:
    """Return the widths of two columns, the wider one narrowed until both fit."""
    while first + second > room:
        first, second = (first - 1, second) if first >= second else (first, second - 1)
    return first, second


def _place(row: Row) -> Pair:
    region = " ".join(part for part in (row["provider"], row["region"], row["zone"]) if part)
    return str(row["instance_type"]), f"{_INDENT}{region}"


def _payment(row: Row, *, with_size: bool) -> Pair:
    term = row["term_years"]
    payment = payment_in_short(
        row["purchase_option"], None if pd.isna(term) else term, row["payment"]
    )
    return payment, _accelerators(row) + (_size(row) if with_size else "")


def _accelerators(row: Row) -> str:
    """Write the accelerators of an instance, such as 8 x H100-80GB or 1/8 x T4."""
    if row["accelerator_count"] == 0:
        return str(row["accelerator"])
    count = Fraction(row["accelerator_count"]).limit_denominator(_LARGEST_DENOMINATOR)
    return f"{count} x {row['accelerator']}"


def _size(row: Row) -> str:
    """Write the memory of all accelerators, such as ``, 637 GiB``; of CPU types, the vCPUs."""
    if row["accelerator_count"] == 0:
        return "" if pd.isna(row["vcpus"]) else f", {row['vcpus']:g} vCPU"
    vram_gib = row["vram_gib"]
    if pd.isna(vram_gib):
        return ""
    return f", {vram_gib:,.1f} GiB" if vram_gib < 100 else f", {vram_gib:,.0f} GiB"


def _figures(offers: pd.DataFrame, currency: str) -> list[list[str]]:
    """Return the heading of the figures, then those of each offer, padded to one width."""
    columns = {
        f"{currency}/h": _amounts(offers["price_per_hour"], PRICE_DIGITS),
        "/GiB": _amounts(offers["price_per_vram_gib"], RATIO_DIGITS),
        "/TFLOP": _amounts(offers["price_per_tflop"], RATIO_DIGITS),
        "age": _ages(offers),
    }
    padded = []
    for heading, texts in columns.items():
        column = [heading, *texts]
        widest = max(len(text) for text in column)
        padded.append([text.rjust(widest) for text in column])
    return [list(row) for row in zip(*padded, strict=True)]


def _ages(offers: pd.DataFrame) -> list[str]:
    """Write the ages of prices, those that plans leave out with a mark."""
    ages = [age_in_words(days) for days in offers["age_days"]]
    if not offers["is_stale"].any():
        return ages
    marks = (_STALE if is_stale else " " for is_stale in offers["is_stale"])
    return [f"{age}{mark}" for age, mark in zip(ages, marks, strict=True)]


def _amounts(values: "pd.Series[float]", digits: int) -> list[str]:
    """Write the amounts of a column with as many decimals as the smallest of them needs."""
    positive = values[values > 0]
    magnitude = 0 if positive.empty else floor(log10(positive.min()))
    decimals = min(max(digits - 1 - magnitude, 2), MOST_DECIMALS)
    return ["-" if pd.isna(value) else f"{value:,.{decimals}f}" for value in values]


def _cell(text: str, width: int) -> str:
    return _cut(text, width).ljust(width)


def _cut(text: str, width: int) -> str:
    """Cut a text that is longer than the width, with an ellipsis at its end."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
