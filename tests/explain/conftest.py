"""One request of each kind, planned and explained once."""

from collections.abc import Callable
from functools import cache

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.why import Explanation
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic
from costopt.workload.training import FineTuneJob, TrainingJob

CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=20),
    max_ttft_ms=1000,
    max_tpot_ms=50,
)
CLASSIFY = InferenceService(
    model="google-bert/bert-base-uncased",
    precision=("fp16",),
    samples_per_second=2000,
    tokens_per_sample=128,
    max_latency_ms=50,
)
SUMMARIES = BatchInference(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    requests=200_000,
    trace="arxiv-summarization",
    deadline_hours=10,
)
ADAPTERS = FineTuneJob(
    model="meta-llama/Llama-3.1-8B",
    method="lora",
    samples=10_000,
    tokens_per_sample=1_024,
    deadline_hours=24,
)
PRETRAINING = TrainingJob(
    model="TinyLlama/TinyLlama-1.1B", tokens=1e9, sequence_length=2_048, deadline_hours=48
)
NODE = Requirement(accelerators_per_node=8, accelerator_types=("A100-40GB",))
MEASURED = Requirement(
    demand_per_second=100,
    throughput_per_second={"g6.xlarge": 7.0, "g5.xlarge": 9.0, "g2-standard-4": 8.0},
)

REQUESTS = {
    "chat": PlanRequest(workloads=(CHAT,)),
    "classify": PlanRequest(workloads=(CLASSIFY,)),
    "summaries": PlanRequest(workloads=(SUMMARIES,)),
    "adapters": PlanRequest(workloads=(ADAPTERS,)),
    "pretraining": PlanRequest(workloads=(PRETRAINING,)),
    "node": PlanRequest(workloads=(NODE,)),
    "measured": PlanRequest(workloads=(MEASURED,)),
    "several": PlanRequest(workloads=(CLASSIFY, NODE, SUMMARIES)),
}
"""One request of each kind."""

PlanOf = Callable[[str], Plan]
ReasonsOf = Callable[[str], Explanation]


@pytest.fixture(scope="session")
def states(bundled: Catalog) -> Catalog:
    """What AWS and Google Cloud rent by the hour in the United States: small, so fast."""
    return bundled.filter(
        providers=["aws", "gcp"], regions=["us-*"], purchase_options=["on_demand", "spot"]
    )


@pytest.fixture(scope="session")
def planned(states: Catalog) -> PlanOf:
    @cache
    def plan(name: str) -> Plan:
        return answer_request(REQUESTS[name], states)

    return plan


@pytest.fixture(scope="session")
def explained(planned: PlanOf) -> ReasonsOf:
    @cache
    def explanation(name: str) -> Explanation:
        return planned(name).explain()

    return explanation
