"""What a workload costs on each offer alone, cheapest first."""

from typing import Any

import pytest

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import candidates_of
from costopt.catalog.catalog import Catalog
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement


@pytest.fixture(scope="module")
def three(bundled: Catalog) -> Catalog:
    """On demand in us-east-1: g4dn 0.526, g6 0.8048 and g5 1.006 $/h."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g4dn.xlarge", "g5.xlarge", "g6.xlarge"],
        purchase_options=["on_demand", "spot"],
    )


def alone(workload: AnyWorkload, catalog: Catalog, horizon: float) -> list[tuple[str, int, Any]]:
    limits = Limits(purchase_options=("on_demand",))
    request = PlanRequest(workloads=(workload,), limits=limits, horizon_hours=horizon)
    candidates = candidates_of(workload, request, catalog)
    return [
        (str(candidates.offers["instance_type"].iloc[one.offer]), one.count, one.cost_total)
        for one in alone_costs(candidates, horizon)
    ]


def test_a_demand_needs_whole_instances_of_each_offer(three: Catalog) -> None:
    wanted = Requirement(
        demand_per_second=21,
        throughput_per_second={"g4dn.xlarge": 5, "g5.xlarge": 21, "g6.xlarge": 10},
    )
    # 21 / 5 -> 5 x 0.526 = 2.63; 21 / 21 -> 1 x 1.006; 21 / 10 -> 3 x 0.8048 = 2.4144, for 100 h.
    assert alone(wanted, three, 100) == [
        ("g5.xlarge", 1, pytest.approx(100.6)),
        ("g6.xlarge", 3, pytest.approx(241.44)),
        ("g4dn.xlarge", 5, pytest.approx(263.0)),
    ]


def test_the_planned_utilisation_leaves_room(three: Catalog) -> None:
    wanted = Requirement(
        demand_per_second=21, throughput_per_second={"g5.xlarge": 21}, max_utilisation=0.8
    )
    assert alone(wanted, three, 100) == [("g5.xlarge", 2, pytest.approx(201.2))]  # 21 / 16.8


def test_equal_nodes_cost_their_number_times_the_price(three: Catalog) -> None:
    found = alone(Requirement(nodes=4, vram_gib_per_accelerator=20), three, 10)
    assert found == [
        ("g6.xlarge", 4, pytest.approx(32.192)),
        ("g5.xlarge", 4, pytest.approx(40.24)),
    ]


def test_nothing_costs_anything_where_nothing_is_enough(three: Catalog) -> None:
    assert alone(Requirement(vram_gib_per_accelerator=100), three, 10) == []
