"""Requests are routed by their prompts: how long an answer becomes is not known in advance."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

HALF = Limits(max_spot_fraction=0.5)


def chat(traffic: Traffic) -> InferenceService:
    return InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=traffic,
        max_tpot_ms=60,
    )


@pytest.fixture(scope="module")
def plan(few: Catalog) -> Plan:
    """Short and long answers to the same prompts, and a third of longer prompts."""
    traffic = Traffic.from_sizes(
        [
            {"input_tokens": 500.0, "output_tokens": 40.0, "share_fraction": 0.4},
            {"input_tokens": 2500.0, "output_tokens": 40.0, "share_fraction": 0.3},
            {"input_tokens": 500.0, "output_tokens": 600.0, "share_fraction": 0.3},
        ],
        requests_per_second=15,
    )
    found = optimize(chat(traffic), few, limits=HALF).require()
    assert len(found.lines) > 1
    return found


def test_every_line_takes_the_same_share_of_short_and_of_long_answers(plan: Plan) -> None:
    for line in plan.lines:
        assert line.routing[0] == line.routing[2]


def test_longer_prompts_are_routed_on_their_own(plan: Plan) -> None:
    assert any(line.routing[0] != pytest.approx(line.routing[1]) for line in plan.lines)


def test_a_trace_is_routed_by_the_ranges_of_its_prompts(few: Catalog) -> None:
    name = "azure-llm-2023-conv"
    found = optimize(chat(Traffic.from_trace(name, requests_per_second=12)), few, limits=HALF)
    lows = few.trace(name)["input_low_tokens"].tolist()
    assert len(found.require().lines) > 1
    for line in found.lines:
        assert len(set(zip(lows, line.routing, strict=True))) == len(set(lows))


def test_a_plan_that_routes_by_answer_does_not_hold(plan: Plan, few: Catalog) -> None:
    assert evaluate_plan(plan, few).violations == ()
    first, *others, last = sorted(plan.lines, key=lambda line: line.routing[2])
    share, moved = first.routing[2], last.routing[2] / 10
    assert moved > 0.03
    lines = (
        first.model_copy(update={"routing": (*first.routing[:2], share + moved)}),
        *others,
        last.model_copy(update={"routing": (*last.routing[:2], last.routing[2] - moved)}),
    )
    violations = evaluate_plan(plan.model_copy(update={"lines": lines}), few).violations
    said = [text for text in violations if "nobody knows the length of an answer" in text]
    assert len(said) == 2
    parts = f"{100 * share:.1f} % of some answers and {100 * (share + moved):.1f} % of others"
    assert f"takes {parts}" in said[0]
