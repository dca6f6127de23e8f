"""Small plans of every kind, and ways to change what is written in them."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import Evaluation, evaluate_plan, request_hash
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

TYPES = ("g4dn.xlarge", "g5.xlarge", "g6.xlarge", "g6e.xlarge", "g5.12xlarge")
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SHORT = RequestSize(input_tokens=500, output_tokens=100, share_fraction=0.6)
LONG = RequestSize(input_tokens=1500, output_tokens=300, share_fraction=0.4)

WORKLOADS: dict[str, AnyWorkload] = {
    "service": InferenceService(
        model=LLAMA,
        precision=("bf16",),
        traffic=Traffic.from_sizes([SHORT, LONG], requests_per_second=5),
        max_ttft_ms=1500,
        max_tpot_ms=60,
    ),
    "samples": InferenceService(
        model="google-bert/bert-base-uncased",
        precision=("fp16",),
        samples_per_second=4000,
        tokens_per_sample=128,
        max_latency_ms=50,
    ),
    "batch": BatchInference(
        model=LLAMA, precision=("bf16",), sizes=(SHORT, LONG), requests=400_000, deadline_hours=6
    ),
    "fine_tune": FineTuneJob(
        model=LLAMA, method="qlora", tokens=2e7, sequence_length=1024, deadline_hours=6
    ),
    "demand": Requirement(
        demand_per_second=100,
        throughput_per_second={"g4dn.xlarge": 7, "g5.xlarge": 13, "g6.xlarge": 11},
    ),
    "nodes": Requirement(nodes=3, vram_gib_per_accelerator=20),
}
HALF_ON_SPOT = Limits(max_spot_fraction=0.5)

Changes = Sequence[tuple[tuple[str | int, ...], Any]]
"""Places in the JSON text of a plan, and what is written there instead."""


def set_at(document: Any, path: Sequence[str | int], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def leaves_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every single figure or text of a document, with its place."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in inner:
            yield from leaves_of(below, (*path, key))
    else:
        yield path, value


@pytest.fixture(scope="session")
def few(bundled: Catalog) -> Catalog:
    """Five types of one region, with every way to pay for them."""
    return bundled.filter(providers=["aws"], regions=["us-east-1"], instance_types=TYPES)


@pytest.fixture(scope="session")
def plan_of(few: Catalog) -> Callable[[str], Plan]:
    """Plan one of the small workloads once, half on spot; equal nodes all on spot."""

    @cache
    def plan(name: str) -> Plan:
        limits = None if name == "nodes" else HALF_ON_SPOT
        return optimize(WORKLOADS[name], few, limits=limits).require()

    return plan


@pytest.fixture(scope="session")
def leaves() -> Callable[[Plan], list[tuple[Any, ...]]]:
    return lambda plan: list(leaves_of(json.loads(plan.to_json())))


@pytest.fixture(scope="session")
def change() -> Callable[[Plan, Changes], Plan]:
    """Write other values into a plan, and leave everything else as it was."""

    def changed(plan: Plan, changes: Changes) -> Plan:
        document = json.loads(plan.to_json())
        for path, value in changes:
            set_at(document, path, value)
        return Plan.from_json(json.dumps(document))

    return changed


@pytest.fixture(scope="session")
def asked_otherwise(few: Catalog) -> Callable[..., Evaluation]:
    """Hold the lines of a plan against another question, whose hash is the right one."""

    def evaluation(plan: Plan, **changes: Any) -> Evaluation:
        request = PlanRequest.model_validate(plan.request.model_copy(update=changes).model_dump())
        other = plan.model_copy(update={"request": request, "request_hash": request_hash(request)})
        return evaluate_plan(Plan.from_json(other.to_json()), few)

    return evaluation
