"""A budget counts what is paid, wherever it is written, and commitments that are signed too."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import pytest

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.planning.optimize_request import optimize
from costopt.planning.plan_over_time import plan_over_time
from costopt.planning.signed_tranches import SignedTranches
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
OPTIONS: Final = ("on_demand", "reserved")


@pytest.fixture(scope="module")
def reserved(bundled: Catalog) -> Catalog:
    """One type at 1 USD/h on demand; a year costs 0.60 upfront or 0.62 in each hour."""
    few = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = few.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    year: Mapping[str, Any] = {
        "purchase_option": "reserved", "term_years": 1.0, "term_hours": YEAR,
    }  # fmt: skip
    upfront = listed.assign(
        **year,
        payment="all",
        recurring_per_hour=0.0,
        upfront=0.6 * YEAR,
        effective_per_hour=0.6,
    )
    monthly = listed.assign(
        **year, payment="no", upfront=0.0, recurring_per_hour=0.62, effective_per_hour=0.62
    )
    joined = pd.concat([listed, upfront, monthly], ignore_index=True)
    return few.with_offers(joined.astype(few.offers.dtypes.to_dict()))


def work(**limits: Any) -> Requirement:
    """One unit a second, which one instance does."""
    return Requirement(
        demand_per_second=1.0,
        throughput_per_second={"g6.xlarge": 1.0},
        max_utilisation=1.0,
        limits=Limits(**limits),
    )


@pytest.mark.parametrize("is_own", [True, False])
def test_a_budget_buys_what_is_paid_least_for(reserved: Catalog, *, is_own: bool) -> None:
    """At 20 % a year 0.62 an hour is worth 0.566 today, below 0.60; only the latter is paid."""
    budget: dict[str, Any] = {"budget": 0.61 * YEAR}
    plan = optimize(
        work(**(budget if is_own else {})),
        reserved,
        limits=Limits(purchase_options=OPTIONS, **({} if is_own else budget)),
        demand_profile=DemandProfile(factors=[1.0, 1.0]),
        cost_of_capital=0.2,
    )
    assert plan.cost_total == pytest.approx(0.6 * YEAR)


@pytest.mark.parametrize("option", ["reserved", "savings_plan"])
def test_what_is_signed_counts_against_the_budget(reserved: Catalog, option: str) -> None:
    """One instance is signed for 0.6 an hour; a second one in a quarter of the hours costs 0.25.

    Together 0.85 an hour: a budget of 0.86 pays it, one of 0.84 does not.
    """
    offers = reserved.offers
    offers.loc[offers["payment"] == "no", ["recurring_per_hour", "effective_per_hour"]] = 0.6
    offers = offers[offers["payment"] != "all"]
    kind = "compute" if option == "savings_plan" else ""
    is_term = offers["purchase_option"] == "reserved"
    offers.loc[is_term, ["purchase_option", "kind"]] = [option, kind]
    catalog = reserved.with_offers(offers)
    limits = Limits.model_validate({"purchase_options": ("on_demand", option)})
    plan = optimize(
        work(), catalog, limits=limits, demand_profile=DemandProfile(factors=[1.0, 1.0])
    )
    assert plan.schedule is not None
    signed = SignedTranches(tranches=plan.schedule.tranches)
    assert plan.cost_total == pytest.approx(0.6 * YEAR)
    for part, total in ((0.86, 0.85 * YEAR), (0.84, None)):
        busier = plan.request.model_copy(
            update={
                "demand_profile": DemandProfile(factors=[1.0, 1.0, 1.0, 2.0]),
                "limits": limits.model_copy(update={"budget": part * YEAR}),
            }
        )
        again = plan_over_time(all_candidates(busier, catalog), busier, catalog, signed)
        assert again.cost_total == (None if total is None else pytest.approx(total))
        if again.schedule is not None:
            assert again.schedule.series_bound == pytest.approx(total, rel=1e-2)


def test_a_plan_that_commits_nothing_may_be_worth_less_than_a_budget_leaves(
    reserved: Catalog,
) -> None:
    """At 20 % a year 0.65 an hour on demand is worth 0.593 today, below 0.60 upfront.

    A budget of 0.61 leaves the latter alone, so that no plan within it is below 0.60.
    """
    offers = reserved.offers
    on_demand = offers["purchase_option"] == "on_demand"
    offers.loc[on_demand, ["recurring_per_hour", "effective_per_hour"]] = 0.65
    catalog = reserved.with_offers(offers[offers["payment"] != "no"])
    plan = optimize(
        work(),
        catalog,
        limits=Limits(purchase_options=OPTIONS, budget=0.61 * YEAR),
        demand_profile=DemandProfile(factors=[1.0, 1.0]),
        cost_of_capital=0.2,
    )
    assert plan.cost_total == pytest.approx(0.6 * YEAR)
    assert evaluate_plan(plan, catalog).violations == ()


def test_a_stress_names_the_budget_of_the_only_workload(reserved: Catalog) -> None:
    """On demand one instance is 1 an hour; at 20 % more it is beyond a budget of 1.1."""
    plan = optimize(
        work(budget=1.1 * YEAR),
        reserved,
        limits=Limits(purchase_options=("on_demand",)),
        demand_profile=DemandProfile(factors=[1.0, 1.0]),
        horizon_hours=YEAR,
    )
    dearer = [row for row in plan.stress().rows if row.kind == "hourly_price" and row.factor > 1]
    assert [row.broken for row in dearer] == [("cost 10,512.00 exceeds the budget of 9,636.00",)]
