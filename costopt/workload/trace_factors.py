"""Factors on a mean rate from the arrivals of a published trace."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]

LEAST_TRACE_HOURS: Final = 24
"""A trace must cover a day before its arrivals are taken for a profile [h]."""


def trace_factors(trace: str, catalog: Catalog) -> Floats:
    """Return the arrivals of a published trace in each whole hour, over their mean (hours,) [1].

    Args:
        trace: name in the catalogue's arrival profiles.
        catalog: where they are.

    Raises:
        UnknownNameError: there is no such trace.
        InvalidInputError: it covers less than a day.
    """
    table = catalog.table("arrival_profiles")
    rows = table[table["trace"] == trace].sort_values("interval_start")
    if rows.empty:
        known = frozenset(table["trace"].unique())
        raise UnknownNameError("trace of arrivals", trace, known)
    seconds = rows["interval_seconds"].to_numpy(dtype=np.float64)
    ends = np.cumsum(seconds)
    whole = int(ends[-1] // SECONDS_PER_HOUR)
    if whole < LEAST_TRACE_HOURS:
        raise InvalidInputError(
            "demand_profile",
            [
                f"the arrivals of {trace} cover {ends[-1] / SECONDS_PER_HOUR:.3g} h; a profile "
                f"needs at least {LEAST_TRACE_HOURS}: take azure-llm-2024-conv, or factors"
            ],
        )
    hour = ((ends - seconds) // SECONDS_PER_HOUR).astype(np.int64)
    requests = np.bincount(hour, weights=rows["requests"].to_numpy(dtype=np.float64))[:whole]
    return np.asarray(requests / requests.mean())
