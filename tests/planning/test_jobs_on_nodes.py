"""A batch beside a service on one node: what it costs, when it is done, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.planning.pulp_of_plan import to_pulp
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

MONTH = 730.0


def chat() -> InferenceService:
    """A 70B model that takes four of eight accelerators."""
    size = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1.0)
    return InferenceService(
        name="chat",
        model="meta-llama/Llama-3.1-70B-Instruct",
        precision="fp8",
        traffic=Traffic.from_sizes([size], requests_per_second=1.0),
        max_ttft_ms=1500.0,
        max_tpot_ms=15.0,
    )


def nightly(requests: int = 200_000, **more: Any) -> BatchInference:
    size = RequestSize(input_tokens=512, output_tokens=128, share_fraction=1.0)
    return BatchInference(name="nightly", model="meta-llama/Llama-3.1-8B-Instruct",
                          precision="bf16", sizes=(size,), requests=requests,
                          **{"deadline_hours": 24.0, **more})  # fmt: skip


@pytest.fixture(scope="module")
def firm(bundled: Catalog) -> Catalog:
    """One type with eight H100."""
    return bundled.filter(
        instance_types=["p5.48xlarge"], regions=["us-east-1"], purchase_options=["on_demand"]
    )


@pytest.fixture(scope="module")
def plan(firm: Catalog) -> Plan:
    return optimize([chat(), nightly()], firm).require()


def test_a_batch_on_idle_accelerators_of_a_service_costs_nothing(
    plan: Plan, firm: Catalog
) -> None:
    node = float(firm.offers["effective_per_hour"].iloc[0])
    assert plan.cost_total == pytest.approx(MONTH * node)
    assert optimize(nightly(), firm).cost_total > 0  # type: ignore[operator]
    assert {(line.workload, line.shared_node, line.count) for line in plan.lines} == {
        ("chat", "1", 1), ("nightly", "1", 1),
    }  # fmt: skip
    assert evaluate_plan(Plan.from_json(plan.to_json()), firm).violations == ()


def test_a_batch_beside_a_service_ends_when_its_rate_says(plan: Plan) -> None:
    (line,) = (line for line in plan.lines if line.workload == "nightly")
    assert line.rate_per_instance is not None
    # 0.2 h until the node is ready, then all requests at the rate of its replicas.
    hours = 0.2 + 200_000 / line.rate_per_instance / 3600
    assert plan.duration_hours == pytest.approx(hours)
    assert hours <= 24.0


def test_a_batch_too_large_for_what_is_idle_gets_instances_of_its_own(firm: Catalog) -> None:
    """A whole node does 344 requests/s: in an hour of work that is more than four accelerators."""
    large = optimize([chat(), nightly(900_000, deadline_hours=1.0)], firm).require()
    assert [line.shared_node for line in large.lines if line.workload == "nightly"] == [""]
    assert large.duration_hours is not None
    assert large.duration_hours <= 1.0


def test_a_batch_with_a_budget_of_its_own_shares_nothing(firm: Catalog) -> None:
    own = optimize([chat(), nightly(limits=Limits(budget=1e6))], firm).require()
    assert {line.shared_node for line in own.lines} == {""}


def test_the_model_of_a_plan_with_a_batch_on_a_node_has_its_cost(plan: Plan) -> None:
    assert to_pulp(plan).solve(gap=1e-6).cost == pytest.approx(plan.cost_per_hour)


Change = Callable[[PlanLine], dict[str, Any]]


def tampered(plan: Plan, change: Change) -> Plan:
    lines = tuple(
        line.model_copy(update=change(line)) if line.workload == "nightly" else line
        for line in plan.lines
    )
    return plan.model_copy(update={"lines": lines})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: {"layout": replace(line.layout, replicas=5)}, "take 9 accelerators"),
        (lambda line: {"hours": 1.5}, "hours is"),
        (lambda line: {"line_cost_total": 0.0}, "line_cost_total is"),
        (lambda line: {"rate_per_instance": 1e6}, "rate_per_instance is"),
    ],
)  # fmt: skip
def test_a_plan_that_says_more_of_a_batch_than_is_true_is_caught(
    change: Change, words: str, plan: Plan, firm: Catalog
) -> None:
    broken = evaluate_plan(tampered(plan, change), firm).violations
    assert any(words in sentence for sentence in broken)


def test_a_batch_that_ends_too_late_on_its_accelerators_is_caught(
    plan: Plan, firm: Catalog
) -> None:
    more = tuple(
        one.model_copy(update={"requests": 20_000_000}) if one.name == "nightly" else one
        for one in plan.request.workloads
    )
    asked = plan.request.model_copy(update={"workloads": more})
    broken = evaluate_plan(plan.model_copy(update={"request": asked}), firm).violations
    assert any("done after" in text and "24.00 h allowed" in text for text in broken)
