"""Recipes beside profiles: what they count on once it is measured, and their own run read back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.launch.recipe import Benchmark
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.planning.replan import replan
from costopt.profile.profile import ObservedJob, Profile, ServedLoad
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize
from costopt.workload.training import FineTuneJob

Service = Callable[..., InferenceService]

ON_L4 = Limits(instance_types=("g6.xlarge",), purchase_options=("on_demand",))


def plan_of(catalog: Catalog, workload: AnyWorkload, *profiles: Profile) -> Plan:
    request = PlanRequest(workloads=(workload,), limits=ON_L4, profiles=profiles)
    return answer_request(request, catalog).require()


def benchmark_of(plan: Plan) -> Benchmark:
    benchmark = plan.launch_recipes()[0].benchmark
    assert benchmark is not None
    return benchmark


def run_of(benchmark: Benchmark, factor: float = 1.0) -> Profile:
    """The benchmark's run, some factor faster than the plan counts on."""
    rate = factor * benchmark.requests_per_second
    load = ServedLoad(
        concurrency=benchmark.concurrency,
        input_tokens=benchmark.input_tokens,
        output_tokens=benchmark.output_tokens,
        requests_per_second=rate,
        output_tokens_per_second=rate * benchmark.output_tokens,
        completed=1000,
        duration_seconds=1000 / rate,
    )
    return Profile.model_validate({**benchmark.deployment, "loads": (load,), "source": "a run"})


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.4])
def test_a_recipe_counts_on_the_rate_of_its_line_where_that_is_measured(
    factor: float, bundled: Catalog, service: Service
) -> None:
    """At the planned load a line does its rate x its use; whole requests are at most one fewer."""
    patient = service(max_ttft_ms=10_000, max_tpot_ms=300)
    counted = benchmark_of(plan_of(bundled, patient))
    plan = plan_of(bundled, patient, run_of(counted, factor))
    line, benchmark = plan.lines[0], benchmark_of(plan)
    assert line.rate_per_instance is not None
    planned = line.rate_per_instance * line.max_utilisation
    assert line.rate_origin == "measured"
    assert planned * (1 - 1 / benchmark.concurrency) <= benchmark.requests_per_second
    assert benchmark.requests_per_second <= planned * (1 + 1e-9)


def test_a_batch_counts_on_the_rate_of_its_line_where_that_is_measured(bundled: Catalog) -> None:
    size = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1)
    batch = BatchInference(
        model="meta-llama/Llama-3.1-8B",
        precision=("bf16",),
        requests=10_000,
        sizes=(size,),
        deadline_hours=24,
    )
    counted = benchmark_of(plan_of(bundled, batch))
    plan = plan_of(bundled, batch, run_of(counted, 0.5))
    line, benchmark = plan.lines[0], benchmark_of(plan)
    assert line.rate_origin == "measured"
    assert benchmark.requests_per_second == pytest.approx(line.rate_per_instance, rel=0.02)
    assert benchmark.requests_per_second == pytest.approx(counted.requests_per_second / 2, rel=0.1)


def test_a_run_that_does_what_a_recipe_counts_on_changes_nothing(
    bundled: Catalog, service: Service
) -> None:
    """Whole requests of whole tokens are rated, so measured over modelled is exactly 1."""
    plan = plan_of(bundled, service())
    found = replan(plan, run_of(benchmark_of(plan)))
    assert found.holds
    assert found.lines[0].rate_per_instance == pytest.approx(plan.lines[0].rate_per_instance)
    assert found.after.cost_total == pytest.approx(plan.cost_total)
    assert "instead of" not in str(found)


def test_no_more_requests_are_measured_than_memory_holds(
    bundled: Catalog, service: Service
) -> None:
    """The cache of an L4 holds 30.7 requests; without limits on time all of them run: 30."""
    unhurried = service(max_ttft_ms=None, max_tpot_ms=None, max_utilisation=1.0)
    plan = plan_of(bundled, unhurried)
    benchmark = benchmark_of(plan)
    assert benchmark.concurrency == plan.launch_recipes()[0].arguments["max_num_seqs"]
    assert plan_of(bundled, unhurried, run_of(benchmark)).lines[0].rate_origin == "measured"


def test_a_job_is_configured_as_its_measured_rate_was_worked_out(bundled: Catalog) -> None:
    """Everything is twice as fast there, so the split of the line stays the best one."""
    job = FineTuneJob(
        model="meta-llama/Llama-3.2-1B",
        method="full",
        precision="bf16",
        tokens=1e9,
        sequence_length=1024,
        deadline_hours=200,
    )
    limits = Limits(instance_types=("p5.48xlarge",), purchase_options=("on_demand",))
    plan = answer_request(PlanRequest(workloads=(job,), limits=limits), bundled).require()
    rate = plan.lines[0].rate_per_instance
    assert rate is not None
    profile = Profile(
        model=job.model,
        accelerator="H100-80GB",
        accelerators=8,
        instance_type="p5.48xlarge",
        precision="bf16",
        job=ObservedJob(
            kind="fine_tune", method="full", tokens_per_second=2 * rate, tokens_per_sample=1024.0
        ),
        source="trainer log",
    )
    request = PlanRequest(workloads=(job,), limits=limits, profiles=(profile,))
    measured = answer_request(request, bundled).require()
    assert measured.lines[0].rate_per_instance == pytest.approx(2 * rate)
    (recipe,) = measured.launch_recipes()
    assert recipe.config == plan.launch_recipes()[0].config
    split, micro_batch = measured.lines[0].layout.strategy.split(", micro-batch ")
    assert f"{split}, computing in bf16" in recipe.assumptions[0]
    assert recipe.config["per_device_train_batch_size"] == int(micro_batch)


def test_the_result_of_a_recipe_s_own_benchmark_is_read_and_planned_with(
    bundled: Catalog, service: Service, tmp_path: Path
) -> None:
    """The server is known by the repository, though its 4-bit weights come from a folder.

    The result names what ``--model`` names; the tokenizer is that of the folder.
    """
    quantised = service(precision=("int4_weight_only",))
    plan = plan_of(bundled, quantised)
    (recipe,) = plan.launch_recipes()
    benchmark = benchmark_of(plan)
    words = benchmark.command.words
    named = words[words.index("--model") + 1]
    assert recipe.arguments["served_model_name"] == named == "meta-llama/Llama-3.1-8B-Instruct"
    folder = recipe.commands[0].words[2]
    assert folder == "./Llama-3.1-8B-Instruct-int4_weight_only"
    assert words[words.index("--tokenizer") + 1] == folder
    requests, rate = 10 * benchmark.concurrency, benchmark.requests_per_second
    seconds = benchmark.concurrency / rate
    result = {
        "model_id": named,
        "duration": requests / rate,
        "completed": requests,
        "failed": 0,
        "total_input_tokens": requests * benchmark.input_tokens,
        "total_output_tokens": requests * benchmark.output_tokens,
        "request_throughput": rate,
        "output_throughput": benchmark.output_tokens_per_second,
        "total_token_throughput": rate * (benchmark.input_tokens + benchmark.output_tokens),
        "median_ttft_ms": 0.1 * seconds * 1000,
        "median_tpot_ms": 0.9 * seconds * 1000 / (benchmark.output_tokens - 1),
        "mean_e2el_ms": seconds * 1000,
    }
    path = tmp_path / words[words.index("--result-filename") + 1]
    path.write_text(json.dumps(result), encoding="utf-8")
    deployment: dict[str, Any] = {**benchmark.deployment}
    profile = Profile.read(path, **deployment)
    assert plan_of(bundled, quantised, profile).lines[0].rate_origin == "measured"
