from collections.abc import Mapping

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.serving import serving_rates
from costopt.performance.serving_state import ServingState, serving_state
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named

CHAT = RequestSizes(
    input_tokens=np.array([200.0, 1000.0, 4000.0]), output_tokens=np.array([100.0, 200.0, 400.0])
)
ONE_SIZE = RequestSizes(input_tokens=np.array([1000.0]), output_tokens=np.array([200.0]))
BF16 = formats_named("bf16")


@pytest.fixture
def h100(accelerators: Mapping[str, Accelerator]) -> Hardware:
    return Hardware.of([Placement(accelerator=accelerators["H100-80GB"])])


def state_of(
    model: ModelSpec, hardware: Hardware, requests: RequestSizes, *arrivals: float
) -> ServingState:
    return serving_state(model, hardware, BF16, requests, np.array([arrivals]))


def test_one_size_at_its_planned_rate_meets_what_the_rates_say(
    llama_8b: ModelSpec, h100: Hardware
) -> None:
    limits = LatencyLimits(max_ttft_ms=500.0, max_tpot_ms=30.0)
    rates = serving_rates(llama_8b, h100, BF16, ONE_SIZE, limits, max_utilisation=0.8)

    state = state_of(llama_8b, h100, ONE_SIZE, 0.8 * rates.requests_per_second[0, 0])

    assert state.feasible[0]
    assert state.running_requests[0] == pytest.approx(rates.running_requests[0, 0], rel=1e-3)
    assert state.tpot_quantile_ms(0.95)[0] == pytest.approx(rates.tpot_ms[0, 0], rel=1e-3)
    assert state.ttft_quantile_ms(0.95)[0] == pytest.approx(rates.ttft_ms[0, 0], rel=1e-3)


def test_running_requests_follow_littles_law(llama_8b: ModelSpec, h100: Hardware) -> None:
    state = state_of(llama_8b, h100, ONE_SIZE, 5.0)

    # time in the engine: 200 tokens at the mean interval, own prompt among them
    prompt_seconds = state.prefill_utilisation[0] / 5.0
    interval = state.tpot_ms[0] / 1000.0 + prompt_seconds / 200.0
    assert state.running_requests[0] == pytest.approx(5.0 * 200.0 * interval, rel=1e-3)


def test_tail_and_quantile_agree(llama_8b: ModelSpec, h100: Hardware) -> None:
    state = state_of(llama_8b, h100, ONE_SIZE, 8.0)

    late = state.ttft_exceeds(float(state.ttft_quantile_ms(0.9)[0]))

    assert late[0, 0] == pytest.approx(0.1, rel=1e-3)


def test_quantile_over_the_mix_weighs_sizes_by_their_arrivals(
    llama_8b: ModelSpec, h100: Hardware
) -> None:
    state = state_of(llama_8b, h100, CHAT, 6.0, 3.0, 1.0)

    late = state.ttft_exceeds(float(state.ttft_quantile_ms(0.95)[0]))

    assert np.sum(np.array([0.6, 0.3, 0.1]) * late[0]) == pytest.approx(0.05, rel=1e-3)


def test_long_prompts_wait_longer_for_their_first_token(
    llama_8b: ModelSpec, h100: Hardware
) -> None:
    late = state_of(llama_8b, h100, CHAT, 6.0, 3.0, 1.0).ttft_exceeds(200.0)[0]

    assert late[0] < late[2]


def test_more_arrivals_than_can_pass_are_not_feasible(llama_8b: ModelSpec, h100: Hardware) -> None:
    state = state_of(llama_8b, h100, ONE_SIZE, 1000.0)

    assert not state.feasible[0]
    assert state.ttft_quantile_ms(0.95)[0] == np.inf
    assert state.ttft_exceeds(10_000.0)[0, 0] == 1.0


def test_idle_replica_is_feasible_and_empty(llama_8b: ModelSpec, h100: Hardware) -> None:
    state = state_of(llama_8b, h100, CHAT, 0.0, 0.0, 0.0)

    assert state.feasible[0]
    assert state.running_requests[0] == 0.0
    assert state.busy_fraction[0] == 0.0
    assert state.kv_used_fraction[0] == 0.0


def test_size_that_does_not_fit_only_matters_where_it_arrives(
    models: Mapping[str, ModelSpec], h100: Hardware
) -> None:
    short_context = models["meta-llama/Llama-2-7b-hf"]
    sizes = RequestSizes(
        input_tokens=np.array([500.0, 5000.0]), output_tokens=np.array([100.0, 100.0])
    )

    without = state_of(short_context, h100, sizes, 1.0, 0.0)
    with_it = state_of(short_context, h100, sizes, 1.0, 0.1)

    assert without.feasible[0]
    assert not with_it.feasible[0]


def test_model_that_does_not_fit_is_not_feasible(llama_70b: ModelSpec, h100: Hardware) -> None:
    state = state_of(llama_70b, h100, ONE_SIZE, 0.1)

    assert not state.feasible[0]
    assert state.kv_used_fraction[0] == 0.0


def test_cache_in_use_grows_with_the_arrivals(llama_8b: ModelSpec, h100: Hardware) -> None:
    few, many = (
        state_of(llama_8b, h100, ONE_SIZE, rate).kv_used_fraction[0] for rate in (1.0, 10.0)
    )

    assert 0.0 < few < many < 1.0


@pytest.mark.parametrize("arrivals", [[[-1.0]], [[np.nan]], [[1.0, 2.0]]])
def test_arrivals_that_are_no_rates_are_refused(
    llama_8b: ModelSpec, h100: Hardware, arrivals: list[list[float]]
) -> None:
    with pytest.raises(InvalidInputError, match="arrivals"):
        serving_state(llama_8b, h100, BF16, ONE_SIZE, np.array(arrivals))
