"""Instance types refused for their memory: which come nearest, and what would make them fit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from costopt.candidate.eligible import eligible_offers
from costopt.candidate.find import NamedWorkload
from costopt.candidate.layout import InstanceType
from costopt.candidate.misses import Miss
from costopt.candidate.reasons import types_of_offers
from costopt.catalog.catalog import Catalog
from costopt.workload.request import PlanRequest

MOST_REFUSED = 3
"""Instance types that are named for one workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One change with which a workload fits into the memory.

    Attributes:
        name: field of the workload, such as precision or kv_precision, or what else changes.
        value: what to set it to.
        fits: how it then fits, in words.
        used_fraction: of the usable memory of one accelerator, before any cache [0..1].
    """

    name: str
    value: str
    fits: str
    used_fraction: float

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.name} {self.value} makes it fit ({self.fits})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMemory:
    """An instance type that is too small, and each single change that makes it fit.

    Attributes:
        workload: what should run.
        instance_type: on what.
        missing: by how much, in words.
        knobs: changes that help, each alone.
        tried: what the planner tries by itself and found not to be enough, in words.
    """

    workload: str
    instance_type: str
    missing: str
    knobs: tuple[Knob, ...]
    tried: str

    @property
    def text(self) -> str:
        """In words."""
        helping = "; ".join(knob.text for knob in self.knobs)
        nothing = f"no single change makes it fit, though {self.tried} were tried"
        return f"{self.workload} on {self.instance_type}: {self.missing}: {helping or nothing}"


def nearest_refused(
    item: NamedWorkload, short: Mapping[int, Miss], request: PlanRequest, catalog: Catalog
) -> list[tuple[InstanceType, Miss]]:
    """Return the types refused for memory that come nearest, the cheapest of each size.

    Args:
        item: a workload with its candidates.
        short: position of each type with too little memory -> by how much it misses.
        request: limits and currency.
        catalog: where the offers are.
    """
    if not short:
        return []
    candidates = item.candidates
    eligible = eligible_offers(catalog, (item.workload.limits, request.limits), request.currency)
    offers = eligible.offers[eligible.excluded.taking_part]
    owner, _ = types_of_offers(offers, candidates.types, candidates.misses)
    price = (offers["effective_per_hour"] * offers["exchange_rate"]).to_numpy(dtype=np.float64)
    cheapest = np.full(len(candidates.types) + 1, np.inf)
    np.minimum.at(cheapest, owner, price)
    best: dict[tuple[str, float], int] = {}
    for index in sorted(short, key=lambda index: float(cheapest[index])):
        kind = candidates.types[index]
        best.setdefault((kind.chip, kind.count), index)
    ranked = sorted(best.values(), key=lambda i: (short[i].distance, float(cheapest[i])))
    return [(candidates.types[index], short[index]) for index in ranked[:MOST_REFUSED]]
