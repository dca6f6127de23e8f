"""What others would rent, by hand: the cheapest by the hour, and the fleets of EC2."""

import pytest

from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.plan.beside import Baseline
from costopt.plan.plan import Plan
from costopt.planning.ec2_fleet import cheapest_fleet
from costopt.planning.optimize_request import optimize
from costopt.planning.usual_baselines import usual_baselines
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

RATES = {"g4dn.xlarge": 5.0, "g5.xlarge": 10.0, "g6.xlarge": 20.0}
WANTED = Requirement(demand_per_second=100.0, throughput_per_second=RATES)
PRICES = {
    "g4dn.xlarge/on_demand": 0.4,
    "g5.xlarge/on_demand": 1.0,
    "g6.xlarge/on_demand": 1.2,
    "g4dn.xlarge/spot": 0.3,
    "g5.xlarge/spot": 0.45,
    "g6.xlarge/spot": 0.8,
}


@pytest.fixture(scope="module")
def plan(bundled: Catalog) -> Plan:
    catalog = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=list(RATES),
        purchase_options=["on_demand", "spot"],
    ).with_prices(prices_per_hour={f"aws/us-east-1/{key}": p for key, p in PRICES.items()})
    return optimize(WANTED, catalog, limits=Limits(max_spot_fraction=0.5)).require()


def service_of(plan: Plan) -> ServiceCandidates:
    (item,) = plan._workloads
    assert isinstance(item.candidates, ServiceCandidates)
    return item.candidates


def named(plan: Plan, name: str) -> Baseline:
    assert plan._catalog is not None
    found = usual_baselines(plan, plan._workloads, plan._catalog)
    (one,) = [baseline for baseline in found if baseline.name == name]
    return one


def test_lowest_price_takes_all_of_the_pool_that_is_cheapest_per_unit(plan: Plan) -> None:
    fleet = cheapest_fleet(service_of(plan), "lowest-price")
    # Per request/s on demand: 0.08, 0.10 and 0.06; on spot 0.06, 0.045 and 0.04. Half of 100/s
    # each: ceil(50 / 20) = 3 of g6.xlarge at 1.20 and 3 at 0.80.
    assert fleet is not None
    assert fleet.counts == (("g6.xlarge, on demand", 3), ("g6.xlarge, spot", 3))
    assert fleet.cost_per_hour == pytest.approx(3 * 1.2 + 3 * 0.8)


def test_diversified_takes_one_of_each_pool_after_the_other(plan: Plan) -> None:
    fleet = cheapest_fleet(service_of(plan), "diversified")
    # On spot 20 + 10 + 5 = 35 of 50/s in the first round; of the second the first, 20.
    assert fleet is not None
    assert dict(fleet.counts) == {
        "g6.xlarge, on demand": 3,
        "g6.xlarge, spot": 2,
        "g5.xlarge, spot": 1,
        "g4dn.xlarge, spot": 1,
    }
    assert fleet.cost_per_hour == pytest.approx(3 * 1.2 + 2 * 0.8 + 0.45 + 0.3)


def test_the_cheapest_by_the_hour_is_rented_as_often_as_the_load_needs(plan: Plan) -> None:
    # g4dn.xlarge at 0.40/h: 100 / 5 = 20 of them; the plan may use g6.xlarge at 0.06 per unit.
    one = named(plan, "cheapest_single_offer")
    assert one.cost_total == pytest.approx(20 * 0.4 * 730)
    assert "20 x g4dn.xlarge" in one.text
    assert one.difference == pytest.approx(20 * 0.4 * 730 - (plan.cost_total or 0))


def test_a_fleet_stands_beside_the_plan_with_its_difference(plan: Plan) -> None:
    one = named(plan, "ec2_fleet_lowest_price")
    assert one.cost_total == pytest.approx(6.0 * 730)
    assert one.difference_fraction == pytest.approx(6.0 * 730 / (plan.cost_total or 1) - 1)
    assert one.difference_fraction is not None
    assert one.difference_fraction >= 0
