"""Questions to plans over time: each is answered for its hours, or refused in a sentence."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.stress_over_time import TrialOverTime
from costopt.explain.stress_record import Stress, StressRow
from costopt.plan.diff import diff
from costopt.plan.plan import Plan
from costopt.planning.frontier import frontier
from costopt.planning.optimize_request import optimize
from costopt.watch.verdict import Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
WORK = Requirement(
    demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0, "g5.xlarge": 1.0}
)


def priced(bundled: Catalog, reserved: float, spot: float | None = None) -> Catalog:
    """Two types on demand at 1 and 2 $/h; a year of the first; the first on spot."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand", "spot"],
    )
    offers = found.offers
    is_spot = offers["purchase_option"] == "spot"
    price = np.where(offers["instance_type"] == "g6.xlarge", 1.0, 2.0)
    price = np.where(is_spot, spot or 1.0, price)
    listed = offers.assign(recurring_per_hour=price, effective_per_hour=price)
    cheap = listed["instance_type"] == "g6.xlarge"
    term = listed[cheap & ~is_spot].assign(
        purchase_option="reserved", term_years=1.0, term_hours=YEAR, payment="no",
        recurring_per_hour=reserved, upfront=0.0, effective_per_hour=reserved,
    )  # fmt: skip
    kept = listed[~is_spot] if spot is None else listed[~is_spot | cheap]
    joined = pd.concat([kept, term], ignore_index=True).astype(offers.dtypes.to_dict())
    return found.with_offers(joined)


def planned(catalog: Catalog, factors: Sequence[float], *options: Any) -> Plan:
    limits = Limits(purchase_options=("on_demand", *options))
    profile = DemandProfile(factors=factors)
    return optimize(WORK, catalog, limits=limits, demand_profile=profile).require()


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    return priced(bundled, 0.6)


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    """Demand of 1 and of 2.5 by halves: 1 reserved, 2 more on demand by day."""
    return planned(catalog, [1.0] * 12 + [2.5] * 12, "reserved")


@pytest.fixture(scope="module")
def stress(plan: Plan) -> Stress:
    return plan.stress()


def cases(stress: Stress, kind: str) -> dict[float, StressRow]:
    return {row.factor: row for row in stress.rows if row.kind == kind}


def test_a_budget_that_is_too_small_is_no_matter_of_the_busiest_hour(catalog: Catalog) -> None:
    limits = Limits(purchase_options=("on_demand",), budget=1000.0)
    profile = DemandProfile(factors=[1.0, 2.0])
    text = str(optimize(WORK, catalog, limits=limits, demand_profile=profile).explain())
    # 1 and 2 instances at 1 $/h, each in half of 730 hours.
    assert "one was found for 1,095.00 USD: raise it" in " ".join(text.split())
    assert "busiest hour" not in text


def test_a_plan_over_time_that_starts_from_a_fleet_can_be_stressed(catalog: Catalog) -> None:
    fleet = [("aws", "us-east-1", "", "g6.xlarge", "on_demand", 1)]
    plan = optimize(
        WORK,
        catalog,
        limits=Limits(purchase_options=("on_demand",)),
        demand_profile=DemandProfile(factors=[1.0, 2.0]),
        current_fleet=fleet,
        switching_cost=10.0,
    ).require()
    row = cases(plan.stress(), "demand")[1.1]
    # 1.1 and 2.2 need 2 and 3 instances in place of 1 and 2: 1 more at 1 $/h throughout.
    assert row.mended_cost_total == pytest.approx(row.cost_total + 730.0)


def test_stress_holds_every_hours_fleet_against_the_case(stress: Stress) -> None:
    # The one instance of the night is full at 1 unit: 10 % more is 110 %. The three of the day
    # carry 2.5, so that 1.2 x 2.5 = 3.0 just fits them: only the night breaks.
    rows = cases(stress, "demand")
    assert rows[1.1].utilisation == pytest.approx(1.1)
    assert rows[1.2].broken == (
        "requirement at 1 times the mean rate: g6.xlarge in us-east-1: loaded to 120.00 %, "
        "100.00 % allowed",
    )
    assert len(rows[1.5].broken) > 1
    # At 1.1 the night needs 2 and the day 3 (2.75): one reserved at 0.6, one more by night and
    # two by day, 1.5 on average where 1 is now.
    assert stress.mending(rows[1.1]) == pytest.approx(0.5 * YEAR)
    # At 1.5 they need 2 and 4 (3.75): the commitment stays as signed.
    assert stress.mending(rows[1.5]) == pytest.approx(1.0 * YEAR)
    assert "mended for $365/month more: 2 x g6.xlarge" in str(stress)


