"""What committed amounts of resources cost, which instances need them, and what they replace."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.catalog.components import MEMORY, SCOPE, VCPU
from costopt.catalog.offer_keys import OfferNames
from costopt.errors import InvalidInputError
from costopt.evaluate.tranche_prices import TranchePrice, on_demand_prices, plan_rates
from costopt.plan.schedule import Tranche
from costopt.units import HOURS_PER_YEAR
from costopt.workload.request import PlanRequest

COMMITTED_OPTION = "committed_use"
"""Purchase option that commits amounts of resources."""

FACT_OF = {VCPU: "vcpus", MEMORY: "memory_gib"}
"""Resource -> column of the instance types; that of any other one is its accelerators."""

MEMORY_STEP_GIB = 0.25
"""Step in which memory is committed; all else is in whole units [GiB].

Source: Compute API v1, ResourceCommitment.amount (multiples of 256 MB).
"""

Place = tuple[str, str, str]
"""Provider, region and instance type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One resource of some instance types in a region.

    Attributes:
        provider: cloud.
        region: the provider's own name.
        instance_types: that it is part of; may hold wildcards and alternatives.
        resource: vcpu, memory_gib, or an accelerator.
    """

    provider: str
    region: str
    instance_types: str
    resource: str

    @classmethod
    def of(cls, tranche: Tranche) -> "Component":
        """Return what a commitment of amounts covers."""
        return cls(
            provider=tranche.provider,
            region=tranche.region,
            instance_types=tranche.instance_type,
            resource=tranche.resource,
        )

    def among(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return its rows of the components table."""
        return rows[np.logical_and.reduce([rows[name] == getattr(self, name) for name in SCOPE])]


def step_of_resource(resource: str) -> float:
    """Return the amount in which commitments of a resource are sold."""
    return MEMORY_STEP_GIB if resource == MEMORY else 1.0


def component_price(tranche: Tranche, request: PlanRequest, catalog: Catalog) -> TranchePrice:
    """Look up what one unit of a commitment of amounts costs, and what it takes the place of.

    A commitment covers what runs on demand of its instance types in its region, up to its amount
    in each hour; what it does not use in an hour is lost, and the rest is charged on demand.
    Nothing is covered above what is paid: where an instance type costs less on demand than its
    components, those of all types of its scope are taken at the lower level.

    Args:
        tranche: what is committed.
        request: the question, for currency and ages.
        catalog: at the prices that are paid.

    Raises:
        InvalidInputError: the catalogue has no such commitment, or does not know what an instance
            type needs.

    Source: cloud.google.com/compute/docs/instances/signing-up-committed-use-discounts.
    """
    rows = catalog.components
    component = Component.of(tranche)
    own = component.among(rows)
    committed = own[
        (own["purchase_option"] == tranche.purchase_option)
        & (own["term_years"] == tranche.term_years)
    ]
    if tranche.payment != "no" or len(committed) != 1:
        name = "/".join((*(getattr(component, part) for part in SCOPE), tranche.purchase_option))
        raise InvalidInputError(
            "plan",
            [f"the catalogue of {catalog.as_of} has no commitment named {name} of that term"],
        )
    paid = committed["price_per_unit_hour"] * plan_rates(committed["currency"], request, catalog)
    return TranchePrice(
        recurring_per_hour=float(paid.iloc[0]),
        upfront=0.0,
        term_hours=tranche.term_years * HOURS_PER_YEAR,
        rates={},
        needs=needs_of(component, catalog),
        replaced_per_hour=_listed(own, request, catalog) * _level(component, request, catalog),
    )


def needs_of(component: Component, catalog: Catalog) -> Mapping[Place, float]:
    """Return how much one instance of each type of a scope needs of a resource.

    Args:
        component: the resource.
        catalog: where instance types are.

    Raises:
        InvalidInputError: an amount is not known, or two scopes claim one instance type.
    """
    types = _types_of(component, catalog)
    if component.resource in FACT_OF:
        amount = types[FACT_OF[component.resource]]
    else:
        amount = types["accelerator_count"].where(types["accelerator"] == component.resource, 0.0)
    unknown = types.loc[amount.isna(), "instance_type"]
    if len(unknown):
        raise InvalidInputError(
            "components",
            [
                f"{component.instance_types} covers {unknown.iloc[0]}, whose {component.resource} "
                "is not known; leave it out of instance_types"
            ],
        )
    _refuse_claimed_twice(component, types, catalog)
    return {
        (component.provider, component.region, str(name)): float(needed)
        for name, needed in zip(types["instance_type"], amount, strict=True)
        if needed > 0
    }


