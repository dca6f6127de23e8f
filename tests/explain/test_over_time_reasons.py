"""Reasons behind plans over time: hours, commitments and other plans, by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.why import Explanation
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
WORK = Requirement(
    demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0, "g5.xlarge": 1.0}
)
FACTORS = [1.0] * 6 + [2.0] * 6 + [3.0] * 8 + [4.0] * 4
"""1 is needed always, 2 in 18 of 24 h, 3 in 12, 4 in 4."""


def priced(bundled: Catalog, option: str, rate: float) -> Catalog:
    """Two types on demand at 1 and 1.5 $/h, and a year of the first at a rate."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand"],
    )
    offers = found.offers
    price = np.where(offers["instance_type"] == "g6.xlarge", 1.0, 1.5)
    listed = offers.assign(recurring_per_hour=price, effective_per_hour=price)
    term = listed[listed["instance_type"] == "g6.xlarge"].assign(
        purchase_option=option, term_years=1.0, term_hours=YEAR, payment="no", upfront=0.0,
        recurring_per_hour=rate, effective_per_hour=rate,
        kind="compute" if option == "savings_plan" else "",
    )  # fmt: skip
    joined = pd.concat([listed, term], ignore_index=True).astype(offers.dtypes.to_dict())
    return found.with_offers(joined)


def planned(
    catalog: Catalog, option: Any, factors: Sequence[float] = FACTORS, quota: int | None = None
) -> Plan:
    limits = Limits(
        purchase_options=("on_demand", option),
        quota={} if quota is None else {"g6.xlarge": quota},
    )
    profile = DemandProfile(factors=factors)
    return optimize(WORK, catalog, limits=limits, demand_profile=profile).require()


@pytest.fixture(scope="module")
def plan(bundled: Catalog) -> Plan:
    """At 0.6 $/h what is needed more than 60 % of the time is reserved: two."""
    return planned(priced(bundled, "reserved", 0.6), "reserved")


@pytest.fixture(scope="module")
def reasons(plan: Plan) -> Explanation:
    return plan.explain()


def reserved_of(plan: Plan) -> int | None:
    assert plan.schedule is not None
    return sum(one.instances or 0 for one in plan.schedule.tranches)


def test_one_commitment_more_or_less_is_planned_again(reasons: Explanation) -> None:
    (worth,) = reasons.commitments
    assert worth.tranche.instances == 2
    # A third costs 0.6 and takes the place of on demand in 12 of 24 h: 0.6 - 0.5 = 0.1 $/h.
    # Without the second 0.6 is saved and on demand costs 18 / 24: 0.15 $/h. In a month of 730 h:
    assert worth.more == pytest.approx(0.1 * YEAR)
    assert worth.less == pytest.approx(0.15 * YEAR)
    assert worth.text == (
        "2 x g6.xlarge in aws us-east-1, 1-year reserved, no upfront: one more costs $73.00/month "
        "more, one less costs $110/month more"
    )


def test_a_commitment_switches_where_planning_again_switches(
    bundled: Catalog, reasons: Explanation
) -> None:
    fewer, more = [one for one in reasons.switch_points if one.kind == "commitment"]
    # The second is in use 75 % of the time, so it pays up to 0.75 $/h; the third is needed half
    # of the time, and would pay below 0.50 $/h.
    assert fewer.value == pytest.approx(0.25)
    assert fewer.change_fraction == pytest.approx(0.75 / 0.6 - 1)
    assert more.value == pytest.approx(0.5)
    assert more.change_fraction == pytest.approx(0.5 / 0.6 - 1)
    assert "+25.0 %, to a discount of 25.0 % on demand" in fewer.text
    counts = [
        reserved_of(planned(priced(bundled, "reserved", rate), "reserved"))
        for rate in (0.76, 0.74, 0.51, 0.49)
    ]
    assert counts == [1, 2, 2, 3]


def test_a_plan_of_money_stops_paying_where_as_much_of_it_is_in_use(bundled: Catalog) -> None:
    reasons = planned(priced(bundled, "savings_plan", 0.6), "savings_plan").explain()
    (point,) = [one for one in reasons.switch_points if one.kind == "commitment"]
    # 1.2 $/h are committed: two instances, in use (24 + 18) / 48 of the time = 87.5 %.
    assert point.value == pytest.approx(0.125)
    assert point.change_fraction == pytest.approx(0.875 / 0.6 - 1)
    (worth,) = reasons.commitments
    # 0.12 $/h more carry 0.2 of a third instance half of the time: 0.12 - 0.1 = 0.02 $/h; 0.12
    # less leave 0.2 of the second to be paid for 18 of 24 h: 0.15 - 0.12 = 0.03 $/h.
    assert [worth.more, worth.less] == pytest.approx([0.02 * YEAR, 0.03 * YEAR])


def test_the_hours_that_set_a_count_are_named(plan: Plan, reasons: Explanation) -> None:
    # The two reserved ones run together from twice the mean rate on, 18 of 24 h; the two on
    # demand only at the highest, 4 of 24.
    assert reasons.binding[:2] == (
        "hours at 2.00 to 4.00 times the mean rate of requirement, 75 % of all, need all 2 x "
        "g6.xlarge in aws us-east-1, 1-year reserved, no upfront",
        "hours at 4.00 times the mean rate of requirement, 17 % of all, need all 2 x "
        "g6.xlarge in aws us-east-1, on demand",
    )
    text = str(reasons)
    assert text.startswith("Which hours set how many run:\n  - hours at 2.00 to 4.00 times")
    assert "One commitment more or less:" in text
    assert plan.baselines == reasons.baselines[:1]


