"""What nothing can serve is named with its reason, its amount, its share and what helps."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
G6E = Limits(instance_types=("g6e.xlarge",), max_spot_fraction=0)


def size(prompt: float, answer: float, share: float) -> RequestSize:
    return RequestSize(input_tokens=prompt, output_tokens=answer, share_fraction=share)


def asked(few: Catalog, *sizes: RequestSize, model: str = LLAMA, **more: object) -> Plan:
    limits = more.pop("limits", None)
    seconds = more.pop("time_limit_seconds", 10.0)
    service = InferenceService(
        model=model,
        precision=("bf16",),
        traffic=Traffic.from_sizes(sizes, requests_per_second=1),
        **more,  # type: ignore[arg-type]
    )
    return optimize(service, few, limits=limits, time_limit_seconds=seconds)  # type: ignore[arg-type]


def reason(plan: Plan) -> str:
    assert plan.status is PlanStatus.INFEASIBLE
    (text,) = plan.unanswered_because
    return text


def test_requests_beyond_the_context_are_named_with_both_lengths(few: Catalog) -> None:
    found = asked(few, size(500, 100, 0.99), size(8000, 300, 0.01), model="google/gemma-7b")
    text = reason(found)
    # 8,000 + 300 = 8,300 tokens; gemma-7b reads 8,192.
    assert "1 of 2 request sizes (1.00 % of the requests)" in text
    assert "prompt and answer have 8,300 tokens, the model's context is 8,192" in text
    assert "leave such requests out of the traffic" in text


def test_a_trace_with_one_request_in_ten_thousand_beyond_the_context_says_so(
    few: Catalog,
) -> None:
    service = InferenceService(
        model="google/gemma-7b",
        precision=("bf16",),
        traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=1),
    )
    text = reason(optimize(service, few))
    assert "1 of 36 request sizes (0.01 % of the requests)" in text
    assert "the model's context is 8,192" in text


def test_prompts_that_take_too_long_are_named_with_their_time(few: Catalog) -> None:
    sizes = (size(500, 100, 0.8), size(12000, 100, 0.2))
    text = reason(asked(few, *sizes, max_ttft_ms=1000.0, limits=G6E))
    assert "1 of 2 request sizes (20.00 % of the requests)" in text
    assert "on g6e.xlarge, which comes nearest, a prompt of 12,000 tokens takes" in text
    assert "1,000 allowed" in text
    assert "the longest prompts were given 95 % of the 5 % of the requests" in text
    assert "raise max_ttft_ms" in text


def test_a_cache_that_is_too_small_is_named_with_what_it_holds(few: Catalog) -> None:
    # 15 GiB of weights leave a g6.xlarge of 22 GiB room for some 40,000 tokens.
    sizes = (size(500, 100, 0.9), size(90000, 1000, 0.1))
    small = Limits(instance_types=("g6.xlarge",))
    text = reason(asked(few, *sizes, limits=small))
    assert "on g6.xlarge, which comes nearest, prompt and answer have 91,000 tokens" in text
    assert "the cache beside the weights holds" in text
    assert "kv_precision" in text


def test_different_reasons_are_named_one_by_one_the_most_requests_first(few: Catalog) -> None:
    sizes = (size(500, 50, 0.5), size(6000, 50, 0.4), size(9000, 50, 0.1))
    found = asked(few, *sizes, model="google/gemma-7b", max_ttft_ms=300.0, limits=G6E)
    first, second = found.unanswered_because
    assert "(40.00 % of the requests)" in first
    assert "a prompt of 6,000 tokens takes" in first
    assert "(10.00 % of the requests)" in second
    assert "9,050 tokens" in second


def test_four_percent_of_long_prompts_may_be_late_where_nothing_reads_them_in_time(
    few: Catalog,
) -> None:
    sizes = (size(500, 200, 0.96), size(12000, 200, 0.04))
    plan = asked(
        few, *sizes, max_ttft_ms=1000.0, max_tpot_ms=200.0, kv_precision="fp8", limits=G6E
    ).require()
    # Alone on a g6e.xlarge 12,000 tokens take more than 1,000 ms: these 4 % are late, and of the
    # short ones at most 1 % of all requests. Three instances for 1.861 $/h each do.
    assert plan.cost_per_hour == pytest.approx(3 * 1.861)
    assert plan.outcomes[0].ttft_ms is not None
    assert plan.outcomes[0].ttft_ms <= 1000
    assert evaluate_plan(plan, few).violations == ()


@pytest.mark.parametrize("limit", [2000.0, 4000.0])
def test_half_of_the_allowance_is_used_as_long_as_it_is_enough(limit: float, few: Catalog) -> None:
    sizes = (size(500, 200, 0.96), size(12000, 200, 0.04))
    plan = asked(
        few, *sizes, max_ttft_ms=limit, max_tpot_ms=200.0, kv_precision="fp8", limits=G6E
    ).require()
    assert plan.cost_per_hour == pytest.approx(1.861)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP


def test_a_quota_that_leaves_no_fast_type_lets_more_of_the_long_prompts_be_late(
    bundled: Catalog,
) -> None:
    # A p5.4xlarge reads 12,000 tokens in time, but the quota of one instance is not enough of it.
    both = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6e.xlarge", "p5.4xlarge"],
        purchase_options=["on_demand"],
    )  # fmt: skip
    sizes = (size(500, 200, 0.96), size(12000, 200, 0.04))
    limits = Limits(quota={"p5.4xlarge": 0})
    plan = asked(
        both, *sizes, max_ttft_ms=1000.0, max_tpot_ms=200.0, kv_precision="fp8", limits=limits
    ).require()
    assert [(line.offer.instance_type, line.count) for line in plan.lines] == [("g6e.xlarge", 3)]
    # At most $6/h leave no p5.4xlarge at $6.88/h either, though it takes part.
    budget = Limits(budget=6.0 * 730)
    cheap = asked(
        both, *sizes, max_ttft_ms=1000.0, max_tpot_ms=200.0, kv_precision="fp8", limits=budget
    ).require()
    assert cheap.cost_per_hour == pytest.approx(3 * 1.861)
    assert evaluate_plan(cheap, both).violations == ()


def test_time_that_ends_before_more_prompts_may_be_late_proves_nothing(bundled: Catalog) -> None:
    both = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6e.xlarge", "p5.4xlarge"],
        purchase_options=["on_demand"],
    )  # fmt: skip
    sizes = (size(500, 200, 0.96), size(12000, 200, 0.04))
    # $6/h pay for three g6e.xlarge once the long prompts may be late, and for no p5.4xlarge.
    plan = asked(
        both, *sizes, max_ttft_ms=1000.0, max_tpot_ms=200.0, kv_precision="fp8",
        limits=Limits(budget=6.0 * 730), time_limit_seconds=1e-3,
    )  # fmt: skip
    assert plan.status is PlanStatus.NO_ANSWER_IN_TIME
    assert plan.unanswered_because == ()


def test_demand_of_more_instances_than_there_are_is_refused_at_once(few: Catalog) -> None:
    wanted = Requirement(demand_per_second=1e10, throughput_per_second={"g6e.xlarge": 4})
    # 1e10 / 4 = 2.5e9 instances.
    with pytest.raises(InvalidInputError, match="at least 2,500,000,000 instances"):
        optimize(wanted, few)


@pytest.mark.parametrize(
    ("workload", "said"),
    [(None, "give a workload"), ("chat", "give a workload"), (3, "give a workload")],
)
def test_what_is_no_workload_is_refused_in_a_sentence(
    workload: object, said: str, few: Catalog
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        optimize(workload, few)  # type: ignore[arg-type]


def test_what_is_no_catalogue_is_refused_in_a_sentence() -> None:
    wanted = Requirement(accelerators_per_node=1)
    with pytest.raises(
        InvalidInputError, match=r"catalog must be a Catalog: Catalog\.bundled\(\)"
    ):
        optimize(wanted, "bundled")  # type: ignore[arg-type]
