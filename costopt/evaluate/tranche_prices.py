"""What commitments of a scheduled plan cost, and the rates that they bring, by the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from costopt.candidate.eligible import ages_allowed
from costopt.catalog.catalog import Catalog
from costopt.commitment.terms import HorizonCost, cost_over_horizon
from costopt.commitment.time_value import present_value_of_terms
from costopt.errors import InvalidInputError
from costopt.plan.schedule import Tranche
from costopt.units import HOURS_PER_MONTH
from costopt.workload.request import PlanRequest

SPEND_OPTION = "savings_plan"
"""Purchase option that commits money; the others of a term commit instances."""

PLACE = ["provider", "region", "instance_type"]
"""Columns that name what an on-demand price or a rate under a plan is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranchePrice:
    """What one unit of a tranche costs: an instance, 1 of money per hour, or an amount.

    Attributes:
        recurring_per_hour: charged each hour [plan currency/h].
        upfront: due at the start of each term [plan currency].
        term_hours: length of a term [h].
        rates: provider, region and instance type -> price under the plan; empty for instances
            [plan currency/h].
        needs: the same -> amount that one instance on demand needs; empty unless amounts of a
            resource are committed [amount].
        replaced_per_hour: on-demand charge that one amount takes the place of, at today's prices
            [plan currency/h].
    """

    recurring_per_hour: float
    upfront: float
    term_hours: float
    rates: Mapping[tuple[str, str, str], float]
    needs: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    replaced_per_hour: float = 0.0

    def over(self, horizon_hours: float) -> HorizonCost:
        """Charge one unit in whole terms over a horizon (1,)."""
        return cost_over_horizon(
            np.array([self.recurring_per_hour]),
            np.array([self.upfront]),
            np.array([self.term_hours]),
            horizon_hours,
        )

    def present_value(self, request: PlanRequest) -> float:
        """Return what one unit costs over the horizon, each payment discounted by its date."""
        value = present_value_of_terms(
            np.array([self.recurring_per_hour]),
            np.array([self.upfront]),
            np.array([self.term_hours]),
            request.horizon_hours,
            request.cost_of_capital,
        )
        return float(value[0])


def tranche_price(tranche: Tranche, request: PlanRequest, catalog: Catalog) -> TranchePrice:
    """Look up what a tranche costs.

    Args:
        tranche: what is committed.
        request: the question, for currency and ages.
        catalog: at the prices that are paid.

    Raises:
        InvalidInputError: the catalogue has no such commitment, or several of one name.
    """
    rows = _rows_of(tranche, catalog)
    is_spend = tranche.purchase_option == SPEND_OPTION
    if rows.empty or (len(rows) > 1 and not is_spend):
        name = "/".join((tranche.provider, tranche.region, tranche.instance_type,
                         tranche.purchase_option))  # fmt: skip
        raise InvalidInputError(
            "plan", [f"the catalogue of {catalog.as_of} has {len(rows)} commitments named {name}"]
        )
    return price_of_rows(rows, request, catalog, is_spend=is_spend)


def price_of_rows(
    rows: pd.DataFrame, request: PlanRequest, catalog: Catalog, *, is_spend: bool
) -> TranchePrice:
    """Price one unit of what rows of the catalogue offer.

    Of a plan of money the part that is due at the start is that of its rows together.

    Args:
        rows: offers of one commitment.
        request: the question, for currency and ages.
        catalog: where exchange rates are.
        is_spend: whether money is committed, or instances.
    """
    rate = plan_rates(rows["currency"], request, catalog)
    term_hours = float(rows["term_hours"].iloc[0])
    upfront = rows["upfront"].to_numpy(dtype=np.float64) * rate
    recurring = rows["recurring_per_hour"].to_numpy(dtype=np.float64) * rate
    if not is_spend:
        return TranchePrice(
            recurring_per_hour=float(recurring[0]),
            upfront=float(upfront[0]),
            term_hours=term_hours,
            rates={},
        )
    at_start = float(upfront.sum() / (upfront + recurring * term_hours).sum())
    effective = rows["effective_per_hour"].to_numpy(dtype=np.float64) * rate
    places = rows[PLACE].itertuples(index=False, name=None)
    return TranchePrice(
        recurring_per_hour=1 - at_start,
        upfront=at_start * term_hours,
        term_hours=term_hours,
        rates={(str(a), str(b), str(c)): price
               for (a, b, c), price in zip(places, effective.tolist(), strict=True)},
    )  # fmt: skip


def plan_rates(
    currencies: "pd.Series[str]", request: PlanRequest, catalog: Catalog
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return units of the plan's currency for one of each (rows,)."""
    limits = [request.limits, *(workload.limits for workload in request.workloads)]
    allowed = ages_allowed(limits)["exchange_rate"]
    found = catalog.conversion(currencies, request.currency, allowed)
    return np.asarray(found, dtype=np.float64)


def on_demand_prices(
    places: Sequence[tuple[str, str, str]], request: PlanRequest, catalog: Catalog
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the cheapest on-demand price of each place, NaN where there is none (places,).

    Args:
        places: provider, region and instance type.
        request: the question, for currency and ages.
        catalog: at the prices that are paid.
    """
    offers = catalog.offers
    wanted = pd.MultiIndex.from_tuples(list(places), names=PLACE)
    rows = offers[offers["purchase_option"] == "on_demand"]
    rows = rows[pd.MultiIndex.from_frame(rows[PLACE]).isin(wanted)]
    price = rows["effective_per_hour"] * plan_rates(rows["currency"], request, catalog)
    cheapest = price.groupby([rows[name] for name in PLACE]).min()
    return cheapest.reindex(wanted).to_numpy(dtype=np.float64)


def priced_tranche(tranche: Tranche, price: TranchePrice, request: PlanRequest) -> Tranche:
    """Write what a tranche costs over the horizon, and when.

    Args:
        tranche: what is committed.
        price: of one unit.
        request: the question, for the horizon and the cost of capital.
    """
    quantity, cost = tranche.quantity, price.over(request.horizon_hours)
    return tranche.model_copy(
        update={
            "cost_total": quantity * float(cost.total[0]),
            "present_value": quantity * price.present_value(request),
            "cash_now": quantity * float(cost.cash_now[0]),
            "monthly": quantity * price.recurring_per_hour * HOURS_PER_MONTH,
            "locked_in_hours": float(cost.locked_in_hours[0]),
            "locked_in": quantity * float(cost.locked_in[0]),
        }
    )


def _rows_of(tranche: Tranche, catalog: Catalog) -> pd.DataFrame:
    """Return the offers of a commitment, beside the facts of their instance types."""
    joined = catalog.joined_offers
    wanted = {
        "provider": tranche.provider,
        "purchase_option": tranche.purchase_option,
        "kind": tranche.kind,
        "term_years": tranche.term_years,
        "payment": tranche.payment,
        "zone": tranche.zone,
        **{
            name: value
            for name in ("region", "instance_type", "family")
            if (value := getattr(tranche, name))
        },
    }
    kept = np.logical_and.reduce([joined[name] == value for name, value in wanted.items()])
    return joined[kept]
