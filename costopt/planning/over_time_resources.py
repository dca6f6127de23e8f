"""Amounts of resources that a plan over time may commit to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.errors import InvalidInputError
from costopt.evaluate.component_prices import (
    COMMITTED_OPTION,
    Component,
    ComponentPrices,
    Place,
    components_of,
    step_of_resource,
)
from costopt.evaluate.tranche_prices import PLACE
from costopt.plan.schedule import Tranche
from costopt.solve.hours.commitments import ResourceCommitments
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]

ROUNDING: Final = 1e-9
"""Relative saving, or part of a step, that is rounding [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResourceProducts:
    """Commitments of amounts, of each resource the cheapest over the horizon.

    Attributes:
        tranches: what each is, nothing committed yet.
        step: amount in which each is sold (products,) [amount].
        present_value: of one step over the horizon (products,) [plan currency].
        replaced: on-demand charge that one amount takes the place of, mean over the horizon of
            present values (products,) [plan currency/h].
        needs: of one instance (columns, products) [amount].
    """

    tranches: tuple[Tranche, ...]
    step: Floats
    present_value: Floats
    replaced: Floats
    needs: Floats

    def commitments(self, columns: NDArray[np.int64]) -> ResourceCommitments:
        """Return the commitments of a problem with some of the columns.

        Args:
            columns: that are left.
        """
        return ResourceCommitments(
            cost=self.present_value,
            upper=np.full(len(self.tranches), np.inf),
            amounts=np.diag(self.step),
            price=self.replaced,
            needs=self.needs[columns],
        )

    def written(self, product: int, units: int, most_used: float) -> Tranche | None:
        """Write a commitment, no more than some hour uses; None where that is nothing.

        Args:
            product: which one.
            units: steps that are committed [1].
            most_used: of the resource, in the hour that uses most [amount].
        """
        step = float(self.step[product])
        taken = min(units, ceil(most_used / step - ROUNDING))
        amount = {"amount": taken * step}
        return self.tranches[product].model_copy(update=amount) if taken else None

    def bought(self, tranche: Tranche) -> int | None:
        """Return which product a commitment is; None where it is not among them."""
        named = Component.of(tranche), tranche.term_years
        known = [(Component.of(one), one.term_years) for one in self.tranches]
        return known.index(named) if named in known else None


def places_of(columns: pd.DataFrame) -> list[Place | None]:
    """Return provider, region and instance type of what runs on demand, else None (columns,).

    Args:
        columns: offers, one row for each column.
    """
    on_demand = columns["purchase_option"] == "on_demand"
    rows = columns[PLACE].itertuples(index=False, name=None)
    return [
        (str(a), str(b), str(c)) if hourly else None
        for (a, b, c), hourly in zip(rows, on_demand, strict=True)
    ]


def resource_products(
    places: Sequence[Place | None], request: PlanRequest, catalog: Catalog
) -> ResourceProducts:
    """Find the commitments of amounts that cover what may run, where they save something.

    Those of one resource differ in what they cost over the horizon alone; the cheapest stands for
    all, unless it costs no less than what it covers when it is in use in every hour.

    Args:
        places: of each column on demand; None of others.
        request: the question.
        catalog: at the prices that are paid.
    """
    declined = mean_factor(
        (1 - request.price_decline) / (1 + request.cost_of_capital), request.horizon_hours
    )
    prices = ComponentPrices(request, catalog)
    columns_at: dict[Place, list[int]] = {}
    for column, place in enumerate(places):
        if place is not None:
            columns_at.setdefault(place, []).append(column)
    regions = {place[:2] for place in columns_at}
    best: dict[Component, tuple[float, float, float, Tranche, Floats]] = {}
    for tranche in _allowed(request, catalog):
        component = Component.of(tranche)
        if (component.provider, component.region) not in regions:
            continue
        price = prices.price(tranche)
        needs = np.zeros(len(places))
        for place, amount in price.needs.items():
            needs[columns_at.get(place, [])] = amount
        step = step_of_resource(component.resource)
        value, replaced = price.present_value(request), price.replaced_per_hour * declined
        saving = 1 - value / (replaced * request.horizon_hours)
        if needs.any() and saving > ROUNDING:
            found = (value, step, replaced, tranche, needs)
            if component not in best or value < best[component][0]:
                best[component] = found
    chosen = list(best.values())
    return ResourceProducts(
        tranches=tuple(tranche for _, _, _, tranche, _ in chosen),
        step=np.array([step for _, step, _, _, _ in chosen]),
        present_value=np.array([value * step for value, step, _, _, _ in chosen]),
        replaced=np.array([replaced for _, _, replaced, _, _ in chosen]),
        needs=np.array([needs for _, _, _, _, needs in chosen])
        .reshape(len(chosen), len(places))
        .T,
    )


def _allowed(request: PlanRequest, catalog: Catalog) -> list[Tranche]:
    """Return the commitments of amounts that the limits allow."""
    if COMMITTED_OPTION not in request.limits.options:
        return []
    limits = [request.limits, *(workload.limits for workload in request.workloads)]
    return [
        tranche
        for tranche in components_of(catalog)
        if all(not one.term_years or tranche.term_years in one.term_years for one in limits)
    ]


def refuse_two_discounts(rate: Floats, needs: Floats, places: Sequence[Place | None]) -> None:
    """Refuse usage that plans of money and commitments of amounts would both cover.

    Args:
        rate: under each plan of money; NaN where not eligible (plans, columns).
        needs: of each resource (columns, products).
        places: of each column.

    Raises:
        InvalidInputError: there is such usage.
    """
    both = np.isfinite(rate).any(axis=0) & needs.any(axis=1)
    for column in np.flatnonzero(both)[:1].tolist():
        raise InvalidInputError(
            "limits",
            [
                f"{'/'.join(places[column] or ())} is covered by savings plans and by committed "
                "amounts of resources, and one of the two is planned; leave savings_plan or "
                "committed_use out of purchase_options"
            ],
        )


def none_but(resources: ResourceCommitments, units: Floats) -> ResourceCommitments:
    """Return commitments of which just some steps can be used, and are paid for.

    Args:
        resources: of a problem.
        units: steps of each product (products,) [1].
    """
    return replace(resources, cost=np.zeros(len(resources)), upper=units)