def _types_of(component: Component, catalog: Catalog) -> pd.DataFrame:
    """Return the instance types of a scope."""
    types = catalog.instance_types
    names = OfferNames.of(types[["provider", "instance_type"]])
    wanted = {"provider": component.provider, "instance_type": component.instance_types}
    return types[names.rows(wanted)]


def _refuse_claimed_twice(component: Component, types: pd.DataFrame, catalog: Catalog) -> None:
    """Refuse an instance type whose resource is priced in two scopes.

    Raises:
        InvalidInputError: there is one.
    """
    rows = catalog.components
    named = [name for name in SCOPE if name != "instance_types"]
    beside = rows[
        np.logical_and.reduce([rows[name] == getattr(component, name) for name in named])
    ]
    for pattern in sorted(set(beside["instance_types"]) - {component.instance_types}):
        other = Component(
            provider=component.provider,
            region=component.region,
            instance_types=pattern,
            resource=component.resource,
        )
        both = set(_types_of(other, catalog)["instance_type"]) & set(types["instance_type"])
        if both:
            raise InvalidInputError(
                "components",
                [
                    f"{component.instance_types} and {pattern} both cover {min(both)}, so its "
                    f"{component.resource} has two prices; let each type be in one of them"
                ],
            )


def _listed(rows: pd.DataFrame, request: PlanRequest, catalog: Catalog) -> float:
    """Return what one unit costs on demand, by its components [plan currency/h]."""
    listed = rows[rows["purchase_option"] == "on_demand"]
    price = listed["price_per_unit_hour"] * plan_rates(listed["currency"], request, catalog)
    return float(price.iloc[0])


def _level(component: Component, request: PlanRequest, catalog: Catalog) -> float:
    """Return what is paid on demand over the price of all components, 1 at most."""
    rows = catalog.components
    scope = rows[
        np.logical_and.reduce([rows[name] == getattr(component, name) for name in SCOPE[:-1]])
    ]
    whole: dict[Place, float] = {}
    for resource, own in scope.groupby("resource"):
        one = Component(
            provider=component.provider,
            region=component.region,
            instance_types=component.instance_types,
            resource=str(resource),
        )
        listed = _listed(own, request, catalog)
        for place, needed in needs_of(one, catalog).items():
            whole[place] = whole.get(place, 0.0) + needed * listed
    if not whole:
        return 1.0
    paid = on_demand_prices(list(whole), request, catalog)
    level = paid / np.array(list(whole.values()))
    return float(min(np.nanmin(level, initial=1.0), 1.0))


def components_of(catalog: Catalog) -> list[Tranche]:
    """Return every commitment of amounts that the catalogue prices, nothing committed yet.

    Args:
        catalog: with or without component prices.
    """
    rows = catalog.components
    committed = rows[rows["purchase_option"] == COMMITTED_OPTION]
    return [
        Tranche(
            provider=str(row["provider"]),
            region=str(row["region"]),
            zone="",
            instance_type=str(row["instance_types"]),
            family="",
            purchase_option=COMMITTED_OPTION,
            kind="",
            term_years=float(row["term_years"]),
            payment="no",
            instances=None,
            spend_per_hour=None,
            resource=str(row["resource"]),
            amount=0.0,
        )
        for row in committed.to_dict("records")
    ]


def covered_for_a_year(catalog: Catalog) -> set[Place]:
    """Return the places that a commitment of amounts with a term of a year covers.

    Args:
        catalog: with or without component prices.
    """
    yearly = {Component.of(one) for one in components_of(catalog) if one.term_years == 1.0}
    return {place for one in yearly for place in needs_of(one, catalog)}
