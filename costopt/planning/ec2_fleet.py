"""What EC2 Fleet would rent for a service, by its allocation strategies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.service import ServiceCandidates

Floats = NDArray[np.float64]

STRATEGIES: Final = ("lowest-price", "diversified")
"""Allocation strategies of spot capacity that are worked out.

Source: Amazon EC2 User Guide, "Use allocation strategies to determine how EC2 Fleet or Spot
Fleet fulfills Spot and On-Demand capacity". The others ask for the spare capacity of pools, which
nobody publishes.
"""

FULL: Final = 1e-9
"""Relative rounding by which a target counts as met [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What one strategy rents for one service in one region.

    Attributes:
        region: the provider's own name.
        cost_per_hour: of all its instances [plan currency/h].
        counts: instance type and payment -> instances [1].
    """

    region: str
    cost_per_hour: float
    counts: tuple[tuple[str, int], ...]


def cheapest_fleet(service: ServiceCandidates, strategy: str) -> Fleet | None:
    """Return the cheapest fleet of a strategy over the regions of AWS; None where none serves.

    A fleet runs in one region. Its target is the demand; the weight of an instance is what it
    serves of the workload's own mix within the latency limits. On-demand capacity is of the
    lowest price per unit of weight; so is spot capacity under lowest-price, all of one pool.
    Under diversified one instance of each pool after the other is taken, the cheapest per unit
    first, until the target is met. Pools are taken to have capacity, and quotas to suffice.

    Args:
        service: with its candidates.
        strategy: of the spot capacity.
    """
    pools = pools_of(service)
    demand = float(service.demand.sum())
    fleets = [
        fleet
        for region, here in pools.groupby("region", observed=True)
        if (fleet := _fleet(str(region), here, demand, service.max_spot_fraction, strategy))
    ]
    return min(fleets, key=lambda fleet: fleet.cost_per_hour, default=None)


def pools_of(service: ServiceCandidates) -> pd.DataFrame:
    """Return the AWS offers that serve the whole mix, with weight and price per unit.

    Args:
        service: with its candidates.
    """
    weight = _weights(service)[service.type_of_offer]
    offers = service.offers[["provider", "region", "instance_type", "purchase_option"]]
    pools = offers.assign(weight=weight, price=service.prices.per_hour)
    hourly = pools["purchase_option"].isin(["on_demand", "spot"])
    pools = pools[(pools["provider"] == "aws") & hourly & (pools["weight"] > 0)]
    return pools.assign(unit_price=pools["price"] / pools["weight"]).sort_values(
        ["unit_price", "instance_type"], kind="stable"
    )


def _weights(service: ServiceCandidates) -> Floats:
    """Return what one instance of each type serves of the mix (types,) [1/s]."""
    rates, demand = service.prompt_rates, service.buckets.prompt_demand
    serves = (rates > 0).all(axis=1)
    load = (demand / np.where(rates > 0, rates, 1.0)).sum(axis=1)
    rate = np.where(serves, demand.sum() / load, 0.0) * service.layout_rates.max_utilisation
    best = np.zeros(len(service.types))
    np.maximum.at(best, service.type_of_layout, rate)
    return best


def _fleet(
    region: str, pools: pd.DataFrame, demand: float, spot_fraction: float, strategy: str
) -> Fleet | None:
    """Fill the target of one region; None where its offers cannot."""
    spot = pools[pools["purchase_option"] == "spot"]
    firm = pools[pools["purchase_option"] == "on_demand"]
    on_spot = demand * spot_fraction if len(spot) else 0.0
    parts = [(firm, demand - on_spot, "lowest-price"), (spot, on_spot, strategy)]
    counts: list[tuple[str, int]] = []
    cost = 0.0
    for offers, target, how in parts:
        if target <= demand * FULL:
            continue
        if offers.empty:
            return None
        taken = _counts(offers["weight"].to_numpy(dtype=np.float64), target, how)
        cost += float(taken @ offers["price"].to_numpy(dtype=np.float64))
        counts += _named(offers, taken)
    return Fleet(region=region, cost_per_hour=cost, counts=tuple(counts))


def _counts(weights: Floats, target: float, strategy: str) -> NDArray[np.int64]:
    """Return instances of each pool, the pools sorted by price per unit (pools,) [1].

    Under diversified every pool has had whole rounds before the last one is cut short.
    """
    if strategy == "lowest-price":
        counts = np.zeros(len(weights), dtype=np.int64)
        counts[0] = int(np.ceil(target / weights[0] * (1 - FULL)))
        return counts
    rounds = int(target * (1 - FULL) // weights.sum())
    left = target - rounds * weights.sum()
    before = np.cumsum(weights) - weights
    extra = before < left - target * FULL
    return np.asarray(rounds + extra, dtype=np.int64)


def _named(offers: pd.DataFrame, counts: NDArray[np.int64]) -> Iterator[tuple[str, int]]:
    """Yield what is rented, by name."""
    for position in np.flatnonzero(counts).tolist():
        offer = offers.iloc[position]
        payment = str(offer["purchase_option"]).replace("_", " ")
        yield f"{offer['instance_type']}, {payment}", int(counts[position])
