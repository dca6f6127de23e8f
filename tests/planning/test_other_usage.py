"""Other usage of the company on the savings plans that a plan over time buys, by hand."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
PLANS = Limits(purchase_options=("on_demand", "savings_plan"))
HALF = DemandProfile(factors=[1.0, 0.0])
"""The workload runs one instance in half of the hours."""


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h on demand, and 0.7 $/h under a plan of the whole provider."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    plan = listed.assign(purchase_option="savings_plan", kind="compute", term_years=1.0,
                         term_hours=YEAR, payment="no", recurring_per_hour=0.7,
                         effective_per_hour=0.7)  # fmt: skip
    joined = pd.concat([listed, plan], ignore_index=True)
    return found.with_offers(joined.astype(found.offers.dtypes.to_dict()))


def web(*on_demand_per_hour: float, discount: float = 0.3, provider: str = "aws") -> EligibleUsage:
    return EligibleUsage(
        name="web",
        provider=provider,
        on_demand_per_hour=on_demand_per_hour,
        discount_fraction=discount,
    )


def planned(catalog: Catalog, *others: EligibleUsage, **given: Any) -> Plan:
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})
    asked: Mapping[str, Any] = {"limits": PLANS, "demand_profile": HALF, **given}
    return optimize(work, catalog, eligible_usage=others, **asked).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def test_other_usage_of_the_company_draws_on_the_same_savings_plan(catalog: Catalog) -> None:
    assert schedule_of(planned(catalog)).tranches == ()
    plan = planned(catalog, web(0.0, 1.0))
    # Alone a plan would be used half of the hours, below 0.7. Together each hour draws 0.7 $/h.
    (tranche,) = schedule_of(plan).tranches
    assert (tranche.spend_per_hour, tranche.utilisation) == pytest.approx((0.7, 1.0))
    assert schedule_of(plan).objective == pytest.approx(0.7 * YEAR)
    assert schedule_of(plan).coverage == pytest.approx(1.0)
    # Half of it pays for the workload, where on demand would be 0.5 $/h.
    assert plan.cost_total == pytest.approx(0.35 * YEAR)
    (without,) = plan.baselines
    assert without.cost_total == pytest.approx(0.5 * YEAR)
    assert evaluate_plan(Plan.from_json(plan.to_json()), catalog).violations == ()
    assert "other usage that draws on the savings plans counts: web" in str(plan)


def test_usage_that_saves_more_is_covered_first(catalog: Catalog) -> None:
    plan = planned(catalog, web(2.0, 2.0, discount=0.4))
    # 2 $/h at a discount of 0.4 draw 1.2; the workload, at 0.3, comes after and stays on demand.
    (tranche,) = schedule_of(plan).tranches
    assert tranche.spend_per_hour == pytest.approx(1.2)
    assert plan.cost_total == pytest.approx(0.5 * YEAR)
    assert schedule_of(plan).objective == pytest.approx(1.7 * YEAR)


def test_other_usage_that_says_nothing_is_refused(catalog: Catalog) -> None:
    reserved = Limits(purchase_options=("on_demand", "reserved"))
    with pytest.raises(InvalidInputError, match="no savings plan for all of gcp covers an offer"):
        planned(catalog, web(1.0, 1.0, provider="gcp"))
    with pytest.raises(InvalidInputError, match="web has 1 hours and the demand profile 2"):
        planned(catalog, web(1.0))
    with pytest.raises(InvalidInputError, match="add savings_plan to purchase_options"):
        planned(catalog, web(1.0, 1.0), limits=reserved)
    with pytest.raises(InvalidInputError, match="eligible_usage is told for each"):
        planned(catalog, web(1.0, 1.0), demand_profile=DemandProfile(factors=[1.0, 0.0], kinds=1))
    with pytest.raises(InvalidInputError, match="eligible_usage belongs to a demand_profile"):
        planned(catalog, web(1.0, 1.0), demand_profile=None)
