"""Runs of one's own inside a plan: they override the model, and everything else is told apart."""

import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from costopt.account.account import Account
from costopt.account.records import Quota
from costopt.candidate.layout import instance_types_of
from costopt.candidate.serving import replicas_on
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.performance.limits import LatencyLimits
from costopt.performance.serving import serving_rates
from costopt.performance.work import RequestSizes
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request, optimize
from costopt.precision import formats_named
from costopt.profile.profile import ObservedJob, Profile, ServedLoad
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SIZE = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1.0)
SERVICE = InferenceService(
    model=LLAMA,
    precision="bf16",
    traffic=Traffic.from_sizes([SIZE], requests_per_second=8),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
BATCH = BatchInference(
    model=LLAMA, precision="bf16", sizes=(SIZE,), requests=400_000, deadline_hours=6
)


def run(accelerator: str, *loads: tuple[float, float], **more: object) -> Profile:
    """A serving run: concurrency and requests per second of each load."""
    return Profile.model_validate(
        {
            "model": "meta-llama/Llama-3.1-8B",
            "accelerator": accelerator,
            "accelerators": 1,
            "precision": "bf16",
            "source": "bench.json, vllm 0.10.0",
            "loads": [
                ServedLoad(
                    concurrency=concurrency,
                    input_tokens=1000,
                    output_tokens=200,
                    requests_per_second=rate,
                    output_tokens_per_second=200 * rate,
                    completed=500,
                    duration_seconds=500 / rate,
                )
                for concurrency, rate in loads
            ],
            **more,
        }
    )


def on_types(plan: Plan) -> Mapping[str, PlanLine]:
    return {line.offer.instance_type: line for line in plan.lines}


def expected_load(catalog: Catalog, name: str) -> tuple[float, float]:
    """Requests that run in one replica of a type without limits, and requests per second."""
    kinds = [
        kind for kind in instance_types_of(catalog.joined_offers) if kind.name == name
    ]  # fmt: skip
    found = replicas_on(catalog, kinds, [""], catalog.model(LLAMA), "bf16")
    sizes = RequestSizes(input_tokens=np.array([1000.0]), output_tokens=np.array([200.0]))
    rated = serving_rates(
        catalog.model(LLAMA), found.hardware, formats_named("bf16"), sizes, LatencyLimits(), 1.0
    )
    return float(rated.running_requests[0, 0]), float(rated.requests_per_second[0, 0])


def test_a_slow_measurement_flips_the_pick(few: Catalog) -> None:
    before = optimize(SERVICE, few).require()
    assert max(before.lines, key=lambda line: line.share).offer.instance_type == "g6e.xlarge"
    slow = run("L40S", (16, 1.0), (32, 1.3))
    after = optimize(SERVICE, few, profiles=[slow]).require()
    assert "g6e.xlarge" not in on_types(after)
    assert (after.cost_total or 0) > (before.cost_total or 0)
    assert evaluate_plan(after, few).violations == ()


def test_the_rate_at_the_measured_point_is_the_measured_one(few: Catalog) -> None:
    running, modelled = expected_load(few, "g6e.xlarge")
    measured = run("L40S", (running, 2.0))
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    assert modelled > 2.2  # so that it is the profile and not the model that gives 2.0
    plan = optimize(BATCH, only, profiles=[measured]).require()
    (line,) = plan.lines
    assert line.rate_origin == "measured"
    assert line.rate_per_instance == pytest.approx(2.0, rel=1e-9)
    # 400,000 requests at 2 a second and instance are 55.56 instance hours: 10 of them in 5.6 h.
    assert line.count == 10
    assert line.hours == pytest.approx(400_000 / 2.0 / 3600 / 10, rel=0.05)


def test_a_line_says_what_its_rate_rests_on(few: Catalog) -> None:
    running, modelled = expected_load(few, "g6e.xlarge")
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    bands = {}
    for accelerator, load, rate, origin in (
        ("L40S", running, modelled / 2, "measured"),
        ("L40S", running / 4, modelled / 2, "profile_scaled"),
        ("L4", 24.0, 0.9, "profile_sister"),
        ("A10G", 8.0, 0.8, "calibrated"),
    ):
        plan = optimize(BATCH, only, profiles=[run(accelerator, (load, rate))]).require()
        (line,) = plan.lines
        assert line.rate_origin == origin
        assert line.rate_band is not None
        bands[origin] = line.rate_band.high - line.rate_band.low
        assert evaluate_plan(plan, only).violations == ()
    assert bands["measured"] < bands["profile_scaled"] <= bands["profile_sister"]


def test_a_measured_latency_above_the_limit_is_told(few: Catalog) -> None:
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    profile = run("L40S", (30, 2.4))  # within TPOT 70, 24 to 29 requests run at a time
    for ttft_ms, tpot_ms, said in (
        (2500.0, None, "a median TTFT of 2,500 ms"),
        (600.0, 80.0, "a median TPOT of 80 ms"),
        (600.0, 50.0, None),
    ):
        seen = ServedLoad.model_validate(
            {**profile.loads[0].model_dump(), "ttft_ms": ttft_ms, "tpot_ms": tpot_ms}
        )
        watched = profile.model_copy(update={"loads": (seen,)})
        service = SERVICE.model_copy(update={"max_tpot_ms": 70})
        plan = optimize(service, only, profiles=[watched]).require()
        assert plan.lines[0].rate_origin == "measured"
        text = " ".join(str(plan).split())
        assert ("Warning: bench.json" in text) == (said is not None)
        assert said is None or said in text


def test_the_text_names_the_profile_and_counts_its_lines(few: Catalog) -> None:
    running, modelled = expected_load(few, "g6e.xlarge")
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    plan = optimize(BATCH, only, profiles=[run("L40S", (running, modelled))]).require()
    text = " ".join(str(plan).split())
    assert (
        "Measured: bench.json, vllm 0.10.0 (meta-llama/Llama-3.1-8B in bf16 on 1 x L40S). In this "
        "plan 1 of 1 line rests on it, as measured." in text
    )
    assert "1 of 1 line rests on it" in plan._repr_html_()
    scaled = optimize(BATCH, only, profiles=[run("L40S", (running / 4, modelled))]).require()
    assert "scaled from measured" in str(scaled)
    assert "rests on it, scaled." in " ".join(str(scaled).split())
    assert "Measured" not in str(optimize(BATCH, only))


def test_a_plan_with_profiles_survives_its_json(few: Catalog) -> None:
    plan = optimize(SERVICE, few, profiles=[run("L40S", (16, 1.0))]).require()
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.request.profiles == plan.request.profiles
    assert evaluate_plan(again, few).violations == ()


def test_a_rate_or_a_profile_that_was_tampered_with_is_noticed(few: Catalog) -> None:
    plan = optimize(SERVICE, few, profiles=[run("L40S", (32, 4.0))]).require()
    document = json.loads(plan.to_json())
    document["lines"][0]["rate_per_instance"] *= 1.1
    found = evaluate_plan(Plan.from_json(json.dumps(document)), few).violations
    assert any("rate_per_instance" in text for text in found)
    document = json.loads(plan.to_json())
    load = document["request"]["profiles"][0]["loads"][0]
    load["output_tokens_per_second"] *= 0.8
    load["requests_per_second"] *= 0.8
    found = evaluate_plan(Plan.from_json(json.dumps(document)), few).violations
    assert any("rate_per_instance" in text for text in found)
    assert "the request was changed after the plan was made" in found


def test_a_request_without_profiles_keeps_its_hash() -> None:
    request = PlanRequest(workloads=(SERVICE,))
    with_one = request.model_copy(update={"profiles": (run("L40S", (32, 4.0)),)})
    assert request_hash(request) != request_hash(with_one)
    assert "profiles" not in request.model_dump_json(exclude={"profiles"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "Qwen/Qwen2.5-7B-Instruct"}, "a serving run of Qwen/Qwen2.5-7B-Instruct"),
        ({"precision": "fp8"}, "in fp8, cache in bf16, says nothing about what is asked"),
        ({"kv_precision": "fp8"}, "cache in fp8, says nothing about what is asked"),
    ],
)
def test_a_profile_of_something_else_is_refused(
    few: Catalog, change: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidInputError, match="inference service of meta-llama") as raised:
        optimize(SERVICE, few, profiles=[run("L40S", (32, 4.0), **change)])
    assert said in str(raised.value)
    assert "profile bench.json, vllm 0.10.0 (1 x L40S)" in str(raised.value)


