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
    linux = interruptions[interruptions["os"] == "linux"]
    signals = linux[["provider", "region", "instance_type", "signal", "bucket"]]
    found = offers[["provider", "region", "instance_type"]].merge(
        signals, on=["provider", "region", "instance_type"], how="left", validate="many_to_one"
    )
    reviewed = pd.MultiIndex.from_frame(defaults[["signal", "bucket"]])
    unknown = ~pd.MultiIndex.from_frame(found[["signal", "bucket"]]).isin(reviewed)
    found = found.assign(
        signal=found["signal"].where(~unknown, NO_SIGNAL[0]),
        bucket=found["bucket"].where(~unknown, NO_SIGNAL[1]),
    )
    rated = found.merge(defaults, on=["signal", "bucket"], how="left", validate="many_to_one")
    warned = found.merge(notices, on="provider", how="left", validate="many_to_one")
    words = rated["signal"] + " " + rated["bucket"] + ": " + rated["source"]
    return SpotRisk(
        hazard_per_instance_hour=rated["hazard_per_instance_hour"].to_numpy(dtype=np.float64),
        availability_fraction=rated["availability_fraction"].to_numpy(dtype=np.float64),
        pool_correlation=rated["pool_correlation"].to_numpy(dtype=np.float64),
        provisioning_hours=rated["provisioning_hours"].to_numpy(dtype=np.float64),
        notice_seconds=warned["notice_seconds"].to_numpy(dtype=np.float64),
        source=tuple(words),
    )
