"""What load does to latency: prompts between tokens, waiting at the percentile, full memory."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.serving_state import ServingState, serving_state
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named

FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BF16 = formats_named("bf16")
PROMPTS = st.floats(50.0, 4000.0)
ANSWERS = st.floats(20.0, 800.0)
LOADS = st.floats(0.05, 0.95)
SETUPS = st.sampled_from(
    [
        ServingSetup(),
        ServingSetup(prefix_fraction=0.6),
        ServingSetup(draft_tokens=4, acceptance_fraction=0.6, draft_time_fraction=0.05),
    ]
)


def one_size(prompt: float, answer: float) -> RequestSizes:
    return RequestSizes(input_tokens=np.array([prompt]), output_tokens=np.array([answer]))


def full_rate(
    model: ModelSpec, chip: Accelerator, sizes: RequestSizes, setup: ServingSetup
) -> float:
    """Requests per second while all places are taken."""
    idle = state_at(model, chip, sizes, 0.0, setup)
    return float(idle.times.rate(idle.admitted_requests[:, None])[0, 0])


def state_at(
    model: ModelSpec,
    chip: Accelerator,
    sizes: RequestSizes,
    rate: float,
    setup: ServingSetup | None = None,
) -> ServingState:
    hardware = Hardware.of([Placement(accelerator=chip)])
    return serving_state(model, hardware, BF16, sizes, np.array([[rate]]), setup or ServingSetup())


@FEW
@given(prompt=PROMPTS, answer=ANSWERS, load=LOADS, factor=st.floats(1.05, 3.0))
def test_longer_prompts_between_the_steps_slow_the_tokens_of_everyone(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    prompt: float,
    answer: float,
    load: float,
    factor: float,
) -> None:
    chip = accelerators["A100-80GB"]
    longer = one_size(prompt * factor, answer)
    rate = load * full_rate(llama_8b, chip, longer, ServingSetup())

    few, many = (
        state_at(llama_8b, chip, sizes, rate) for sizes in (one_size(prompt, answer), longer)
    )

    assume(many.feasible[0])
    assert many.prefill_utilisation[0] > few.prefill_utilisation[0]
    assert many.tpot_ms[0] > few.tpot_ms[0] * (1 - 1e-9)
    assert many.ttft_quantile_ms(0.95)[0] > few.ttft_quantile_ms(0.95)[0]


@FEW
@given(
    prompt=PROMPTS,
    answer=ANSWERS,
    loads=st.tuples(LOADS, LOADS).map(sorted),
    shares=st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 0.99)).map(sorted),
    setup=SETUPS,
)
def test_waiting_grows_with_the_load_and_with_the_percentile(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    prompt: float,
    answer: float,
    loads: list[float],
    shares: list[float],
    setup: ServingSetup,
) -> None:
    chip, sizes = accelerators["L40S"], one_size(prompt, answer)
    rate = full_rate(llama_8b, chip, sizes, setup)

    idle, light, heavy = (
        state_at(llama_8b, chip, sizes, load * rate, setup) for load in (1e-6, *loads)
    )

    assume(heavy.feasible[0])
    for share in shares:
        waits = [float(one.ttft_quantile_ms(share)[0]) for one in (idle, light, heavy)]
        assert waits[0] <= waits[1] * (1 + 1e-6)
        assert waits[1] <= waits[2] * (1 + 1e-6)
    low, high = (float(heavy.ttft_quantile_ms(share)[0]) for share in shares)
    assert low <= high * (1 + 1e-6)


@FEW
@given(prompt=PROMPTS, answer=ANSWERS, load=st.floats(0.9, 0.999), setup=SETUPS)
def test_what_memory_does_not_admit_waits_and_slows_nobody(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    prompt: float,
    answer: float,
    load: float,
    setup: ServingSetup,
) -> None:
    # the same accelerator with hardly more memory than the weights of 15 GiB take
    small = replace(accelerators["A100-80GB"], usable_gib=25.0)
    sizes = one_size(prompt, answer)
    rate = full_rate(llama_8b, small, sizes, setup)

    near, nearer = (
        state_at(llama_8b, small, sizes, rate * part, setup) for part in (load, 0.9999)
    )
    above = state_at(llama_8b, small, sizes, rate * 1.001, setup)
    roomy = state_at(llama_8b, accelerators["A100-80GB"], sizes, rate * load, setup)

    assume(nearer.feasible[0])
    places = near.admitted_requests[0]
    at_places = near.times.tpot_seconds(np.array([[places]]))[0, 0] * 1000.0
    for state in (near, nearer):
        assert state.running_requests[0] <= places * (1 + 1e-9)
        assert state.tpot_quantile_ms(0.99)[0] <= at_places * (1 + 1e-9)
    assert nearer.ttft_quantile_ms(0.95)[0] > near.ttft_quantile_ms(0.95)[0]
    assert not above.feasible[0]
    assert above.tpot_quantile_ms(0.99)[0] <= at_places * (1 + 1e-9)
    # more memory at the same load: as fast a token, and nobody waits for a place
    assert roomy.tpot_ms[0] == pytest.approx(near.tpot_ms[0])
    assert roomy.ttft_quantile_ms(0.95)[0] <= near.ttft_quantile_ms(0.95)[0] * (1 + 1e-6)
