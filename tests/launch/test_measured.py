"""Recipes beside profiles: what they count on once it is measured, and their own run read back."""

import json
from collections.abc import Callable
from pathlib import Path

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


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_recipe_counts_on_the_rate_of_its_line_where_that_is_measured(
    factor: float, bundled: Catalog, service: Service
) -> None:
    """At the planned load a line does its rate x its use; whole requests are at most one fewer."""
    counted = benchmark_of(plan_of(bundled, service()))
    plan = plan_of(bundled, service(), run_of(counted, factor))
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
    job = FineTuneJob(
        model="meta-llama/Llama-3.2-1B",
        method="full",
        precision="bf16",
        tokens=1e9,
        sequence_length=1024,
        deadline_hours=200,
        limits=Limits(instance_types=("p5.48xlarge",)),
    )
    request = PlanRequest(workloads=(job,))
    plan = answer_request(request, bundled).require()
    rate = plan.lines[0].rate_per_instance
    print(plan.lines[0].rate_per_instance, plan.lines, plan.launch_recipes()[0])
    assert rate is not None