def test_a_profile_of_an_unknown_accelerator_names_the_nearest(few: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="L40S"):
        optimize(SERVICE, few, profiles=[run("L40SX", (32, 4.0))])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accelerators": 2, "pipeline_parallel": 2}, "pipeline stages is not modelled"),
        ({"instance_type": "g6.xlarge"}, "g6.xlarge has L4, not L40S"),
        ({"accelerators": 8, "tensor_parallel": 8, "instance_type": "g6e.xlarge"},
         "fewer than one replica of 8"),
        ({"accelerators": 3, "tensor_parallel": 3}, "attention heads do not divide"),
    ],
)  # fmt: skip
def test_a_profile_that_contradicts_itself_is_refused(
    few: Catalog, change: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        optimize(SERVICE, few, profiles=[run("L40S", (32, 4.0), **change)])


def test_a_concurrency_above_what_memory_allows_is_refused_with_the_reason(few: Catalog) -> None:
    # 16 GB of weights leave about 29 GiB of an L40S; a request of 1,200 tokens holds 0.13 GiB of
    # cache on the mean of its life (1,100 tokens of 128 KiB), so some 210 of them fit.
    assert optimize(SERVICE, few, profiles=[run("L40S", (180, 4.0))]).has_answer
    with pytest.raises(InvalidInputError, match="more than memory allows") as raised:
        optimize(SERVICE, few, profiles=[run("L40S", (180, 4.0), (400, 4.1))])
    assert "a concurrency of 400" in str(raised.value)


def test_a_mean_that_no_request_has_is_no_measurement(few: Catalog) -> None:
    # 0.9 x 112 + 0.1 x 8,992 = 1,000 tokens, and 90 % of the work is in the long tenth.
    mix = [
        RequestSize(input_tokens=112, output_tokens=22, share_fraction=0.9),
        RequestSize(input_tokens=8992, output_tokens=1802, share_fraction=0.1),
    ]
    uniform = SERVICE.model_copy(update={"max_tpot_ms": 70, "max_ttft_ms": 9000})
    mixed = uniform.model_copy(update={"traffic": Traffic.from_sizes(mix, requests_per_second=8)})
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    for service, origin in ((uniform, "measured"), (mixed, "profile_scaled")):
        plan = optimize(service, only, profiles=[run("L40S", (30, 2.4))]).require()
        assert {line.rate_origin for line in plan.lines} == {origin}


def test_profiles_of_one_point_that_contradict_each_other_are_refused(few: Catalog) -> None:
    fast, slow = run("L40S", (32, 3.0)), run("L40S", (32, 1.5), source="again.json")
    with pytest.raises(InvalidInputError, match=r"it measured 0\.5 times the rate of bench"):
        optimize(SERVICE, few, profiles=[fast, slow])
    again = run("L40S", (32, 3.1), source="again.json")
    assert optimize(SERVICE, few, profiles=[fast, again]).has_answer
    twice = optimize(SERVICE, few, profiles=[fast, fast]).require()
    assert twice.lines == optimize(SERVICE, few, profiles=[fast]).lines


def test_formats_of_equal_bytes_and_peaks_are_one(few: Catalog) -> None:
    half = run("L40S", (32, 1.5), precision="fp16", kv_precision="fp16")
    plans = [optimize(SERVICE, few, profiles=[one]) for one in (half, run("L40S", (32, 1.5)))]
    assert plans[0].lines == plans[1].lines


def test_an_instance_type_that_the_catalogue_lacks_can_be_left_out(few: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="leave it out"):
        optimize(SERVICE, few, profiles=[run("L40S", (32, 4.0), instance_type="my-server")])


def test_replicas_of_one_run_share_its_load(few: Catalog) -> None:
    alone = run("L40S", (32, 4.0))
    four = run("L40S", (128, 16.0), accelerators=4)
    plans = [optimize(SERVICE, few, profiles=[one]).require() for one in (alone, four)]
    assert plans[0].lines == plans[1].lines
    assert optimize(SERVICE, few, profiles=four).lines == plans[1].lines  # one needs no list


def test_a_job_counts_with_its_observed_rate(few: Catalog) -> None:
    job = FineTuneJob(
        model=LLAMA, method="qlora", tokens=2e7, sequence_length=1024, deadline_hours=12
    )
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    observed = Profile(
        model="meta-llama/Llama-3.1-8B",
        accelerator="L40S",
        accelerators=1,
        precision="bf16",
        job=ObservedJob(
            kind="fine_tune", method="qlora", tokens_per_second=900.0, tokens_per_sample=1024.0
        ),
        source="trainer log",
    )
    plan = optimize(job, only, profiles=[observed]).require()
    (line,) = plan.lines
    assert evaluate_plan(plan, only).violations == ()
    assert line.count == 1
    assert line.rate_per_instance == pytest.approx(900.0, rel=1e-9)
    assert line.rate_origin == "measured"
    # 20 M tokens at 900 a second are 6.17 hours, and some time to start.
    assert line.hours == pytest.approx(2e7 / 900 / 3600, rel=0.05)
    named = observed.model_copy(update={"precision": "nf4"})  # what its frozen weights are in
    assert optimize(job, only, profiles=[named]).lines == plan.lines
    lora = observed.model_copy(
        update={
            "job": ObservedJob(
                kind="fine_tune", method="lora", tokens_per_second=900.0, tokens_per_sample=1024.0
            )
        }
    )
    with pytest.raises(InvalidInputError, match=r"fine-tune run \(lora\)"):
        optimize(job, only, profiles=[lora])


def test_samples_count_with_their_observed_rate(few: Catalog) -> None:
    bert = "google-bert/bert-base-uncased"
    batch = BatchInference(
        model=bert, precision="fp16", samples=50_000_000, tokens_per_sample=128, deadline_hours=6
    )
    only = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    observed = Profile(
        model=bert,
        accelerator="L40S",
        accelerators=4,
        precision="fp16",
        job=ObservedJob(kind="samples", samples_per_second=4000.0, tokens_per_sample=128.0),
        source="service metrics",
    )
    plan = optimize(batch, only, profiles=[observed]).require()
    assert [line.rate_per_instance for line in plan.lines] == pytest.approx([1000.0])
    assert {line.rate_origin for line in plan.lines} == {"measured"}
    service = InferenceService(
        model=bert, precision="fp16", samples_per_second=900, tokens_per_sample=128
    )
    served = optimize(service, only, profiles=[observed]).require()
    # without a limit on latency the largest batch serves best: 1,000 a second at full load.
    assert served.lines[0].rate_per_instance == pytest.approx(1000.0, rel=1e-9)
    assert served.lines[0].count == 2  # 900 a second at 80 % of 1,000 each
    assert evaluate_plan(served, only).violations == ()


def test_a_profile_concerns_one_of_several_workloads(few: Catalog) -> None:
    nodes = Requirement(name="nodes", nodes=2, vram_gib_per_accelerator=20)
    chat = SERVICE.model_copy(update={"name": "chat"})
    plan = optimize([chat, nodes], few, profiles=[run("L40S", (64, 6.0))]).require()
    assert evaluate_plan(plan, few).violations == ()
    with pytest.raises(InvalidInputError, match="requirement without a model"):
        optimize(nodes, few, profiles=[run("L40S", (64, 6.0))])


def test_profiles_and_an_account_go_together(few: Catalog) -> None:
    quota = Quota(key="aws/us-east-1/g5.*", limit=3, name="G5 instances")
    slow = run("L40S", (16, 1.0), (32, 1.3))
    plan = optimize(SERVICE, few, account=Account(quotas=(quota,)), profiles=[slow]).require()
    assert evaluate_plan(plan, few).violations == ()
    assert plan.request.profiles == (slow,)
    assert sum(line.count for line in plan.lines if line.offer.instance_type[:3] == "g5.") <= 3


def test_a_request_file_holds_profiles_as_tables(few: Catalog) -> None:
    text = """
[[workload]]
kind = "inference_service"
model = "meta-llama/Llama-3.1-8B-Instruct"
precision = "bf16"
max_ttft_ms = 1500
max_tpot_ms = 60
traffic = {sizes = [{input_tokens = 1000, output_tokens = 200, share_fraction = 1}], \
requests_per_second = 8}

[[profile]]
model = "meta-llama/Llama-3.1-8B"
accelerator = "L40S"
accelerators = 1
precision = "bf16"
source = "bench.json"

[[profile.loads]]
concurrency = 32
input_tokens = 1000
output_tokens = 200
requests_per_second = 1.3
output_tokens_per_second = 260
completed = 500
duration_seconds = 400
"""
    request = PlanRequest.from_toml(text, "request.toml")
    assert request.profiles[0].loads[0].requests_per_second == 1.3
    assert "Measured: bench.json" in str(answer_request(request, few))
    with pytest.raises(InvalidInputError, match=r"profile 1: loads\[0\]: concurrency = -32"):
        PlanRequest.from_toml(text.replace("concurrency = 32", "concurrency = -32"), "r.toml")
    with pytest.raises(InvalidInputError, match=r"write \[\[profile\]\] instead"):
        PlanRequest.from_toml(text.replace("[[profile", "[[profiles"), "r.toml")


def test_explaining_a_plan_counts_with_the_profiles(
    priced: Callable[[Mapping[str, float]], Catalog],
) -> None:
    catalog = priced({"g5.xlarge/on_demand": 1.0, "g6e.xlarge/on_demand": 1.8})
    plan = optimize(SERVICE, catalog, profiles=[run("L40S", (64, 6.0))]).require()
    assert plan.explain().switch_points


@pytest.mark.parametrize("given", ["result.json", ["result.json"]])
def test_a_path_is_no_profile_and_the_error_says_how_to_read_one(
    given: object, few: Catalog
) -> None:
    with pytest.raises(InvalidInputError, match=r"co\.Profile\.read\(path, \.\.\.\) reads one"):
        optimize(SERVICE, few, profiles=given)  # type: ignore[arg-type]
