"""Equal nodes for hardware that is wanted: firm ones beside spot, in one region."""

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement


@pytest.fixture(scope="module")
def one_type(bundled: Catalog) -> Catalog:
    """g6.xlarge in us-east-1: on demand at 0.8048 $/h, and on spot at a price of our own."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand", "spot"],
    )
    return found.with_prices(prices_per_hour={"aws/us-east-1/g6.xlarge/spot": 0.3})


@pytest.mark.parametrize(
    ("nodes", "share", "on_spot"),
    [(2, 0.5, 1), (3, 0.5, 1), (4, 0.75, 3), (2, 0.49, 0), (10, 0.3, 3), (3, 1.0, 3)],
)
def test_as_many_nodes_are_spot_as_the_share_allows(
    nodes: int, share: float, on_spot: int, one_type: Catalog
) -> None:
    wanted = Requirement(nodes=nodes, accelerator_types=("L4",))
    plan = optimize(wanted, one_type, limits=Limits(max_spot_fraction=share)).require()
    assert sum(line.count for line in plan.lines if line.is_spot) == on_spot
    assert plan.cost_per_hour == pytest.approx((nodes - on_spot) * 0.8048 + on_spot * 0.3)
    assert sum(line.share for line in plan.lines) == pytest.approx(1)


def test_two_nodes_of_eight_a100_are_one_of_each_in_one_region(bundled: Catalog) -> None:
    wanted = Requirement(nodes=2, accelerators_per_node=8, accelerator_types=("A100-40GB",))
    plan = optimize(wanted, bundled, limits=Limits(max_spot_fraction=0.5)).require()
    assert sorted(line.offer.purchase_option for line in plan.lines) == ["on_demand", "spot"]
    assert len({(line.offer.region, line.offer.instance_type) for line in plan.lines}) == 1
    firm = optimize(wanted, bundled, limits=Limits(max_spot_fraction=0.0)).require()
    assert plan.cost_per_hour is not None
    assert firm.cost_per_hour is not None
    assert plan.cost_per_hour < 0.7 * firm.cost_per_hour


def test_spot_of_one_zone_stands_beside_firm_nodes_of_the_whole_region(one_type: Catalog) -> None:
    """Firm ones of us-east-1 at 0.8048; spot at 0.3 in use1-az4 and at 0.33 in use1-az6."""
    spot = one_type.offers["purchase_option"] == "spot"
    offers, dear = one_type.offers, one_type.offers[spot]
    offers = offers.assign(zone=offers["zone"].where(~spot, "use1-az4"))
    dear = dear.assign(zone="use1-az6", recurring_per_hour=0.33, effective_per_hour=0.33)
    zones = one_type.with_offers(pd.concat([offers, dear], ignore_index=True))
    wanted = Requirement(nodes=4, accelerator_types=("L4",))
    plan = optimize(wanted, zones, limits=Limits(max_spot_fraction=0.5)).require()
    assert {line.offer.zone: line.count for line in plan.lines} == {"": 2, "use1-az4": 2}
    assert plan.cost_per_hour == pytest.approx(2 * 0.8048 + 2 * 0.3)


def test_spot_without_firm_nodes_in_its_region_is_left_out_by_the_share(bundled: Catalog) -> None:
    spot = bundled.filter(instance_types=["g6.xlarge"], purchase_options=["spot"])
    plan = optimize(
        Requirement(nodes=2, accelerator_types=("L4",)), spot, limits=Limits(max_spot_fraction=0.5)
    )
    assert plan.lines == ()
    assert "spot_share" in {one.reason for one in plan.exclusions}
