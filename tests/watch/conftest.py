"""Two instance types that work alike, at prices of one's own, and plans that run on them."""

from collections.abc import Callable, Mapping

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

Priced = Callable[..., Catalog]

G5, G6 = "aws/us-east-1/g5.xlarge/on_demand", "aws/us-east-1/g6.xlarge/on_demand"


@pytest.fixture(scope="session")
def two(bundled: Catalog) -> Catalog:
    """g5.xlarge and g6.xlarge in us-east-1 of AWS, on demand; two offers of 2026-08-22."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge", "g6.xlarge"],
        purchase_options=["on_demand"],
    )
    assert len(found) == 2
    assert found.as_of == "2026-08-22"
    return found


@pytest.fixture(scope="session")
def priced(two: Catalog) -> Priced:
    """Give g5.xlarge and g6.xlarge other prices on demand [USD/h]."""

    def with_prices(g5: float, g6: float) -> Catalog:
        prices: Mapping[str, float] = {G5: g5, G6: g6}
        return two.with_prices(prices_per_hour=prices)

    return with_prices


@pytest.fixture(scope="session")
def forty() -> Requirement:
    """40 a second at 10 for each instance of either type: four instances."""
    return Requirement(
        name="forty",
        throughput_per_second={"g5.xlarge": 10.0, "g6.xlarge": 10.0},
        demand_per_second=40.0,
        limits=Limits(purchase_options=("on_demand", "reserved", "spot")),
    )


@pytest.fixture(scope="session")
def running(priced: Priced, forty: Requirement) -> Plan:
    """4 x g6.xlarge at 1.00 an hour: 4.00 an hour, 2,920 in a month of 730 h."""
    plan = optimize(forty, priced(1.10, 1.00))
    assert [(line.offer.instance_type, line.count) for line in plan.lines] == [("g6.xlarge", 4)]
    assert plan.cost_total == pytest.approx(2920)
    return plan
