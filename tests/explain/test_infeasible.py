"""Changes that help an infeasible request are true: each is applied, and planned again."""

import re

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic
from costopt.workload.training import FineTuneJob

CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=2),
    max_tpot_ms=0.5,
)
ADAPTERS = FineTuneJob(
    model="meta-llama/Llama-3.1-8B",
    method="lora",
    samples=10_000,
    tokens_per_sample=1_024,
    deadline_hours=0.1,
)
ENCODER = InferenceService(
    model="google-bert/bert-base-uncased",
    precision=("fp16",),
    samples_per_second=200,
    tokens_per_sample=512,
    max_latency_ms=0.5,
)
LARGE_NODE = Requirement(
    accelerators_per_node=8,
    accelerator_types=("A100-40GB",),
    vram_gib_per_accelerator=40,
)


def changes(plan: Plan) -> str:
    assert plan.status is PlanStatus.INFEASIBLE
    return "\n".join(plan.explain().changes)


def value_that_helps(plan: Plan, field: str) -> float:
    """The figure behind the field in the sentence about it."""
    found = re.search(rf"^{re.escape(field)} of ([\d,.]+): ", changes(plan), re.MULTILINE)
    assert found
    return float(found[1].replace(",", ""))


def test_forty_gib_of_an_accelerator_of_39_5_is_lowered_to_what_it_has(states: Catalog) -> None:
    plan = optimize(LARGE_NODE, states)
    assert value_that_helps(plan, "vram_gib_per_accelerator") == pytest.approx(39.5, rel=0.02)
    assert "without accelerator_types: " in changes(plan)


@pytest.mark.parametrize(
    ("workload", "field", "easier"),
    [
        (LARGE_NODE, "vram_gib_per_accelerator", 1 / 1.03),
        (CHAT, "max_tpot_ms", 1.03),
        (ENCODER, "max_latency_ms", 1.03),
        (ADAPTERS, "deadline_hours", 1.03),
        (Requirement(tflops_total=200_000.0), "tflops_total", 1 / 1.03),
    ],
)  # fmt: skip
def test_the_value_that_helps_is_the_nearest_one_within_three_percent(
    workload: AnyWorkload, field: str, easier: float, states: Catalog
) -> None:
    limits = Limits(providers=("aws",))
    helps = value_that_helps(optimize(workload, states, limits=limits), field)

    def status(value: float) -> PlanStatus:
        eased = workload.model_copy(update={field: value})
        return optimize(eased, states, limits=limits).status

    assert status(helps) is PlanStatus.OPTIMAL_WITHIN_GAP
    assert status(helps / easier) is PlanStatus.INFEASIBLE


@pytest.mark.parametrize(
    ("field", "value"),
    [("accelerator_types", ("T4",)), ("quota", {"*": 0}), ("regions", ("eu-*",))],
)
def test_a_limit_that_is_named_alone_stands_in_the_way(
    field: str, value: object, bundled: Catalog
) -> None:
    service = InferenceService(
        model="meta-llama/Llama-3.1-70B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=1),
        max_tpot_ms=50,
    )
    given = {"providers": ("aws",), "regions": ("us-*",), field: value}
    if field == "regions":
        given["families"] = ("inf1", "g4dn")
    plan = optimize(service, bundled, limits=Limits.model_validate(given))
    texts = changes(plan).splitlines()
    helping = [text for text in texts if text.startswith("without limits.")]
    for text in helping:
        dropped = text.removeprefix("without limits.").split(":")[0]
        freed = plan.request.limits.model_copy(
            update={dropped: Limits.model_fields[dropped].default}
        )
        assert optimize(service, bundled, limits=freed).has_answer
    named = [text.removeprefix("without limits.").split(":")[0] for text in helping]
    culprit = "families" if field == "regions" else field
    if culprit == "quota":
        assert named == []
        assert any(text.startswith("limits.quota * of ") for text in texts)
    else:
        assert named == [culprit]
    assert "does not help" in changes(plan)


def test_what_excludes_what_is_said_by_how_much(bundled: Catalog) -> None:
    """141 GB of 16-bit weights over at most 8 T4 of 15.6 GiB cannot fit."""
    service = InferenceService(
        model="meta-llama/Llama-3.1-70B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=1),
    )
    plan = optimize(service, bundled, limits=Limits(accelerator_types=("T4",)))
    reasons = plan.explain()
    assert reasons.because == plan.unanswered_because
    assert re.search(r"[\d.]+ GiB short on each accelerator of 15.6 GiB", str(reasons))
    assert (reasons.switch_points, reasons.rejected, reasons.binding) == ((), (), ())


