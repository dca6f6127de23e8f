"""What each offer costs per GiB of VRAM and per TFLOP, in one currency."""

from typing import Final

import numpy as np
import pandas as pd

from costopt.accelerator import COMPUTE_FORMATS
from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import age_days
from costopt.errors import UnknownNameError

SORT_COLUMNS: Final = {
    "price": "price_per_hour",
    "price-per-vram-gib": "price_per_vram_gib",
    "price-per-tflop": "price_per_tflop",
}
"""What offers can be sorted by -> the column that holds it."""


def offer_metrics(catalog: Catalog, currency: str, compute_format: str) -> pd.DataFrame:
    """Return offers with their price in one currency, per VRAM-GiB and per dense TFLOP.

    A type without VRAM, or without a published rate for the format, has no figure there.

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
    reference = catalog.as_of
    offers = catalog.joined_offers
    accelerators = catalog.accelerators.set_index("name")
    chip = offers["accelerator"].where(offers["accelerator"] != "cpu", offers["cpu_rate"])
    units = offers["accelerator_count"].where(offers["accelerator_count"] > 0, offers["vcpus"])
    tflops = chip.map(accelerators[f"{compute_format}_tflops"]).astype(float) * units
    price = offers["effective_per_hour"] * catalog.conversion(offers["currency"], currency)
    vram = offers["instance_usable_gib"]
    return offers.assign(
        price_per_hour=price,
        price_currency=currency,
        vram_gib=vram,
        price_per_vram_gib=price / vram.where(vram > 0, np.nan),
        price_per_tflop=price / tflops.where(tflops > 0, np.nan),
        age_days=age_days(offers["as_of"], reference),
    )[list(METRIC_COLUMNS)]


METRIC_COLUMNS: Final = (
    "provider",
    "region",
    "zone",
    "instance_type",
    "family",
    "accelerator",
    "accelerator_count",
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
    "flags",
    "trail",
    "source",
    "note",
)
"""Columns of the table of offers that people look at."""
