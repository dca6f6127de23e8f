"""What EC2 Fleet would rent for a service in each kind of hour, its target set by the demand."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.service import ServiceCandidates
from costopt.planning.ec2_fleet import FULL, pools_of

Floats = NDArray[np.float64]

LOWEST: Final = "lowest-price"
"""Strategy of capacity on demand, whatever that of spot capacity is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FleetOverHours:
    """What one strategy rents for one service in one region.

    Attributes:
        region: the provider's own name.
        cost_per_hour: of all its instances in each kind of hour (hours,) [plan currency/h].
        most: instance type and payment -> instances at once [1].
    """

    region: str
    cost_per_hour: Floats
    most: tuple[tuple[str, int], ...]


def cheapest_fleet_over_hours(
    service: ServiceCandidates, strategy: str, factor: Floats, weight: Floats
) -> FleetOverHours | None:
    """Return the cheapest fleet of a strategy over the regions of AWS; None where none serves.

    As ``cheapest_fleet``, with the target of each hour its own demand; a region is chosen once.

    Args:
        service: with its candidates.
        strategy: of the spot capacity.
        factor: on the mean demand (hours,) [1].
        weight: how often each kind of hour comes (hours,) [h].
    """
    demand = float(service.demand.sum()) * factor
    fleets = [
        fleet
        for region, here in pools_of(service).groupby("region", observed=True)
        if (fleet := _fleet(str(region), here, demand, service.max_spot_fraction, strategy))
    ]
    return min(fleets, key=lambda fleet: float(weight @ fleet.cost_per_hour), default=None)


def _fleet(
    region: str, pools: pd.DataFrame, demand: Floats, spot_fraction: float, strategy: str
) -> FleetOverHours | None:
    """Fill the targets of one region; None where its offers cannot."""
    spot = pools[pools["purchase_option"] == "spot"]
    firm = pools[pools["purchase_option"] == "on_demand"]
    part = spot_fraction if len(spot) else 0.0
    cost = np.zeros(len(demand))
    most: list[tuple[str, int]] = []
    for offers, share, how in ((firm, 1 - part, LOWEST), (spot, part, strategy)):
        if share <= FULL:
            continue
        if offers.empty:
            return None
        counts = _counts(offers["weight"].to_numpy(dtype=np.float64), demand * share, how)
        cost += offers["price"].to_numpy(dtype=np.float64) @ counts
        highest = counts.max(axis=1, initial=0)
        most += [
            (f"{row.instance_type}, {str(row.purchase_option).replace('_', ' ')}", int(count))
            for row, count in zip(offers.itertuples(), highest.tolist(), strict=True)
            if count
        ]
    return FleetOverHours(region=region, cost_per_hour=cost, most=tuple(most))


def _counts(weights: Floats, target: Floats, strategy: str) -> NDArray[np.int64]:
    """Return instances of each pool in each hour, the cheapest per unit first (pools, hours).

    Under diversified every pool has had whole rounds before the last one is cut short.
    """
    met = target * (1 - FULL)
    if strategy == LOWEST:
        counts = np.zeros((len(weights), len(target)), dtype=np.int64)
        counts[0] = np.ceil(met / weights[0]).astype(np.int64)
        return counts
    rounds = met // weights.sum()
    left = target - rounds * weights.sum()
    before = np.cumsum(weights) - weights
    extra = before[:, None] < left - target * FULL
    return np.asarray(rounds + extra, dtype=np.int64)
