"""What spot capacity is lost together: a pool, or all pools of a zone or of a region."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.workload.limits import FailureGroup

PLACE = ["provider", "region"]
"""Columns that name a region."""


def failure_groups(offers: pd.DataFrame, kind: FailureGroup) -> NDArray[np.object_]:
    """Name what each spot offer is lost with; firm offers are never lost and have no name.

    A spot offer without a zone may stand in any of its region: where one of a region names none,
    all spot of that region counts as one zone.

    Args:
        offers: with provider, region, zone, instance_type and purchase_option.
        kind: what is lost together.

    Returns:
        Shape (offers,), text; empty for firm offers.
    """
    spot = offers["purchase_option"] == "spot"
    zones = offers["zone"]
    if kind == "region":
        zones = pd.Series("", index=offers.index, dtype=object)
    elif kind == "zone":
        unnamed = (spot & (zones == "")).groupby([offers[name] for name in PLACE]).transform("any")
        zones = zones.mask(unnamed, "")
    place = (offers["provider"] + " " + offers["region"] + " " + zones).str.strip()
    what = offers["instance_type"] if kind == "pool" else "all"
    names = what + " spot in " + place
    return np.asarray(names.where(spot, ""), dtype=object)
