"""Candidates of a service with fewer of its offers."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import JobCandidates


def left_with(item: NamedWorkload, kept: NDArray[np.bool_]) -> NamedWorkload:
    """Return a workload with some of its offers alone.

    Args:
        item: with its candidates.
        kept: which are left (offers,).

    Raises:
        TypeError: the workload is a job that runs in one gang.
    """
    found = item.candidates
    if isinstance(found, JobCandidates):
        raise TypeError(f"{item.name} runs in one gang, and was planned over time")
    rows = np.flatnonzero(kept)
    prices: dict[str, Any] = {
        field.name: getattr(found.prices, field.name)[rows] for field in fields(found.prices)
    }
    left = replace(
        found,
        offers=found.offers.iloc[rows].reset_index(drop=True),
        prices=replace(found.prices, **prices),
        type_of_offer=found.type_of_offer[rows],
    )
    return replace(item, candidates=left)