def test_a_budget_that_is_too_small_is_answered_with_the_smallest_that_does(
    bundled: Catalog,
) -> None:
    wanted = Requirement(accelerators_per_node=8, accelerator_types=("A100-40GB",))
    where = {"providers": ("aws",), "purchase_options": ("on_demand",)}
    plan = optimize(wanted, bundled, limits=Limits.model_validate(where | {"budget": 1.0}))
    (text,) = [text for text in changes(plan).splitlines() if text.startswith("limits.budget of")]
    least = float(text.removeprefix("limits.budget of ").split(":")[0].replace(",", ""))
    for budget, answered in ((least, True), (least - 0.02, False)):
        limits = Limits.model_validate(where | {"budget": budget})
        assert optimize(wanted, bundled, limits=limits).has_answer is answered


LIMITED = Requirement(demand_per_second=100.0, throughput_per_second={"g6.xlarge": 10.0})
ON_DEMAND = {"purchase_options": ("on_demand",)}


@pytest.fixture(scope="module")
def one_type(bundled: Catalog) -> Catalog:
    """g6.xlarge in us-east-1, on demand and on spot."""
    return bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"],
        purchase_options=["on_demand", "spot"],
    )  # fmt: skip


def limited(catalog: Catalog, **limits: object) -> Plan:
    return optimize(LIMITED, catalog, limits=Limits.model_validate(ON_DEMAND | limits))


def test_a_quota_is_raised_by_as_many_as_are_missing(one_type: Catalog) -> None:
    # 100 / 10 = 10 instances, 7 allowed.
    text = changes(limited(one_type, quota={"g6.xlarge": 7}))
    assert "limits.quota g6.xlarge of 10 (+3): 10 x g6.xlarge" in text
    assert limited(one_type, quota={"g6.xlarge": 10}).has_answer
    assert not limited(one_type, quota={"g6.xlarge": 9}).has_answer


def test_changes_made_together_are_enough_and_each_is_needed(one_type: Catalog) -> None:
    plan = limited(one_type, quota={"g6.xlarge": 7}, budget=100.0)
    (text,) = [line for line in changes(plan).splitlines() if "each of them is needed" in line]
    found = re.search(
        r"limits\.quota g6\.xlarge of 10 \(\+3\) and limits\.budget of ([\d,.]+)", text
    )
    assert found
    budget = float(found[1].replace(",", ""))
    assert limited(one_type, quota={"g6.xlarge": 10}, budget=budget).has_answer
    assert not limited(one_type, quota={"g6.xlarge": 7}, budget=budget).has_answer
    assert not limited(one_type, quota={"g6.xlarge": 10}, budget=100.0).has_answer
    assert "limits.quota g6.xlarge" in text.split(":")[0]


def test_the_share_of_spot_is_raised_to_the_smallest_that_does(one_type: Catalog) -> None:
    prices = {"aws/us-east-1/g6.xlarge/on_demand": 1.0, "aws/us-east-1/g6.xlarge/spot": 0.5}
    catalog = one_type.with_prices(prices_per_hour=prices)
    # 10 instances; with n on spot 730 x (10 - n / 2) <= 5,800 needs n = 5 (5,475 USD).
    both = {"purchase_options": ("on_demand", "spot"), "budget": 5800.0}
    text = changes(limited(catalog, max_spot_fraction=0.2, **both))
    assert "limits.max_spot_fraction of 0.5: " in text
    assert not limited(catalog, max_spot_fraction=0.49, **both).has_answer


def test_several_demands_are_lowered_by_one_fraction(one_type: Catalog) -> None:
    wanted = [LIMITED.model_copy(update={"name": name}) for name in ("one", "two")]
    limits = Limits.model_validate(ON_DEMAND | {"quota": {"g6.xlarge": 10}})
    text = changes(optimize(wanted, one_type, limits=limits))
    found = re.search(r"every demand at ([\d.]+) %: ", text)
    assert found
    # Each needs 10 instances and 10 are allowed together: half of each fits, to the step of 2 %.
    assert 50 / 1.02 <= float(found[1]) <= 50
