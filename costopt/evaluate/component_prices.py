"""What committed amounts of resources cost, which instances need them, and what they replace."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

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

Term = float | None
"""Length of a commitment; None on demand [years]."""


def step_of_resource(resource: str) -> float:
    """Return the amount in which commitments of a resource are sold."""
    return MEMORY_STEP_GIB if resource == MEMORY else 1.0


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


class ComponentPrices:
    """Prices of committed amounts in one catalogue; what several of them need is worked out once.

    A commitment covers what runs on demand of its instance types in its region, up to its amount
    in each hour; what it does not use in an hour is lost, and the rest is charged on demand.
    Nothing is covered above what is paid: where an instance type costs less on demand than its
    components, those of all types of its scope are taken at the lower level.

    Source: cloud.google.com/compute/docs/instances/signing-up-committed-use-discounts.
    """

    def __init__(self, request: PlanRequest, catalog: Catalog) -> None:
        """Hold the question, for currency and ages, and the catalogue at the prices paid."""
        self.request = request
        self.catalog = catalog
        self._needs: dict[Component, Mapping[Place, float]] = {}
        self._levels: dict[Component, float] = {}
        self._found: dict[tuple[str, str], pd.DataFrame] = {}

    @cached_property
    def _listed(self) -> Mapping[Component, Mapping[Term, float]]:
        """Resource -> term, None on demand -> price of one unit [plan currency/h]."""
        rows = self.catalog.components
        rate = plan_rates(rows["currency"], self.request, self.catalog)
        paid = (rows["price_per_unit_hour"] * rate).tolist()
        terms = rows["term_years"].astype(object).where(rows["term_years"].notna(), None)
        found: dict[Component, dict[Term, float]] = {}
        for named, term, price in zip(
            rows[SCOPE].itertuples(index=False, name=None), terms, paid, strict=True
        ):
            component = Component(**dict(zip(SCOPE, map(str, named), strict=True)))
            found.setdefault(component, {})[term] = price
        return found

    @cached_property
    def _scopes(self) -> Mapping[tuple[str, str], tuple[Component, ...]]:
        """Provider and region -> every resource that has a price there."""
        found: dict[tuple[str, str], tuple[Component, ...]] = {}
        for one in self._listed:
            place = one.provider, one.region
            found[place] = (*found.get(place, ()), one)
        return found

    @cached_property
    def _types(self) -> tuple[pd.DataFrame, OfferNames]:
        types = self.catalog.instance_types
        return types, OfferNames.of(types[["provider", "instance_type"]])

    def price(self, tranche: Tranche) -> TranchePrice:
        """Look up what one unit of a commitment costs, and what it takes the place of.

        Args:
            tranche: what is committed.

        Raises:
            InvalidInputError: the catalogue has no such commitment, does not know what an
                instance type needs, or has two scopes that claim one type.
        """
        component = Component.of(tranche)
        listed = self._listed.get(component, {})
        paid = listed.get(tranche.term_years)
        if tranche.payment != "no" or tranche.purchase_option != COMMITTED_OPTION or paid is None:
            named = (*(getattr(component, part) for part in SCOPE), tranche.purchase_option)
            raise InvalidInputError(
                "plan",
                [
                    f"the catalogue of {self.catalog.as_of} has no commitment named "
                    f"{'/'.join(named)} of that term"
                ],
            )
        return TranchePrice(
            recurring_per_hour=paid,
            upfront=0.0,
            term_hours=tranche.term_years * HOURS_PER_YEAR,
            rates={},
            needs=self.needs(component),
            replaced_per_hour=listed[None] * self._level(component),
        )

    def needs(self, component: Component) -> Mapping[Place, float]:
        """Return how much one instance of each type of a scope needs of a resource.

        Args:
            component: the resource.

        Raises:
            InvalidInputError: an amount is not known, or two scopes claim one instance type.
        """
        if component not in self._needs:
            self._needs[component] = self._found_needs(component)
        return self._needs[component]

    def _found_needs(self, component: Component) -> Mapping[Place, float]:
        types = self._types_of(component)
        if component.resource in FACT_OF:
            amount = types[FACT_OF[component.resource]]
        else:
            has_it = types["accelerator"] == component.resource
            amount = types["accelerator_count"].where(has_it, 0.0)
        unknown = types.loc[amount.isna(), "instance_type"]
        if len(unknown):
            raise InvalidInputError(
                "components",
                [
                    f"{component.instance_types} covers {unknown.iloc[0]}, whose "
                    f"{component.resource} is not known; leave it out of instance_types"
                ],
            )
        self._refuse_claimed_twice(component, types)
        return {
            (component.provider, component.region, str(name)): float(needed)
            for name, needed in zip(types["instance_type"], amount, strict=True)
            if needed > 0
        }

    def _types_of(self, component: Component) -> pd.DataFrame:
        """Return the instance types of a scope."""
        named = component.provider, component.instance_types
        if named not in self._found:
            types, names = self._types
            rows = names.rows({"provider": named[0], "instance_type": named[1]})
            self._found[named] = types[rows]
        return self._found[named]

    def _refuse_claimed_twice(self, component: Component, types: pd.DataFrame) -> None:
        """Refuse an instance type whose resource is priced in two scopes.

        Raises:
            InvalidInputError: there is one.
        """
        for other in self._scopes[component.provider, component.region]:
            if other.resource != component.resource or other == component:
                continue
            both = set(self._types_of(other)["instance_type"]) & set(types["instance_type"])
            if both:
                raise InvalidInputError(
                    "components",
                    [
                        f"{component.instance_types} and {other.instance_types} both cover "
                        f"{min(both)}, so its {component.resource} has two prices; let each type "
                        "be in one of them"
                    ],
                )

    def _level(self, component: Component) -> float:
        """Return what is paid on demand over the price of all components of a scope, 1 at most."""
        scope = replace(component, resource="")
        if scope not in self._levels:
            self._levels[scope] = self._found_level(scope)
        return self._levels[scope]

    def _found_level(self, scope: Component) -> float:
        whole: dict[Place, float] = {}
        for one in self._scopes[scope.provider, scope.region]:
            if one.instance_types == scope.instance_types:
                for place, needed in self.needs(one).items():
                    whole[place] = whole.get(place, 0.0) + needed * self._listed[one][None]
        if not whole:
            return 1.0
        paid = on_demand_prices(list(whole), self.request, self.catalog)
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


def covered_for_a_year(request: PlanRequest, catalog: Catalog) -> set[Place]:
    """Return the places that a commitment of amounts with a term of a year covers.

    Args:
        request: the question.
        catalog: with or without component prices.
    """
    prices = ComponentPrices(request, catalog)
    yearly = {Component.of(one) for one in components_of(catalog) if one.term_years == 1.0}
    return {place for one in yearly for place in prices.needs(one)}