def test_stress_moves_what_is_paid_by_the_hour_alone(stress: Stress) -> None:
    rows = cases(stress, "hourly_price")
    # 0.6 $/h are signed; two more by day cost 1 $/h on average.
    assert rows[0.8].cost_total == pytest.approx((0.6 + 0.8) * YEAR)
    assert rows[1.2].cost_total == pytest.approx((0.6 + 1.2) * YEAR)
    assert rows[1.2].mended_cost_total == pytest.approx((0.6 + 1.2) * YEAR)
    assert "prices of what is paid by the hour +20.0 %: $1,314/month" in str(stress)


def test_stress_without_a_pool_names_the_hour_hit_hardest(bundled: Catalog) -> None:
    plan = planned(priced(bundled, 0.3, spot=0.5), [1.0, 2.0], "reserved", "spot")
    # One is reserved at 0.3; the second runs half of the time: 0.25 on spot, 0.3 reserved.
    assert [line.offer.purchase_option for line in plan.lines] == ["reserved", "spot"]
    assert plan.schedule is not None
    assert plan.made_from is not None
    trial = TrialOverTime(plan, plan.schedule, plan.made_from, plan._workloads)
    (lost,) = trial.of_pools()
    assert lost.served_fraction == pytest.approx(0.5)
    assert lost.cost_total == pytest.approx(0.3 * YEAR)
    # The second goes on demand, half of the time.
    assert lost.mended_cost_total == pytest.approx((0.3 + 0.5) * YEAR)


def test_why_not_says_what_one_in_every_hour_costs(plan: Plan) -> None:
    assert plan.why_not("g6.xlarge").verdict == "planned"
    other = plan.why_not("g5.xlarge")
    # At 2 $/h it takes the place of the reserved one at 0.6: 1.4 $/h more, 1,022 a month.
    assert (other.verdict, other.difference) == ("dearer", pytest.approx(1.4 * YEAR))
    assert other.text == (
        "One g5.xlarge in every hour would cost $1,022/month more (+87.5 %); no hour of the plan "
        "rents it."
    )


def starting_from(plan: Plan) -> Plan:
    assert plan.made_from is not None
    return optimize(WORK, plan.made_from, current_fleet=plan)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Plan.next_measurements, "runs are ranked for plans at one rate"),
        (starting_from, "a fleet of its own"),
    ],
)  # fmt: skip
def test_what_is_not_told_over_time_is_refused(
    ask: Callable[[Plan], Any], words: str, plan: Plan
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        ask(plan)


def test_a_requirement_over_time_needs_no_recipe(plan: Plan) -> None:
    assert plan.launch_recipes() == ()


def test_a_difference_does_not_split_prices_of_commitments(bundled: Catalog, plan: Plan) -> None:
    dearer = planned(priced(bundled, 0.7), [1.0] * 12 + [2.5] * 12, "reserved")
    found = diff(plan, dearer)
    # One reserved instance: 0.1 x 8,760 more.
    assert found.cost_difference == pytest.approx(876)
    assert found.price_difference is None
    assert "moved prices are not told from choice" in " ".join(str(found).split())


def test_a_saved_plan_over_time_is_judged(bundled: Catalog) -> None:
    hourly = planned(priced(bundled, 0.6), [1.0, 3.0])
    (kept,) = watch_plans([hourly], priced(bundled, 0.6))
    assert (kept.verdict, kept.cause) == (Judgement.KEEP, "no plan of today costs less")
    halved = priced(bundled, 0.6).with_prices(
        prices_per_hour={"aws/us-east-1/g5.xlarge/on_demand": 0.5}
    )
    (moved,) = watch_plans([hourly], halved)
    # 1 and 3 by halves are 2 on average: 2 $/h today, 1 $/h on the other type.
    assert moved.verdict is Judgement.SWITCH
    assert [moved.current_total, moved.new_total] == pytest.approx([2 * YEAR / 12, YEAR / 12])


def test_a_frontier_over_time_is_solved_point_by_point(bundled: Catalog) -> None:
    catalog = priced(bundled, 0.6, spot=0.2)
    found = frontier(
        WORK,
        catalog,
        over="max_spot_fraction",
        values=[0.0, 1.0],
        limits=Limits(purchase_options=("on_demand", "spot", "reserved")),
        demand_profile=DemandProfile(factors=[1.0, 3.0]),
        cost_of_capital=0.05,
    )
    firm, spot = found.points
    # Firm: one reserved at 0.6, two more half of the time. Spot: 1 and 3 at 0.2, 0.4 on average.
    assert firm.cost_total == pytest.approx((0.6 + 1.0) * YEAR)
    assert spot.cost_total == pytest.approx(0.4 * YEAR)
    assert [point.gap for point in found.points] == pytest.approx([0, 0], abs=1e-4)