def test_a_quota_binds_in_the_hour_that_uses_it_up(bundled: Catalog) -> None:
    plan = planned(priced(bundled, "reserved", 0.6), "reserved", quota=3)
    text = [one.text for one in plan.explain().binding_limits if "quota" in one.key]
    assert text == ["quota g6.xlarge: 3 of 3 instances"]


def test_other_plans_over_time_leave_out_what_the_plan_rests_on(reasons: Explanation) -> None:
    by_name = {one.name: one for one in reasons.alternatives}
    # Without g6.xlarge 2.4 on average at 1.5 $/h; without reserving at 1 $/h; 1 to 4 needed
    # 24, 18, 12 and 4 of 24 h are 58 / 24 instances on average.
    mean = (24 + 18 + 12 + 4) / 24
    assert by_name["g6.xlarge"].cost_total == pytest.approx(1.5 * mean * YEAR)
    assert by_name["reserved"].cost_total == pytest.approx(mean * YEAR)
    assert by_name["aws"].cost_total is None
    assert by_name["aws"].text == "without aws: no plan within the limits"


def test_one_more_of_a_quota_is_planned_again_over_time(bundled: Catalog) -> None:
    # Three g6.xlarge are allowed, so that the fourth, needed 4 of 24 h, is a g5.xlarge at 1.5.
    # One more is (1.5 - 1) x 4 / 24 cheaper in an hour; a fifth would save nothing.
    plan = planned(priced(bundled, "reserved", 0.6), "reserved", quota=3)
    (worth,) = [one for one in plan.explain().limit_worths if "quota" in one.key]
    assert worth.saving == pytest.approx(0.5 * 4 / 24 * YEAR)
    assert worth.is_proven
    assert worth.text == "one more saves $60.83/month"
    free = planned(priced(bundled, "reserved", 0.6), "reserved", quota=4).explain()
    (nothing,) = [one for one in free.limit_worths if "quota" in one.key]
    assert (nothing.saving, nothing.text) == (0.0, "one more saves nothing")


def test_other_demands_change_what_is_committed(reasons: Explanation) -> None:
    by_factor = {
        one.value: one.text for one in reasons.all_switch_points if one.kind == "demand_over_time"
    }
    # At 1.3 times 1, 2, 3, 4 are 1.3, 2.6, 3.9, 5.2: 2, 3, 4, 6 instances, the third needed in
    # 18 of 24 h, so that three are reserved: 3 x 0.6 + 12/24 + 2 x 4/24 = 2.63 $/h.
    cost = 3 * 0.6 + 12 / 24 + 2 * 4 / 24
    assert by_factor[1.3] == (
        "at demand +30.0 % the commitments become 3 x g6.xlarge in aws us-east-1, 1-year "
        f"reserved, no upfront, for ${cost * 730:,.0f}/month in all"
    )
    # At 0.7 times they are 1, 2, 3, 3: the second is needed in 18 h as before.
    assert 0.7 not in by_factor


def test_slower_instances_change_what_is_committed_as_more_demand_does(
    reasons: Explanation,
) -> None:
    by_factor = {
        one.value: one.text for one in reasons.all_switch_points if one.kind == "rates_over_time"
    }
    # At 0.8 of the rate 1, 2, 3, 4 need 2, 3, 4, 5 instances, at 1.2 they need 1, 2, 3, 4.
    assert "the commitments become 3 x g6.xlarge" in by_factor[0.8]
    assert 1.2 not in by_factor


def test_what_others_rent_follows_the_hours(reasons: Explanation) -> None:
    by_name = {one.name: one for one in reasons.baselines}
    mean = (24 + 18 + 12 + 4) / 24
    for name in ("single_type_on_demand", "cheapest_single_offer", "ec2_fleet_lowest_price"):
        assert by_name[name].cost_total == pytest.approx(mean * YEAR)
        assert "at most 4 x g6.xlarge" in by_name[name].text


def test_other_plans_are_told_where_the_request_names_clouds(bundled: Catalog) -> None:
    """Without the only cloud that is allowed there is no plan, and no error."""
    limits = Limits(purchase_options=("on_demand", "reserved"), providers=("aws",))
    plan = optimize(
        WORK,
        priced(bundled, "reserved", 0.6),
        limits=limits,
        demand_profile=DemandProfile(factors=[1.0, 2.0]),
    )
    by_name = {one.name: one.text for one in plan.explain().alternatives}
    assert by_name["aws"] == "without aws: no plan within the limits"


def test_what_helps_the_busiest_hour_is_told_where_there_is_no_plan(bundled: Catalog) -> None:
    """Two of g6.xlarge are allowed and no other type: hours at 4 times the rate need four."""
    plan = optimize(
        WORK,
        priced(bundled, "reserved", 0.6),
        limits=Limits(quota={"g6.xlarge": 2, "g5.xlarge": 0}),
        demand_profile=DemandProfile(factors=FACTORS),
    )
    changes = plan.explain().changes
    assert changes
    assert all(
        one.startswith("in the busiest hour, at 4 times the mean rate: ") for one in changes
    )
    assert any("limits.quota" in one and "(+2)" in one for one in changes)
