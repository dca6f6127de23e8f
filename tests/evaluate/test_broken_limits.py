"""The same lines held against stricter questions: each limit says that it is broken."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import Evaluation, evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

PlanOf = Callable[[str], Plan]
AskedOtherwise = Callable[..., Evaluation]


def test_the_same_question_breaks_no_limit(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    assert asked_otherwise(plan_of("nodes")).violations == ()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"providers": ("gcp",)}, "aws is not within limits.providers"),
        ({"regions": ("eu-*",)}, "us-east-1 is not within limits.regions"),
        ({"countries": ("EU",)}, "US is not within limits.countries"),
        ({"instance_types": ("g5.*",)}, "g6.xlarge is not within limits.instance_types"),
        ({"families": ("g5",)}, "g6 is not within limits.families"),
        ({"accelerator_types": ("T4",)}, "L4 is not within limits.accelerator_types"),
        ({"vendors": ("amd",)}, "nvidia is not within limits.vendors"),
        ({"min_vcpus_per_accelerator": 5.0}, "below limits.min_vcpus_per_accelerator"),
        ({"min_memory_gib_per_accelerator": 17.0}, "below limits.min_memory_gib_per_accelerator"),
        ({"intra_node_interconnect": ("nvswitch",)}, "limits.intra_node_interconnect"),
        ({"inter_node_fabric": ("*",)}, "nothing is not within limits.inter_node_fabric"),
        ({"purchase_options": ("on_demand",)}, "spot is not among the purchase options"),
        ({"max_spot_fraction": 0.5}, "100.0 % of a request size is on spot, 50.0 % allowed"),
        ({"quota": {"g6.xlarge": 2}}, "quota g6.xlarge: 3 instances, 2 allowed"),
        ({"quota": {"AWS/us-*/G6.*": 1}}, "quota AWS/us-*/G6.*: 3 instances, 1 allowed"),
        ({"budget": 814.0}, "cost 814.64 exceeds the budget of 814.00"),
        ({"max_age_months": {"spot": 1.0}}, "its price is 48 days old"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("of_whom", ["request", "workload"])
def test_a_limit_that_three_g6_on_spot_break_is_named(
    limits: dict[str, Any],
    words: str,
    of_whom: str,
    plan_of: PlanOf,
    asked_otherwise: AskedOtherwise,
) -> None:
    # The plan: 3 x g6.xlarge (1 L4, 4 vCPU, 16 GiB) on spot at 0.37198 $/h for 730 h: $814.64.
    plan = plan_of("nodes")
    if of_whom == "request":
        evaluation = asked_otherwise(plan, limits=Limits(**limits))
    else:
        (workload,) = plan.request.workloads
        stricter = workload.model_copy(update={"limits": Limits(**limits)})
        evaluation = asked_otherwise(plan, workloads=(stricter,))
    assert any(words in text for text in evaluation.violations)


def test_a_second_type_is_one_too_many(plan_of: PlanOf, asked_otherwise: AskedOtherwise) -> None:
    plan = plan_of("demand")
    assert {line.offer.instance_type for line in plan.lines} == {"g4dn.xlarge", "g6.xlarge"}
    evaluation = asked_otherwise(plan, limits=Limits(max_spot_fraction=0.5, max_distinct_types=1))
    assert "2 instance types, 1 allowed" in evaluation.violations


def test_spot_beyond_its_share_is_named_with_what_is_left_after_its_loss(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    evaluation = asked_otherwise(plan_of("demand"), limits=Limits(max_spot_fraction=0.25))
    text = " ".join(evaluation.violations)
    assert "of a request size is on spot, 25.0 % allowed" in text
    assert "losing g4dn.xlarge spot in aws us-east-1 leaves" in text


def test_hours_on_spot_beyond_their_share_are_named(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    evaluation = asked_otherwise(plan_of("batch"), limits=Limits(max_spot_fraction=0.25))
    assert any("of the hours are on spot, 25.0 % allowed" in t for t in evaluation.violations)


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("service", "max_tpot_ms", 20.0, "ms per token, 20.00 allowed"),
        ("service", "max_ttft_ms", 100.0, "wait longer than 100 ms for their first token"),
        ("service", "max_utilisation", 0.1, "10.00 % allowed"),
        ("samples", "samples_per_second", 40_000.0, "loaded to"),
        ("samples", "max_latency_ms", 1.0, "ms per sample, 1.00 allowed"),
        ("batch", "deadline_hours", 2.0, "2.00 h allowed"),
        ("batch", "requests", 4_000_000, "6.00 h allowed"),
        ("fine_tune", "deadline_hours", 0.5, "0.50 h allowed"),
        ("demand", "demand_per_second", 150.0, "100.00 % allowed"),
        ("nodes", "nodes", 4, "3 instances, 4 equal ones required"),
        ("nodes", "vram_gib_per_accelerator", 24.0, "not the hardware that is required"),
        ("nodes", "accelerators_per_node", 8.0, "not the hardware that is required"),
        ("nodes", "intra_node_interconnect", ("nvswitch",), "not the hardware"),
        ("nodes", "accelerator_types", ("L40S",), "not the hardware that is required"),
        ("nodes", "tflops_total", 5_000.0, "not the hardware that is required"),
    ],
)
def test_a_workload_that_wants_more_than_the_lines_do_is_named(
    kind: str,
    field: str,
    value: Any,
    words: str,
    plan_of: PlanOf,
    asked_otherwise: AskedOtherwise,
) -> None:
    plan = plan_of(kind)
    (workload,) = plan.request.workloads
    harder = workload.model_copy(update={field: value})
    violations = asked_otherwise(plan, workloads=(harder,)).violations
    assert any(words in text for text in violations)


def test_a_price_in_another_currency_is_converted_again(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    violations = asked_otherwise(plan_of("nodes"), currency="CNY").violations
    # 0.37198 $/h x 7.1884 CNY/$, the rate of 2024-12-31.
    assert any("price_per_hour is 2.67394" in text for text in violations)
    assert "currency is CNY, the plan says USD" in violations


def test_a_longer_horizon_costs_more_than_the_plan_says(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    evaluation = asked_otherwise(plan_of("nodes"), horizon_hours=1460.0)
    assert evaluation.cost_total == pytest.approx(3 * 0.37198 * 1460)
    assert any("cost_total is 1,629.27, the plan says 814.636" in t for t in evaluation.violations)


def test_more_confidence_than_was_planned_with_breaks_the_plan(
    plan_of: PlanOf, asked_otherwise: AskedOtherwise
) -> None:
    violations = asked_otherwise(plan_of("service"), confidence=0.95).violations
    assert any("rate_per_instance" in text for text in violations)


@pytest.mark.parametrize("where", ["us-gov-*", "cn-*"])
def test_a_partition_with_accounts_of_its_own_must_be_named(
    where: str, bundled: Catalog, asked_otherwise: AskedOtherwise
) -> None:
    # The lines stay; only the words of the question that named the partition go.
    plan = optimize(
        Requirement(nodes=1),
        bundled.filter(providers=["aws"], regions=[where]),
        limits=Limits(regions=(where,), purchase_options=("on_demand",)),
    ).require()
    (line,) = plan.lines
    assert line.offer.region.startswith(where[:-1])
    catalog = bundled.filter(providers=["aws"], regions=[where])
    request = plan.request.model_copy(update={"limits": Limits(purchase_options=("on_demand",))})
    violations = evaluate_plan(plan.model_copy(update={"request": request}), catalog).violations
    assert any("accounts of its own" in text for text in violations)
