"""From what a provider publishes to a hazard: reviewed planning defaults, their source kept."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotRisk:
    """How often spot capacity is taken back; arrays of shape (offers,).

    Attributes:
        hazard_per_instance_hour: reclaims of one running instance [1/h].
        availability_fraction: share of time the pool has capacity [0..1].
        pool_correlation: correlation between two instances of one pool being there [0..1].
        provisioning_hours: from request to ready [h].
        notice_seconds: warning before a reclaim [s].
        source: signal, bucket and where the rate comes from.
    """

    hazard_per_instance_hour: Floats
    availability_fraction: Floats
    pool_correlation: Floats
    provisioning_hours: Floats
    notice_seconds: Floats
    source: tuple[str, ...]


NO_SIGNAL = ("none", "any")
"""Key of the default for a pool about which the provider publishes nothing."""

SIGNAL = ("signal", "bucket")
"""Columns that name what is published."""

PLACE = ("provider", "region", "instance_type")
"""Columns that name a pool as far as signals tell pools apart."""


def spot_risk(
    offers: pd.DataFrame,
    interruptions: pd.DataFrame,
    defaults: pd.DataFrame,
    notices: pd.DataFrame,
) -> SpotRisk:
    """Planning rates of spot offers from the reviewed table of defaults.

    A published bucket ranks pools; it is not an hourly rate. Each offer therefore takes the
    default of its bucket, or the default without a signal, and says so in ``source``. A bucket
    without a reviewed default counts as no signal.

    Args:
        offers: rows with provider, region and instance_type.
        interruptions: the catalogue's interruptions table.
        defaults: the catalogue's interruption_defaults table.
        notices: the catalogue's spot_notices table.
    """
    asked = interruptions["instance_type"].isin(offers["instance_type"])
    linux = interruptions[asked & (interruptions["os"] == "linux")]
    published = _joined(linux, SIGNAL).set_axis(pd.Index(_joined(linux, PLACE)))
    signals = published.reindex(_joined(offers, PLACE))
    reviewed = defaults.set_index(_joined(defaults, SIGNAL))
    rated = reviewed.reindex(signals.where(signals.isin(reviewed.index), "\n".join(NO_SIGNAL)))
    notice = notices.set_index("provider")["notice_seconds"].reindex(offers["provider"])
    words = rated["signal"] + " " + rated["bucket"] + ": " + rated["source"]
    return SpotRisk(
        hazard_per_instance_hour=rated["hazard_per_instance_hour"].to_numpy(dtype=np.float64),
        availability_fraction=rated["availability_fraction"].to_numpy(dtype=np.float64),
        pool_correlation=rated["pool_correlation"].to_numpy(dtype=np.float64),
        provisioning_hours=rated["provisioning_hours"].to_numpy(dtype=np.float64),
        notice_seconds=notice.to_numpy(dtype=np.float64),
        source=tuple(words),
    )


def _joined(table: pd.DataFrame, columns: tuple[str, ...]) -> "pd.Series[str]":
    """Names of several columns in one word; missing where one of them is."""
    first, *others = columns
    words = table[first]
    for name in others:
        words = words + "\n" + table[name]
    return words
