"""ServiceCandidates: every way to serve one workload at a rate, priced and rated."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.buckets import Buckets
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.layout import InstanceType, Layout
from costopt.candidate.misses import Miss, nearest_misses
from costopt.candidate.pricing import Prices, priced
from costopt.candidate.reasons import Excluded, types_of_offers
from costopt.candidate.settings import CandidateSettings
from costopt.errors import InvalidInputError
from costopt.interruption.failure_groups import failure_groups
from costopt.interruption.signal import SpotRisk
from costopt.workload.request import AnyWorkload
from costopt.workload.spot_promises import SpotPromises

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_INSTANCES: Final = 1e6
"""Instances beyond which a solver no longer counts exactly, and no cloud has them [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayoutRates:
    """What one instance does in each layout.

    Attributes:
        rates: planned rate of one instance on one bucket alone; 0 = it cannot
            (layouts, buckets) [1/s].
        max_utilisation: highest share of a rate that is planned with (layouts,) [0..1].
        low_factor: low end of the 80 % band over the expected rate (layouts,) [1].
        high_factor: high end of the same band (layouts,) [1].
        planned_factor: planned over expected rate (layouts,) [1].
        origin: ``Origin`` codes (layouts,).
        misses: why nothing can be done on a layout (layouts,).
    """

    rates: Floats
    max_utilisation: Floats
    low_factor: Floats
    high_factor: Floats
    planned_factor: Floats
    origin: Integers
    misses: tuple[Miss, ...]

    @classmethod
    def joined(cls, parts: Sequence["LayoutRates"]) -> "LayoutRates":
        """Layouts of several number formats, one after the other."""
        arrays: dict[str, Any] = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name != "misses"
        }
        return cls(misses=tuple(miss for part in parts for miss in part.misses), **arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServiceCandidates:
    """Every way to serve one workload: offers x layouts of their instance types.

    Attributes:
        workload: name of the workload.
        buckets: what it asks for, request size by request size.
        max_spot_fraction: largest share of a bucket on spot [0..1].
        promises: what must still run when spot capacity is taken back.
        offers: offers that take part, one row each.
        prices: what they cost.
        types: instance types of the offers.
        type_of_offer: index of each offer's type (offers,).
        layouts: ways to lay the workload out.
        type_of_layout: index of each layout's type (layouts,).
        layout_rates: what they do.
        excluded: reason of every offer of the catalogue.
        misses: of each instance type, empty where it runs (types,).
        risk: of the offers, were they spot; None where no availability is promised.
    """

    workload: str
    buckets: Buckets
    max_spot_fraction: float
    promises: SpotPromises
    offers: pd.DataFrame
    prices: Prices
    types: tuple[InstanceType, ...]
    type_of_offer: Integers
    layouts: tuple[Layout, ...]
    type_of_layout: Integers
    layout_rates: LayoutRates
    excluded: Excluded
    misses: tuple[Miss, ...]
    risk: SpotRisk | None = None

    @property
    def failure_group(self) -> Integers:
        """Number of what each offer is lost with; -1 = nothing that is promised for (offers,)."""
        if not self.promises.names_groups or self.offers.empty:
            return np.full(len(self.offers), -1)
        names = failure_groups(self.offers, self.promises.failure_group)
        groups: Integers = np.unique(names[names != ""], return_inverse=True)[1]
        numbers = np.full(len(names), -1)
        numbers[names != ""] = groups
        return numbers

    @property
    def is_spot(self) -> NDArray[np.bool_]:
        """Offers that the provider may take back (offers,)."""
        return (self.offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)

    @property
    def demand(self) -> Floats:
        """Rate that each bucket needs (buckets,) [1/s]."""
        return self.buckets.demand

    @property
    def prompt_rates(self) -> Floats:
        """Rate of one instance on the answers of each prompt size in their own mix.

        ``D / sum_b(d_b / r_b)`` over the buckets of the prompt size, with ``D`` their demand
        together; 0 where it cannot serve one of them (layouts, prompt sizes) [1/s].
        """
        rates = self.layout_rates.rates
        wanted = self.demand > 0
        able = wanted & (rates > 0)
        needed = np.where(able, self.demand / np.where(able, rates, 1.0), 0.0)
        demand = self.buckets.prompt_demand
        members = np.eye(len(demand))[self.buckets.prompts]
        load, unable = needed @ members, (wanted & ~able) @ members > 0
        serves = (load > 0) & ~unable
        return np.where(serves, demand / np.where(serves, load, 1.0), 0.0)

    @property
    def least_instances(self) -> float:
        """Instances of the fastest layouts that the demand needs at least [1]."""
        fastest = self.prompt_rates.max(axis=0, initial=0.0)
        served = fastest > 0
        return float((self.buckets.prompt_demand[served] / fastest[served]).sum())

    @property
    def unserved_demand(self) -> float:
        """Demand of the prompt sizes that no layout can serve [1/s]."""
        able = (self.prompt_rates > 0).any(axis=0)
        return float(self.buckets.prompt_demand[~able].sum())


def assemble_service(
    *,
    workload: AnyWorkload,
    buckets: Buckets,
    eligible: EligibleOffers,
    settings: CandidateSettings,
    kinds: tuple[InstanceType, ...],
    unusable: Sequence[str],
    layouts: tuple[Layout, ...],
    type_of_layout: Integers,
    rates: LayoutRates,
) -> ServiceCandidates:
    """Join rated layouts with the offers of their types; types without a layout drop out.

    Args:
        workload: what is served, or worked off.
        buckets: what it asks for, request size by request size.
        eligible: offers that the limits allow.
        settings: of the request.
        kinds: instance types of the eligible offers.
        unusable: why nothing is tried on a type; empty where layouts are tried.
        layouts: ways to lay the workload out.
        type_of_layout: index of each layout's type (layouts,).
        rates: what they do.

    Raises:
        InvalidInputError: the demand needs more instances than can be planned exactly.
    """
    misses = nearest_misses(type_of_layout, rates.misses, unusable)
    type_index, type_reason = types_of_offers(eligible.offers, kinds, misses)
    excluded = eligible.excluded.where_empty(type_reason)
    rows = excluded.taking_part
    taking_part = eligible.offers[rows].reset_index(drop=True)
    candidates = ServiceCandidates(
        workload=workload.name or workload.kind,
        buckets=buckets,
        max_spot_fraction=settings.max_spot_fraction,
        promises=settings.promises,
        offers=taking_part,
        prices=priced(taking_part, settings.horizon_hours),
        types=kinds,
        type_of_offer=type_index[rows],
        layouts=layouts,
        type_of_layout=type_of_layout,
        layout_rates=rates,
        excluded=excluded,
        misses=misses,
    )
    if candidates.least_instances > MOST_INSTANCES:
        raise InvalidInputError(
            candidates.workload,
            [
                f"the demand needs at least {candidates.least_instances:,.0f} instances; more "
                f"than {MOST_INSTANCES:,.0f} are not planned; check its unit"
            ],
        )
    return candidates
