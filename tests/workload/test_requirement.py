"""Requirement: plain hardware, or a demand at rates that were measured."""

from typing import Any

import pytest

from costopt.accelerator import COMPUTE_FORMATS
from costopt.errors import InvalidInputError
from costopt.workload.requirement import Requirement


def test_defaults_ask_for_one_node_of_anything() -> None:
    requirement = Requirement()
    assert (requirement.kind, requirement.nodes, requirement.max_utilisation) == (
        "requirement", 1, 1,
    )  # fmt: skip
    assert requirement.tflops_format == "bf16"


def test_share_of_an_accelerator_may_be_asked_for() -> None:
    assert Requirement(accelerators_per_node=0.5).accelerators_per_node == 0.5


def test_demand_comes_with_the_rates_that_were_measured() -> None:
    rates = {"g5.xlarge": 4.0, "g6.xlarge": 6.0}
    requirement = Requirement(
        demand_per_second=10, throughput_per_second=rates,
        latency_ms={"g5.xlarge": 90}, max_latency_ms=100,
    )  # fmt: skip
    assert requirement.throughput_per_second == rates
    assert requirement.latency_ms == {"g5.xlarge": 90}


@pytest.mark.parametrize("name", COMPUTE_FORMATS)
def test_rate_may_be_asked_for_in_every_compute_format(name: str) -> None:
    assert Requirement(tflops_total=100, tflops_format=name).tflops_format == name


BOTH = "demand_per_second and throughput_per_second belong together"
RATES: dict[str, Any] = {"demand_per_second": 5, "throughput_per_second": {"g5.xlarge": 4}}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"demand_per_second": 5}, BOTH),
        ({"throughput_per_second": {"g5.xlarge": 4}}, BOTH),
        ({**RATES, "nodes": 2}, "nodes follows from demand_per_second: leave one of them out"),
        ({"max_latency_ms": 5}, "latency_ms and max_latency_ms belong together"),
        ({"latency_ms": {"a": 5}}, "latency_ms and max_latency_ms belong together"),
        ({**RATES, "throughput_per_second": {}}, "throughput_per_second: must not be empty"),
        ({"latency_ms": {}, "max_latency_ms": 5}, "latency_ms: must not be empty"),
        (
            {**RATES, "throughput_per_second": {"g5.xlarge": 0}},
            "throughput_per_second.g5.xlarge = 0: must be above 0",
        ),
        ({"accelerator_types": []}, "accelerator_types: must not be empty"),
        ({"intra_node_interconnect": ""}, "intra_node_interconnect[0] = '': must not be empty"),
        ({"nodes": 0}, "nodes = 0: must be above 0"),
        ({"nodes": 10**20}, "nodes = 100000000000000000000: must be at most 1e+15"),
        ({"nodes": 1.5}, "nodes = 1.5: must be a whole number"),
        ({"vram_gib_total": -1}, "vram_gib_total = -1: must be above 0"),
        ({"max_utilisation": 1.5}, "max_utilisation = 1.5: must be at most 1"),
        (
            {"tflops_format": "bf17"},
            "tflops_format: Unknown compute format 'bf17'. Did you mean bf16?",
        ),
        ({"vram_gib": 80}, "unknown field 'vram_gib'; did you mean vram_gib_total"),
    ],
)
def test_wrong_requirement_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Requirement(**fields)
    assert str(caught.value).startswith(f"Requirement: {sentence}")
    assert len(caught.value.problems) == 1
