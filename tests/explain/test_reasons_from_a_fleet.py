"""Reasons behind plans that start from what runs: the way there counts in every difference."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.doubt import DoubtField
from costopt.explain.doubts import picks
from costopt.explain.why import Explanation
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

WORK = Requirement(
    demand_per_second=20, throughput_per_second={"g5.xlarge": 10, "g6.xlarge": 10}
)  # fmt: skip
FLEET = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 2)]
FIRM = Limits(purchase_options=["on_demand"])


@pytest.fixture(scope="module")
def cents(bundled: Catalog) -> Catalog:
    """g5.xlarge at $1.00 and g6.xlarge at $0.99, on demand."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge", "g6.xlarge"],
        purchase_options=["on_demand"],
    ).with_prices(
        prices_per_hour={
            "aws/us-east-1/g5.xlarge/on_demand": 1.0,
            "aws/us-east-1/g6.xlarge/on_demand": 0.99,
        }
    )


@pytest.fixture(scope="module")
def staying(cents: Catalog) -> Plan:
    """Two g5.xlarge go on: $14.60 a month less is not worth four moves at $20."""
    plan = optimize(WORK, cents, limits=FIRM, current_fleet=FLEET, switching_cost=20.0)
    assert plan.change is not None
    assert plan.change.is_none
    return plan


@pytest.fixture(scope="module")
def reasons(staying: Plan) -> Explanation:
    return staying.explain()


def test_another_offer_costs_its_price_and_the_way_to_it(staying: Plan) -> None:
    found = staying.why_not("g6.xlarge")
    # One of each: $7.30 a month less, and a stop and a start: 40 - 7.30 = 32.70.
    assert found.difference == pytest.approx(32.7)
    assert "$1,493/month, changes included" in found.text


def test_other_plans_and_switch_prices_count_the_changes(reasons: Explanation) -> None:
    (other,) = [one for one in reasons.alternatives if one.name == "g5.xlarge"]
    # Two g6.xlarge: 2 x 7.30 less, two stops and two starts: 80 - 14.60 = 65.40.
    assert other.difference == pytest.approx(65.4)
    (own,) = [one for one in reasons.switch_points if one.kind in ("own_price", "too_close")]
    assert own.value == pytest.approx(1.0 + 65.4 / (2 * 730))


def test_mending_starts_from_what_the_plan_runs(staying: Plan) -> None:
    (row,) = [one for one in staying.stress().rows if (one.kind, one.factor) == ("demand", 1.1)]
    # A third instance: the g6.xlarge at 0.99 x 730 = 722.70, and 20 for its start.
    assert row.mended_cost_total == pytest.approx((staying.cost_total or 0.0) + 722.7 + 20)


def test_the_current_fleet_stands_beside_the_plan(cents: Catalog, reasons: Explanation) -> None:
    (same,) = [one for one in reasons.baselines if one.name == "current_fleet"]
    assert same.cost_total == pytest.approx(1460.0)
    assert same.difference == 0.0
    moved = optimize(WORK, cents, limits=FIRM, current_fleet=FLEET, switching_cost=1.0)
    (beside,) = [one for one in moved.explain().baselines if one.name == "current_fleet"]
    assert beside.difference == pytest.approx(14.6)
    assert beside.text == "the current fleet as it is (changing it costs $4.00 once)"
    gone = [("aws", "us-east-1", "", "p5.48xlarge", "on_demand", 1)]
    other = optimize(WORK, cents, limits=FIRM, current_fleet=gone)
    (none,) = [one for one in other.explain().baselines if one.name == "current_fleet"]
    assert none.cost_total is None
    assert "cannot go on" in none.text


def test_plans_at_other_rates_count_the_changes(bundled: Catalog) -> None:
    catalog = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6e.xlarge", "p5.4xlarge"],
        purchase_options=["on_demand"],
    )
    chat = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_sizes(
            [{"input_tokens": 500, "output_tokens": 200, "share_fraction": 1.0}],
            requests_per_second=5,
        ),
        max_ttft_ms=1000,
        max_tpot_ms=100,
    )
    fleet = [("aws", "us-east-1", "", "p5.4xlarge", "on_demand", 1)]
    plan = optimize(chat, catalog, limits=FIRM, current_fleet=fleet, switching_cost=10.0)
    found, source = plan._workloads, plan._catalog
    assert source is not None
    assert plan.switching_cost > 0
    field = DoubtField(plan=plan, workloads=found, catalog=source, deadline=float("inf"))
    doubt, *_ = picks(plan, found)
    expected = (plan.cost_total or 0.0) + plan.switching_cost
    assert field.best(doubt, 1.0).cost == pytest.approx(expected)
    assert field.staying(doubt, 1.0).cost == pytest.approx(expected)
