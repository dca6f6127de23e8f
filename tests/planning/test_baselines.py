"""Baselines are real plans of their own, and never cheaper unless they may use more."""

from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.beside import Baseline
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=9),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
WANTED: dict[str, AnyWorkload] = {
    "chat": CHAT,
    "nodes": Requirement(nodes=3, accelerator_types=("L4", "T4")),
    "demand": Requirement(
        demand_per_second=100,
        throughput_per_second={"g4dn.xlarge": 7, "g6.xlarge": 11, "g2-standard-4": 10},
    ),
}


@pytest.fixture(scope="module")
def clouds(bundled: Catalog) -> Catalog:
    return bundled.filter(
        providers=["aws", "gcp"],
        regions=["us-east-1", "us-central1"],
        instance_types=[
            "g4dn.xlarge",
            "g6.xlarge",
            "g6e.xlarge",
            "g2-standard-4",
            "a2-highgpu-1g",
        ],
    )


@pytest.fixture(scope="module")
def plans(clouds: Catalog) -> dict[str, Plan]:
    return {name: optimize(workload, clouds).require() for name, workload in WANTED.items()}


def named(plan: Plan, name: str) -> Baseline:
    (found,) = [one for one in plan.baselines if one.name == name]
    return found


@pytest.mark.parametrize("kind", WANTED)
@pytest.mark.parametrize("name", ["single_type_on_demand", "single_provider"])
def test_a_baseline_under_the_same_limits_is_never_cheaper(
    name: str, kind: str, plans: dict[str, Plan]
) -> None:
    plan = plans[kind]
    baseline = named(plan, name)
    assert baseline.cost_total is not None
    assert baseline.horizon_hours == plan.horizon_hours
    assert baseline.cost_total >= (plan.cost_total or 0) * (1 - 1e-4)
    expected = baseline.cost_total - (plan.cost_total or 0)
    assert baseline.difference == pytest.approx(expected, abs=1e-6)
    assert baseline.difference_fraction == pytest.approx(expected / (plan.cost_total or 1))


@pytest.mark.parametrize("kind", WANTED)
def test_the_single_type_on_demand_is_the_best_of_all_types_alone(
    kind: str, plans: dict[str, Plan], clouds: Catalog
) -> None:
    alone: dict[str, float] = {}
    for name in sorted(set(clouds.offers["instance_type"])):
        limits = Limits(instance_types=(name,), purchase_options=("on_demand",))
        plan = optimize(WANTED[kind], clouds, limits=limits)
        if plan.cost_total is not None:
            alone[name] = plan.cost_total
    best = min(alone, key=lambda name: alone[name])
    baseline = named(plans[kind], "single_type_on_demand")
    assert baseline.cost_total == pytest.approx(alone[best], rel=1e-4)
    assert best in baseline.text


@pytest.mark.parametrize("kind", WANTED)
def test_the_other_cloud_is_the_plan_that_its_limit_gives(
    kind: str, plans: dict[str, Plan], clouds: Catalog
) -> None:
    used = {line.offer.provider for line in plans[kind].lines}
    assert len(used) == 1
    (other,) = {"aws", "gcp"} - used
    elsewhere = optimize(WANTED[kind], clouds, limits=Limits(providers=(other,)))
    baseline = named(plans[kind], "single_provider")
    assert baseline.cost_total == pytest.approx(elsewhere.cost_total, rel=2e-3)
    assert other in baseline.text


def test_a_year_that_is_cheaper_uses_a_term_that_the_plan_may_not(clouds: Catalog) -> None:
    plan = optimize(
        Requirement(), clouds, limits=Limits(purchase_options=("on_demand",))
    ).require()
    year = named(plan, "one_year_commitment")
    # g4dn.xlarge on demand: 0.526 x 730 = 383.98, in a year 0.526 x 8,760 = 4,607.76.
    assert plan.cost_total == pytest.approx(383.98)
    assert (year.cost_total, year.horizon_hours) == (pytest.approx(2709), 8760)
    assert year.difference == pytest.approx(2709 - 4607.76)
    assert year.cash_now == pytest.approx(2709)
    assert "over a year: $226/month (-41.2 %)" in str(plan)


def test_eighteen_months_pay_for_two_terms_beside_the_plan_too(clouds: Catalog) -> None:
    plan = optimize(
        Requirement(), clouds, limits=Limits(purchase_options=("on_demand",)), horizon_hours=13140
    ).require()
    year = named(plan, "one_year_commitment")
    # Two years all upfront for 18 months: 2 x 2,709 = 5,418; on demand 0.526 x 13,140 = 6,911.64.
    assert (year.cost_total, year.horizon_hours) == (pytest.approx(5418), 13140)
    assert year.difference == pytest.approx(5418 - 6911.64)


def test_single_types_that_together_break_a_shared_limit_are_no_baseline(clouds: Catalog) -> None:
    wanted = [
        Requirement(name="card", accelerator_types=("T4",)),
        Requirement(name="node", accelerator_types=("L4",)),
    ]
    free = named(optimize(wanted, clouds), "single_type_on_demand")
    assert free.cost_total is not None
    capped = optimize(wanted, clouds, limits=Limits(budget=free.cost_total * 0.99))
    assert capped.cost_total is not None
    assert named(capped, "single_type_on_demand").cost_total is None


def test_workloads_on_one_single_type_are_counted_together(clouds: Catalog) -> None:
    wanted = [Requirement(name=name, accelerator_types=("T4",)) for name in ("one", "other")]
    told = named(optimize(wanted, clouds), "single_type_on_demand").text
    assert told.startswith("best single type on demand, 2 x ")
    assert "+" not in told


@pytest.mark.parametrize(
    "limits", [{"budget": 400.0}, {"quota": {"g6.xlarge": 2}}, {"max_distinct_types": 1}]
)
def test_baselines_keep_the_limits_of_the_request(limits: dict[str, Any], clouds: Catalog) -> None:
    plan = optimize(
        Requirement(accelerator_types=("L4",)), clouds, limits=Limits(**limits)
    ).require()
    for baseline in plan.baselines:
        if baseline.cost_total is not None:
            a_month = baseline.cost_total / baseline.horizon_hours * 730
            assert a_month <= limits.get("budget", float("inf"))


def test_a_single_type_beyond_the_budget_is_no_baseline(clouds: Catalog) -> None:
    free = optimize(Requirement(), clouds).require()
    tight = optimize(Requirement(), clouds, limits=Limits(budget=free.cost_total)).require()
    single = named(tight, "single_type_on_demand")
    assert tight.lines[0].is_spot
    assert single.cost_total is None
    assert "none within the limits" in single.text
