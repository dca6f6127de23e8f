"""What one instance does of all answers to one prompt size, in their own mix."""

from dataclasses import replace

import numpy as np
import pytest

from costopt.candidate.buckets import Buckets
from costopt.candidate.find import candidates_of
from costopt.candidate.misses import Miss
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement


@pytest.fixture
def two_prompts(bundled: Catalog) -> ServiceCandidates:
    """One layout and three buckets: the first and the last have prompts of one size."""
    wanted = Requirement(demand_per_second=1, throughput_per_second={"g6.xlarge": 1})
    catalog = bundled.filter(instance_types=["g6.xlarge"], regions=["us-east-1"])
    found = candidates_of(wanted, PlanRequest(workloads=(wanted,)), catalog)
    assert isinstance(found, ServiceCandidates)
    buckets = Buckets(
        demand=np.array([6.0, 5.0, 2.0]),
        prompts=np.array([0, 1, 0]),
        may_be_late=np.zeros(3, dtype=np.bool_),
        misses=(Miss(),) * 3,
    )
    return replace(found, buckets=buckets)


def rated(candidates: ServiceCandidates, rates: list[float]) -> list[float]:
    layout_rates = replace(candidates.layout_rates, rates=np.array([rates]))
    return replace(candidates, layout_rates=layout_rates).prompt_rates[0].tolist()


def test_answers_of_one_prompt_size_are_rated_as_they_come_together(
    two_prompts: ServiceCandidates,
) -> None:
    assert two_prompts.buckets.prompt_demand.tolist() == [8.0, 5.0]
    # 6/s at 12/s and 2/s at 4/s take 0.5 + 0.5 instances: one instance does 8/s of them.
    assert rated(two_prompts, [12.0, 10.0, 4.0]) == pytest.approx([8.0, 10.0])


def test_a_prompt_size_is_served_only_with_all_its_answers(
    two_prompts: ServiceCandidates,
) -> None:
    assert rated(two_prompts, [12.0, 10.0, 0.0]) == pytest.approx([0.0, 10.0])


def test_answers_that_nobody_asks_for_do_not_count(two_prompts: ServiceCandidates) -> None:
    asked = replace(two_prompts.buckets, demand=np.array([6.0, 5.0, 0.0]))
    fewer = replace(two_prompts, buckets=asked)
    assert rated(fewer, [12.0, 10.0, 0.0]) == pytest.approx([12.0, 10.0])
