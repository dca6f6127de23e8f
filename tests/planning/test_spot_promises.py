"""Promises of spot losses in whole plans: looser ones never cost more, misses are explained."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.planning.search import search
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

RATES = {"g4dn.xlarge": 7.0, "g5.xlarge": 13.0, "g6.xlarge": 11.0}
SIZES = [
    RequestSize(input_tokens=300, output_tokens=100, share_fraction=0.7),
    RequestSize(input_tokens=2500, output_tokens=300, share_fraction=0.3),
]
CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_sizes(SIZES, requests_per_second=40),
    max_ttft_ms=1500.0,
    max_tpot_ms=60.0,
)

quick = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
promises = st.fixed_dictionaries(
    {
        "survive_pool_losses": st.integers(1, 3),
        "served_after_loss": st.sampled_from([0.3, 0.55, 0.8, 1.0]),
        "availability": st.sampled_from([0.55, 0.75, 0.9]),
        "min_pools": st.integers(1, 3),
    }
)
loosenings = st.one_of(
    st.tuples(st.just("survive_pool_losses"), st.integers(-2, -1)),
    st.tuples(st.just("min_pools"), st.integers(-2, -1)),
    st.tuples(st.just("served_after_loss"), st.sampled_from([-0.1, -0.25])),
    st.tuples(st.just("availability"), st.sampled_from([-0.01, -0.1, -0.3])),
)


def demand(rate: float) -> Requirement:
    return Requirement(demand_per_second=rate, throughput_per_second=RATES)


def cost(workload: AnyWorkload, catalog: Catalog, **limits: Any) -> float:
    """Cost of the cheapest plan, without what stands beside one [USD/h]."""
    request = PlanRequest(workloads=(workload,), limits=Limits(**limits), gap=0.0)
    found = search(all_candidates(request, catalog), request, catalog)
    assert found.solution.cost is not None
    return found.solution.cost


@quick
@given(st.sampled_from([5.0, 26.0, 40.0]), promises, loosenings)
def test_a_looser_promise_never_raises_the_cost(
    few: Catalog, rate: float, given: dict[str, Any], loosening: tuple[str, float]
) -> None:
    field, change = loosening
    least = 1 if field in ("survive_pool_losses", "min_pools") else 0.1
    looser = {**given, field: max(least, given[field] + change)}
    assert cost(demand(rate), few, **looser) <= cost(demand(rate), few, **given) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        ({"survive_pool_losses": 1, "served_after_loss": 0.6}, {"availability": 0.7}),
        ({"availability": 0.6}, {"availability": 0.7, "min_pools": 2}),
    ],
)
def test_promises_of_a_workload_and_of_the_request_both_count(
    own: dict[str, Any], shared: dict[str, Any], few: Catalog
) -> None:
    joined = {**own, **shared}
    apart = demand(26).model_copy(update={"limits": Limits(**own)})
    assert cost(apart, few, **shared) == pytest.approx(cost(demand(26), few, **joined))


def test_a_coarser_failure_group_never_costs_less(bundled: Catalog) -> None:
    regions = bundled.filter(
        providers=["aws"],
        regions=["us-east-1", "us-west-2", "eu-west-1"],
        instance_types=list(RATES),
        purchase_options=["on_demand", "spot"],
    )
    losses = {"survive_pool_losses": 1, "served_after_loss": 0.7}
    pool, zone, region = (
        cost(demand(40), regions, failure_group=group, **losses)
        for group in ("pool", "zone", "region")
    )
    # The snapshot's spot prices name no zone, so that a zone is the region.
    assert pool <= zone * (1 + 1e-9)
    assert zone == pytest.approx(region)


@pytest.mark.parametrize(
    "limits",
    [
        {"survive_pool_losses": 1, "served_after_loss": 0.7},
        {"survive_pool_losses": 2, "served_after_loss": 0.5, "min_pools": 3},
        {"availability": 0.55},
        {"availability": 0.55, "survive_pool_losses": 1, "served_after_loss": 0.5},
    ],
)
def test_a_language_model_keeps_what_is_promised_in_every_request_size(
    limits: dict[str, Any], few: Catalog
) -> None:
    plan = optimize(CHAT, few, limits=Limits(**limits)).require()
    (outcome,) = plan.outcomes
    spot = [line for line in plan.lines if line.is_spot]
    assert spot
    assert len({line.pool for line in spot}) >= limits.get("min_pools", 1)
    assert outcome.served_after_losses >= limits.get("served_after_loss", 0.0) - 1e-6
    assert (outcome.availability or 1.0) >= limits.get("availability", 0.0) - 1e-6


def test_more_than_one_configuration_of_a_pool_is_one_line(few: Catalog) -> None:
    # One configuration counts on 512 instances at most, and 700 are needed.
    spot = few.filter(instance_types=["g4dn.xlarge"], purchase_options=["spot"])
    plan = optimize(demand(4900), spot, limits=Limits(availability=0.5)).require()
    (line,) = plan.lines
    assert line.count >= 700
    assert line.routing == pytest.approx((1.0,))
    assert (plan.outcomes[0].availability or 0.0) >= 0.5


def test_too_few_pools_are_infeasible_and_the_explanation_names_what_would_help(
    few: Catalog,
) -> None:
    one_type = few.filter(instance_types=["g4dn.xlarge", "g6.xlarge"])
    limits = Limits(
        purchase_options=("spot",),
        instance_types=("g4dn.xlarge", "g6.xlarge"),
        survive_pool_losses=1,
        served_after_loss=0.75,
    )
    plan = optimize(demand(26), one_type, limits=limits)
    assert plan.status is PlanStatus.INFEASIBLE
    (reason,) = plan.unanswered_because
    assert reason == "survive_pool_losses leaves no plan"
    text = " ".join(str(plan.explain()).split())
    assert "without limits.survive_pool_losses" in text
    # Two pools carry half each at best, and so leave 0.5 when one is lost.
    assert re.search(r"limits\.served_after_loss of 0\.(49\d|5):", text)
    assert "without limits.purchase_options" in text


def test_an_availability_that_spot_alone_cannot_give_names_the_highest_that_it_can(
    few: Catalog,
) -> None:
    limits = Limits(purchase_options=("spot",), availability=0.97)
    plan = optimize(demand(5), few, limits=limits)
    assert plan.status is PlanStatus.INFEASIBLE
    text = " ".join(str(plan.explain()).split())
    assert "limits.availability of 0.8" in text
