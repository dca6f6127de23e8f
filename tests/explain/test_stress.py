"""A plan under stress: loads by hand, and mending by planning again."""

from html import unescape

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.stress_record import Stress, StressRow
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

RATES = {"g4dn.xlarge": 7.0, "g6.xlarge": 11.0}
WANTED = Requirement(demand_per_second=100.0, throughput_per_second=RATES)


@pytest.fixture(scope="module")
def two(bundled: Catalog) -> Catalog:
    """Two types of AWS in us-east-1, on demand and on spot."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=list(RATES),
        purchase_options=["on_demand", "spot"],
    )


@pytest.fixture(scope="module")
def plan(two: Catalog) -> Plan:
    return optimize(WANTED, two, limits=Limits(max_spot_fraction=0.5)).require()


@pytest.fixture(scope="module")
def stress(plan: Plan) -> Stress:
    return plan.stress()


def row(stress: Stress, kind: str, factor: float) -> StressRow:
    (found,) = [one for one in stress.rows if (one.kind, one.factor) == (kind, factor)]
    return found


def most_loaded(plan: Plan) -> float:
    return max(line.utilisation or 0.0 for line in plan.lines)


@pytest.mark.parametrize("factor", [1.1, 1.2, 1.5])
def test_more_demand_loads_the_same_instances_by_as_much_more(
    factor: float, plan: Plan, stress: Stress
) -> None:
    found = row(stress, "demand", factor)
    assert found.utilisation == pytest.approx(factor * most_loaded(plan))
    assert found.cost_total == pytest.approx(plan.cost_total)


@pytest.mark.parametrize("factor", [0.9, 0.8, 0.67])
def test_slower_instances_are_as_full_as_with_more_demand(
    factor: float, plan: Plan, stress: Stress
) -> None:
    found = row(stress, "throughput", factor)
    assert found.utilisation == pytest.approx(most_loaded(plan) / factor)


def test_mending_costs_what_a_plan_for_that_demand_costs_more(
    plan: Plan, stress: Stress, two: Catalog
) -> None:
    found = row(stress, "demand", 1.5)
    assert not found.holds
    more = WANTED.model_copy(update={"demand_per_second": 150.0})
    again = optimize(more, two, limits=Limits(max_spot_fraction=0.5)).require()
    assert again.cost_total is not None
    assert plan.cost_total is not None
    expected = again.cost_total - plan.cost_total
    assert stress.mending(found) == pytest.approx(expected, rel=1e-2)


def test_a_lost_pool_leaves_what_is_routed_elsewhere(plan: Plan, stress: Stress) -> None:
    (found,) = [one for one in stress.rows if one.kind == "pool"]
    pools = {line.pool for line in plan.lines if line.is_spot}
    lost = sum(line.routing[0] for line in plan.lines if line.is_spot)
    assert {found.name} == pools
    assert found.served_fraction == pytest.approx(1 - lost)
    assert all(not line.is_spot or line.pool != found.name for line in found.mended_lines)


def test_dearer_prices_of_what_is_rented_raise_the_cost_by_as_much(
    plan: Plan, stress: Stress
) -> None:
    found = row(stress, "price", 1.2)
    assert found.cost_total == pytest.approx(1.2 * (plan.cost_total or 0))
    assert found.mended_cost_total is not None
    assert found.mended_cost_total <= found.cost_total * (1 + 5e-3)


def test_the_first_break_lies_between_a_case_that_holds_and_one_that_does_not(
    plan: Plan, stress: Stress
) -> None:
    (found,) = [one for one in stress.first_breaks if one.kind == "demand"]
    # Every instance is full at the demand times 1 / load.
    assert found.factor == pytest.approx(1 / most_loaded(plan), abs=0.011)
    assert "loaded" in found.text or "of" in found.text


def test_a_job_at_lower_rates_takes_as_much_longer(bundled: Catalog) -> None:
    job = FineTuneJob(
        model="meta-llama/Llama-3.1-8B",
        method="lora",
        samples=10_000,
        tokens_per_sample=1_024,
        deadline_hours=24,
    )
    few = bundled.filter(providers=["aws"], regions=["us-east-1"], families=["g6e"])
    plan = optimize(job, few, limits=Limits(purchase_options=("on_demand",))).require()
    found = row(plan.stress(), "throughput", 0.8)
    assert found.duration_hours is not None
    assert plan.duration_hours is not None
    assert found.duration_hours > 1.1 * plan.duration_hours
    assert found.cost_total > 1.1 * (plan.cost_total or 0)


def test_a_stress_is_read_as_text_table_and_html(stress: Stress) -> None:
    text = str(stress)
    assert text.startswith("Under stress, the plan as it stands:")
    assert max(len(line) for line in text.splitlines()) <= 100
    frame = stress.to_frame()
    assert list(frame["kind"]) == [one.kind for one in stress.rows]
    assert frame["mending"].notna().any()
    shown = unescape(stress._repr_html_())
    assert all(one.title in shown for one in stress.rows)


def test_a_plan_that_rents_nothing_has_no_stress(two: Catalog) -> None:
    nothing = optimize(WANTED, two, limits=Limits(budget=1.0))
    with pytest.raises(InvalidInputError, match="rents nothing"):
        nothing.stress()


def test_a_price_is_that_of_every_line_of_an_offer(two: Catalog) -> None:
    firm = two.filter(purchase_options=["on_demand"], instance_types=["g6.xlarge"])
    wanted = [
        Requirement(name=name, demand_per_second=11.0, throughput_per_second=RATES)
        for name in ("first", "second")
    ]
    plan = optimize(wanted, firm).require()
    assert len({line.offer for line in plan.lines}) < len(plan.lines)
    dearer = row(plan.stress(), "price", 1.2)
    assert dearer.cost_total == pytest.approx(1.2 * (plan.cost_total or 0.0))
