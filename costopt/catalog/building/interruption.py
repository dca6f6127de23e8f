"""Interruption: published buckets as they are, reviewed planning defaults, notice periods."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from costopt.catalog.building.words import meanings
from costopt.provider import Provider
from costopt.units import HOURS_PER_MONTH

ADVISOR_SIGNAL: Final = "advisor_share"
"""Share of a pool's instances that were reclaimed over the trailing month, in buckets.

Source: AWS Spot Instance Advisor, "Frequency of interruption".
"""

ADVISOR_BUCKETS: Final[Mapping[str, tuple[str, str]]] = {
    "<5%": ("0", "0.05"),
    "5-10%": ("0.05", "0.1"),
    "10-15%": ("0.1", "0.15"),
    "15-20%": ("0.15", "0.2"),
    ">20%": ("0.2", ""),
}
"""Bucket as printed -> its edges as fractions; an open bucket has no upper edge."""

DEFAULTS_AS_OF: Final = "2026-11-21"

DEFAULTS_SOURCE: Final = (
    "costopt planning default, judgement between measured extremes: 0.10 losses per node-hour "
    "(Google Cloud A100, 2021) and 0.54 (AWS T4, 2020) in the Bamboo traces, 0.10 to 1.39 per "
    "available hour at availability 0.91 to 0.17 (AWS V100, 2022-2023) in skypilot-org/spot-traces"
)

EVICTION_SOURCE: Final = (
    "eviction rate of Azure Spot Virtual Machines (learn.microsoft.com), a probability per hour: "
    "-ln(1 - r) at the upper edge of the band, 0.3 for the open one; availability a costopt "
    "planning default"
)

PROVISIONING_HOURS: Final = "0.2"
POOL_CORRELATION: Final = "0.9"

PLANNING_DEFAULTS: Final = (
    (ADVISOR_SIGNAL, "<5%", "0.05", "0.95"),
    (ADVISOR_SIGNAL, "5-10%", "0.2", "0.85"),
    (ADVISOR_SIGNAL, "10-15%", "0.2", "0.85"),
    (ADVISOR_SIGNAL, "15-20%", "0.2", "0.85"),
    (ADVISOR_SIGNAL, ">20%", "0.6", "0.6"),
    ("release_share", "0-3%", "0.05", "0.95"),
    ("release_share", "3-5%", "0.05", "0.95"),
    ("release_share", "5-10%", "0.2", "0.85"),
    ("release_share", "10-100%", "0.6", "0.6"),
    ("none", "any", "0.3", "0.75"),
)
"""Signal, bucket, hazard per instance-hour, share of time with capacity.

A share of a month ranks pools: rates measured on accelerator pools lie two to three orders of
magnitude above the lower bound -ln(1 - share) / window that such a bucket implies. The release
share of Alibaba Cloud is of 30 days, as the advisor's is of a month, and takes its rates.
"""

EVICTION_DEFAULTS: Final = (
    ("eviction_rate", "0-5", "0.051", "0.95"),
    ("eviction_rate", "5-10", "0.105", "0.85"),
    ("eviction_rate", "10-15", "0.163", "0.85"),
    ("eviction_rate", "15-20", "0.223", "0.85"),
    ("eviction_rate", "20+", "0.3", "0.6"),
)
"""The same for a signal that is a probability per hour."""


def build_interruptions(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the interruptions table from ``interruption.csv``."""
    low = {bucket: edges[0] for bucket, edges in ADVISOR_BUCKETS.items()}
    high = {bucket: edges[1] for bucket, edges in ADVISOR_BUCKETS.items()}
    bucket = facts["interruption_bucket"]
    return facts.assign(
        signal=ADVISOR_SIGNAL,
        bucket=bucket,
        low_fraction=meanings(bucket, low),
        high_fraction=meanings(bucket, high),
        window_hours=f"{HOURS_PER_MONTH:g}",
        savings_fraction=facts["savings_vs_on_demand"],
    )


def build_interruption_defaults() -> pd.DataFrame:
    """Return the reviewed table of planning defaults."""
    columns = ["signal", "bucket", "hazard_per_instance_hour", "availability_fraction", "source"]
    rows = [
        *((*row, DEFAULTS_SOURCE) for row in PLANNING_DEFAULTS),
        *((*row, EVICTION_SOURCE) for row in EVICTION_DEFAULTS),
    ]
    return pd.DataFrame(rows, columns=columns, dtype="str").assign(
        provisioning_hours=PROVISIONING_HOURS,
        pool_correlation=POOL_CORRELATION,
        as_of=DEFAULTS_AS_OF,
    )


def build_spot_notices(adapters: Mapping[str, Provider]) -> pd.DataFrame:
    """Return the notice period of every provider."""
    return pd.DataFrame(
        [
            (name, f"{adapter.notice_seconds:g}", adapter.notice_source, adapter.notice_as_of)
            for name, adapter in adapters.items()
        ],
        columns=["provider", "notice_seconds", "source", "as_of"],
        dtype="str",
    )
