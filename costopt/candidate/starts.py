"""How long an instance is charged before it serves."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.renting import risk_of, start_hours
from costopt.catalog.catalog import Catalog
from costopt.workload.demand_profile import DemandProfile

Floats = NDArray[np.float64]


def start_up_hours(offers: pd.DataFrame, profile: DemandProfile, catalog: Catalog) -> Floats:
    """Return the hours that are charged for a start of each offer (offers,) [h].

    They are the profile's. Where it asks for the catalogue's, a spot offer takes the time from
    request to ready of its pool, and any other that of a pool without a signal.

    Args:
        offers: rows of the catalogue.
        profile: what is asked.
        catalog: where the reviewed times are.
    """
    asked = profile.start_up_hours
    if asked != "catalogue":
        return np.full(len(offers), asked or 0.0)
    is_spot = (offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)
    of_pool = risk_of(catalog, offers).provisioning_hours
    return np.asarray(np.where(is_spot, of_pool, start_hours(catalog)))
