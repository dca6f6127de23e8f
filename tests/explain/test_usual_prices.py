"""A plan at usual spot prices, and the demand at which other types are cheapest."""

from time import perf_counter

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.demand_switch import demand_switches
from costopt.explain.price_noise import price_noise
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.planning.tries import Tries
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

NODE = Requirement(accelerators_per_node=8, accelerator_types=("A100-40GB",))
ON_SPOT = Limits(purchase_options=("spot",), max_spot_fraction=1.0)


@pytest.fixture(scope="module")
def nodes(bundled: Catalog) -> Catalog:
    """p4d.24xlarge on spot, the regions whose prices have a history."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-*", "ca-*", "eu-*"],
        instance_types=["p4d.24xlarge"],
        purchase_options=["spot"],
    )


@pytest.fixture(scope="module")
def plan(nodes: Catalog) -> Plan:
    return optimize(NODE, nodes, limits=ON_SPOT).require()


def upper_quartile(plan: Plan, catalog: Catalog, region: str) -> float | None:
    """75th percentile of what a region's pool has cost [USD/h]; None with too few dates."""
    past = catalog.history(
        provider="aws", region=region, instance_type="p4d.24xlarge", purchase_option="spot"
    )
    for basis in ("region", "lowest_zone"):
        prices = past.loc[past["basis"] == basis, "effective_per_hour"]
        if len(prices) >= 3:
            return float(prices.quantile(0.75))
    return None


def test_a_plan_costs_its_pools_75th_percentile_price(plan: Plan, nodes: Catalog) -> None:
    (line,) = plan.lines
    usual = upper_quartile(plan, nodes, line.offer.region)
    assert usual is not None
    noise = price_noise(plan, plan._workloads, nodes)
    assert noise.cost_total == pytest.approx(usual * 730)
    assert (noise.pools, noise.unknown) == (1, 0)
    assert "75th-percentile price" in noise.text


def test_another_plan_is_named_where_it_is_cheaper_at_usual_prices(
    plan: Plan, nodes: Catalog
) -> None:
    noise = price_noise(plan, plan._workloads, nodes)
    usual = {}
    for region, today in zip(
        nodes.offers["region"].astype(str), nodes.offers["effective_per_hour"], strict=True
    ):
        known = upper_quartile(plan, nodes, region)
        usual[region] = float(today) if known is None else known
    offers = plan._workloads[0].candidates.offers
    cheapest = min(usual[str(region)] for region in offers["region"])
    assert noise.cost_total is not None
    assert noise.saving == pytest.approx(max(noise.cost_total - 730 * cheapest, 0), abs=1)
    if noise.saving:
        assert usual[noise.other_lines[0].offer.region] == pytest.approx(cheapest)


def test_a_plan_without_spot_has_no_noisy_prices(bundled: Catalog) -> None:
    limits = Limits(purchase_options=("on_demand",))
    few = bundled.filter(providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"])
    plan = optimize(Requirement(), few, limits=limits).require()
    assert price_noise(plan, plan._workloads, few).text == ""


def test_a_demand_with_other_types_is_planned_again(bundled: Catalog) -> None:
    catalog = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g4dn.xlarge", "g6.xlarge"],
        purchase_options=["on_demand"],
    ).with_prices(
        prices_per_hour={
            "aws/us-east-1/g4dn.xlarge/on_demand": 0.5,
            "aws/us-east-1/g6.xlarge/on_demand": 1.0,
        }
    )
    # 10/s for 1.00 and 4/s for 0.50: at 10/s one of the first, from there to 14/s one of each.
    wanted = Requirement(
        demand_per_second=10.0, throughput_per_second={"g4dn.xlarge": 4.0, "g6.xlarge": 10.0}
    )
    plan = optimize(wanted, catalog).require()
    assert [line.offer.instance_type for line in plan.lines] == ["g6.xlarge"]
    tries = Tries(catalog=catalog, ends_at=perf_counter() + 60, seconds=5, gap=1e-4)
    found = {point.value > 1: point for point in demand_switches(plan, plan._workloads, tries)}
    # Below, two of the second carry 8/s for the same 1.00: nothing cheaper down to 8/s.
    assert found[True].value == pytest.approx(1.0, abs=0.021)
    assert "g4dn.xlarge beside today's" in found[True].text


def test_a_plan_over_time_costs_its_pools_75th_percentile_price(nodes: Catalog) -> None:
    """One node by night and two by day, all on spot in one region."""
    here = nodes.filter(regions=["us-east-1"])
    work = Requirement(demand_per_second=1.0, throughput_per_second={"p4d.24xlarge": 1.0})
    day = DemandProfile(factors=[1.0] * 12 + [2.0] * 12)
    plan = optimize(work, here, limits=ON_SPOT, demand_profile=day).require()
    usual = upper_quartile(plan, here, "us-east-1")
    assert usual is not None
    noise = plan.explain().price_noise
    assert noise.cost_total == pytest.approx(1.5 * usual * plan.horizon_hours)
    assert (noise.pools, noise.unknown, noise.saving) == (1, 0, 0.0)
    assert noise.text.endswith("no other plan is then clearly cheaper")
