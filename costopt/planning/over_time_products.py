"""Commitments that a plan over time may buy: instances, and money per hour."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.commitment.apply import rank_of
from costopt.commitment.time_value import present_value_of_terms
from costopt.evaluate.other_usage import WHOLE_PROVIDER
from costopt.evaluate.tranche_prices import PLACE, SPEND_OPTION, tranche_price
from costopt.plan.line import OfferKey
from costopt.plan.schedule import Tranche
from costopt.solve.hours.problem import BY_THE_HOUR
from costopt.workload.limits import TERM_OPTIONS
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DEARER: Final = -2
"""Product of an offer for which there is a cheaper one of the same kind."""

PRODUCT: Final = [*PLACE, "zone", "purchase_option", "kind", "term_years", "payment"]
"""Columns that name one commitment of instances."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantityProducts:
    """Commitments of instances, of each place, zone and kind the cheapest over the horizon.

    Attributes:
        product: of each column; or BY_THE_HOUR, or DEARER (columns,).
        keys: what names each product.
        present_value: of one instance over the horizon (products,) [plan currency].
    """

    product: Integers
    keys: tuple[OfferKey, ...]
    present_value: Floats

    def only(self, products: Integers) -> Self:
        """Return some of the products, numbered anew; the others' columns have none."""
        number = np.full(len(self.keys) + 2, DEARER)
        number[products] = np.arange(len(products))
        number[[BY_THE_HOUR, DEARER]] = [BY_THE_HOUR, DEARER]
        return type(self)(
            product=number[self.product],
            keys=tuple(self.keys[one] for one in products.tolist()),
            present_value=self.present_value[products],
        )


def has_budget(request: PlanRequest) -> bool:
    """Return whether a budget counts what is paid, which is not what is minimised.

    Args:
        request: the question.
    """
    limits = (request.limits, *(workload.limits for workload in request.workloads))
    return any(one.budget is not None for one in limits)


def quantity_products(columns: pd.DataFrame, request: PlanRequest) -> QuantityProducts:
    """Find the commitments of instances among the columns of a problem.

    Products of one place, zone and purchase option differ in what they cost over the horizon
    alone; the cheapest stands for all, but for a budget, which counts what is paid: then that may
    be another one than the cheapest in present value.

    Args:
        columns: offers, one row for each column.
        request: the question, for the horizon and the cost of capital.
    """
    options = columns["purchase_option"]
    rows = np.flatnonzero(options.isin(TERM_OPTIONS - {SPEND_OPTION}))
    product = np.full(len(columns), BY_THE_HOUR)
    offers = columns.iloc[rows]
    exchange = offers["exchange_rate"].to_numpy(dtype=np.float64)
    cost = present_value_of_terms(
        offers["recurring_per_hour"].to_numpy(dtype=np.float64) * exchange,
        offers["upfront"].to_numpy(dtype=np.float64) * exchange,
        offers["term_hours"].to_numpy(dtype=np.float64),
        request.horizon_hours,
        request.cost_of_capital,
    )
    upfront = offers["upfront"].to_numpy(dtype=np.float64) * exchange
    place = offers.groupby([*PLACE, "zone", "purchase_option"], sort=False).ngroup().to_numpy()
    name = offers.groupby(PRODUCT, sort=False, dropna=False).ngroup().to_numpy()
    if has_budget(request) and request.cost_of_capital:
        place = name
    order = np.lexsort((rows, upfront, cost, place))
    _, first = np.unique(place[order], return_index=True)
    best = order[first]
    number = np.full(int(name.max(initial=-1)) + 1, DEARER)
    number[name[best]] = np.arange(len(best))
    product[rows] = number[name]
    return QuantityProducts(
        product=product,
        keys=tuple(OfferKey.of(columns.iloc[row]) for row in rows[best].tolist()),
        present_value=cost[best],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpendProducts:
    """Plans of money, in the order in which the provider applies them.

    Attributes:
        tranches: what each is, nothing committed yet.
        present_value: of 1 per hour over the horizon (plans,) [plan currency].
        rate: of one instance under the plan; NaN where it is not eligible (plans, columns)
            [plan currency/h].
    """

    tranches: tuple[Tranche, ...]
    present_value: Floats
    rate: Floats


def spend_products(columns: pd.DataFrame, request: PlanRequest, catalog: Catalog) -> SpendProducts:
    """Find the plans of money that may pay for what runs on demand, where they save something.

    Args:
        columns: offers, one row for each column.
        request: the question.
        catalog: at the prices that are paid.
    """
    offered = columns[columns["purchase_option"] == SPEND_OPTION]
    families = catalog.joined_offers[[*PLACE, "family"]].drop_duplicates(PLACE)
    offered = offered.drop(columns="family", errors="ignore").merge(families, on=PLACE, how="left")
    narrow = ~offered["kind"].isin(WHOLE_PROVIDER)
    scoped = offered.assign(
        region=offered["region"].where(narrow, ""), family=offered["family"].where(narrow, "")
    )
    names = ["provider", "region", "zone", "family", "kind", "term_years", "payment"]
    on_demand = (columns["purchase_option"] == "on_demand").to_numpy(dtype=np.bool_)
    places = pd.MultiIndex.from_frame(columns[PLACE])
    listed = (columns["effective_per_hour"] * columns["exchange_rate"]).to_numpy(dtype=np.float64)
    ordered: list[tuple[tuple[int, float], Tranche, float, Floats]] = []
    for found in scoped[names].drop_duplicates().to_dict("records"):
        tranche = Tranche(
            **{str(name): value for name, value in found.items()},
            instance_type="",
            purchase_option=SPEND_OPTION,
            instances=None,
            spend_per_hour=0.0,
        )
        price = tranche_price(tranche, request, catalog)
        rate = pd.Series(price.rates).reindex(places).to_numpy(dtype=np.float64)
        rate = np.where(on_demand & (rate < listed), rate, np.nan)
        if np.isnan(rate).all():
            continue
        saving = float(np.nanmean(1 - rate / listed))
        rank = rank_of(tranche.kind, is_spend=True)
        ordered.append(((rank, -saving), tranche, price.present_value(request), rate))
    ordered.sort(key=lambda entry: entry[0])
    tranches = tuple(tranche for _, tranche, _, _ in ordered)
    return SpendProducts(
        tranches=tranches,
        present_value=np.array([value for _, _, value, _ in ordered], dtype=np.float64),
        rate=np.array([rate for _, _, _, rate in ordered]).reshape(len(ordered), len(columns)),
    )
