"""What each offer costs per GiB of VRAM and per TFLOP, in one currency."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from costopt.accelerator import COMPUTE_FORMATS
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import age_days, stale
from costopt.catalog.offer_view import CPU_NAME
from costopt.errors import EmptyCatalogError, UnknownNameError


class SortBy(StrEnum):
    """What offers can be sorted by."""

    PRICE = "price"
    VRAM = "price-per-vram-gib"
    TFLOP = "price-per-tflop"


SORT_COLUMNS: Final[Mapping[SortBy, str]] = {
    SortBy.PRICE: "price_per_hour",
    SortBy.VRAM: "price_per_vram_gib",
    SortBy.TFLOP: "price_per_tflop",
}
"""What offers can be sorted by -> the column that holds it."""


def offer_metrics(catalog: Catalog, currency: str, compute_format: str) -> pd.DataFrame:
    """Return offers with their price in one currency, per VRAM-GiB and per dense TFLOP.

    Prices are effective: upfront charges are spread over the term. A type without VRAM, or
    without a published rate for the format, has no figure there. ``is_stale`` marks prices that
    plans leave out by default: too old, or past their last day.

    Args:
        catalog: the offers.
        currency: currency of the prices.
        compute_format: number format of the peak rate.

    Raises:
        UnknownNameError: the compute format is not known.
        EmptyCatalogError: there are no offers.
        MissingExchangeRateError: a price cannot be brought to the currency.
    """
    if compute_format not in COMPUTE_FORMATS:
        raise UnknownNameError("compute format", compute_format, COMPUTE_FORMATS)
    if not len(catalog):
        raise EmptyCatalogError("to show")
    offers = catalog.joined_offers
    accelerators = catalog.accelerators.set_index("name")
    chip = offers["accelerator"].where(offers["accelerator"] != CPU_NAME, offers["cpu_rate"])
    units = offers["accelerator_count"].where(offers["accelerator_count"] > 0, offers["vcpus"])
    tflops = chip.map(accelerators[f"{compute_format}_tflops"]).astype(float) * units
    price = offers["effective_per_hour"] * catalog.conversion(offers["currency"], currency)
    vram = offers["instance_usable_gib"]
    ages = age_days(offers["as_of"], catalog.as_of)
    return offers.assign(
        price_per_hour=price,
        price_currency=currency,
        vram_gib=vram,
        price_per_vram_gib=price / vram.where(vram > 0, np.nan),
        price_per_tflop=price / tflops.where(tflops > 0, np.nan),
        age_days=ages,
        is_stale=stale(offers, ages, catalog.as_of, MAX_AGE_MONTHS),
    )[list(METRIC_COLUMNS)]


def sorted_offers(metrics: pd.DataFrame, by: SortBy) -> pd.DataFrame:
    """Return the lowest figure first, offers without the figure last, names in order."""
    names = ["provider", "region", "zone", "instance_type", "purchase_option", "payment"]
    return metrics.sort_values([SORT_COLUMNS[by], *names], ignore_index=True)


METRIC_COLUMNS: Final = (
    "provider",
    "region",
    "zone",
    "instance_type",
    "family",
    "accelerator",
    "accelerator_count",
    "vcpus",
    "vram_gib",
    "purchase_option",
    "kind",
    "term_years",
    "payment",
    "price_per_hour",
    "price_currency",
    "price_per_vram_gib",
    "price_per_tflop",
    "upfront",
    "currency",
    "as_of",
    "age_days",
    "is_stale",
    "flags",
    "trail",
    "source",
    "note",
)
"""Columns of the table of offers that people look at."""
