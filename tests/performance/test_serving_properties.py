"""What must hold whatever the sizes: monotony, and that rates of single sizes combine."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.reasons import Reason
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.serving_state import serving_state
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PROMPTS = st.floats(20.0, 6000.0)
ANSWERS = st.floats(1.0, 1000.0)
SIZES = st.lists(st.tuples(PROMPTS, ANSWERS), min_size=2, max_size=6)
MODELS = st.sampled_from(
    ["meta-llama/Llama-3.1-8B", "mistralai/Mixtral-8x7B-v0.1", "google/gemma-3-12b-it"]
)


def requests_of(sizes: list[tuple[float, float]]) -> RequestSizes:
    columns = np.array(sizes).T
    return RequestSizes(input_tokens=columns[0], output_tokens=columns[1])


def rates_on(
    model: ModelSpec,
    accelerator: Accelerator,
    sizes: list[tuple[float, float]],
    max_ttft_ms: float | None = 2000.0,
    max_tpot_ms: float | None = 60.0,
) -> ServingRates:
    hardware = Hardware.of(
        [Placement(accelerator=accelerator, accelerators=2, interconnect="nvswitch")]
    )
    limits = LatencyLimits(max_ttft_ms=max_ttft_ms, max_tpot_ms=max_tpot_ms)
    return serving_rates(
        model, hardware, formats_named("bf16"), requests_of(sizes), limits, max_utilisation=0.8
    )


@FEW
@given(name=MODELS, sizes=SIZES, shares=st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
def test_rates_of_single_sizes_combine_for_tokens_and_memory(
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
    name: str,
    sizes: list[tuple[float, float]],
    shares: list[float],
) -> None:
    model = models[name]
    rates = rates_on(model, accelerators["H100-80GB"], sizes, max_ttft_ms=None)
    weights = np.array(shares[: len(sizes)]) * (rates.reason[0] == Reason.NONE)
    if not weights.sum() > 0.0:
        return
    mix = weights / weights.sum()
    # sum of arrivals over rates is 1: the replica is exactly full
    arrivals = (mix * rates.requests_per_second[0])[None, :]
    hardware = Hardware.of(
        [Placement(accelerator=accelerators["H100-80GB"], accelerators=2, interconnect="nvswitch")]
    )

    state = serving_state(
        model, hardware, formats_named("bf16"), requests_of(sizes), arrivals * (1.0 - 1e-4)
    )

    assert state.tpot_ms[0] <= 60.0 * (1.0 + 1e-6)
    assert state.kv_used_fraction[0] <= 1.0 + 1e-6
    assert state.running_requests[0] <= 256.0 + 1e-3


@FEW
@given(sizes=SIZES, factor=st.floats(1.0, 3.0))
def test_more_bandwidth_never_serves_fewer_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
    factor: float,
) -> None:
    slow = accelerators["A100-40GB"]
    fast = replace(slow, bandwidth_gb_per_second=1555.0 * factor)

    before, after = (rates_on(llama_8b, chip, sizes) for chip in (slow, fast))

    assert np.all(after.requests_per_second >= before.requests_per_second * (1 - 1e-5))


@FEW
@given(sizes=SIZES, factor=st.floats(1.0, 3.0))
def test_more_memory_never_serves_fewer_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
    factor: float,
) -> None:
    small = accelerators["A10G"]
    large = replace(small, usable_gib=22.5 * factor)

    before, after = (rates_on(llama_8b, chip, sizes) for chip in (small, large))

    assert np.all(after.requests_per_second >= before.requests_per_second * (1 - 1e-5))
    assert np.all(after.admitted_requests >= before.admitted_requests)


@FEW
@given(sizes=SIZES, share=st.floats(0.3, 1.0), which=st.sampled_from(["ttft", "tpot"]))
def test_tighter_limits_never_serve_more_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
    share: float,
    which: str,
) -> None:
    chip = accelerators["A100-80GB"]
    loose = rates_on(llama_8b, chip, sizes)
    tight = rates_on(
        llama_8b,
        chip,
        sizes,
        max_ttft_ms=2000.0 * (share if which == "ttft" else 1.0),
        max_tpot_ms=60.0 * (share if which == "tpot" else 1.0),
    )

    assert np.all(tight.requests_per_second <= loose.requests_per_second * (1 + 1e-5))


@FEW
@given(sizes=SIZES)
def test_dropping_a_limit_never_serves_fewer_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
) -> None:
    chip = accelerators["A100-80GB"]

    both = rates_on(llama_8b, chip, sizes)
    tokens_only = rates_on(llama_8b, chip, sizes, max_ttft_ms=None)

    assert np.all(tokens_only.requests_per_second >= both.requests_per_second * (1 - 1e-5))


def test_longer_answers_are_served_less_often(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    sizes = [(500.0, answer) for answer in (50.0, 100.0, 200.0, 400.0)]

    served = rates_on(llama_8b, accelerators["H100-80GB"], sizes).requests_per_second[0]

    assert np.all(np.diff(served) < 0.0)
    assert served[0] == pytest.approx(served[1] * 2, rel=0.5)
