"""Shared prompts and drafted tokens: counted work, seconds of a step, and rates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.dimensions import decoder_of
from costopt.performance.engine import EngineTimes
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.reasons import Reason
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.serving_state import serving_state
from costopt.performance.speculation import speculating
from costopt.performance.tiers import Tier
from costopt.performance.work import RequestSizes, serving_work
from costopt.precision import formats_named

BF16 = formats_named("bf16")
CHAT = RequestSizes(input_tokens=np.array([1000.0]), output_tokens=np.array([200.0]))
TOKEN_BYTES = 131_072.0
"""Cache of one token of Llama 3.1 8B in 16 bit: 2 x 8 x 128 x 32 x 2 B."""

HALF_SHARED = ServingSetup(prefix_fraction=0.5)
LOOKED_UP = ServingSetup(draft_tokens=3, acceptance_fraction=0.7)
DRAFTED = ServingSetup(draft_tokens=3, acceptance_fraction=0.7, draft_time_fraction=0.1)
PER_STEP = 1 + 0.7 + 0.7**2 + 0.7**3


def cell(value: float) -> np.ndarray:
    return np.array([[value]])


TIMES = EngineTimes(
    dense_seconds=cell(0.010),
    routed_seconds=cell(0.0),
    touched_share=cell(1.0),
    slope_seconds=cell(0.0),
    launch_seconds=cell(0.0),
    token_seconds=cell(0.0002),
    request_seconds=cell(0.0001),
    fixed_seconds=cell(0.002),
    prefill_seconds=cell(0.040),
    prefill_floor_seconds=cell(0.012),
    chunks=cell(0.5),
    output_tokens=cell(200.0),
    first_token_seconds=cell(0.070),
)
"""Weights 10 ms, 0.2 ms of operations and 0.1 ms of cache per request, 2 ms fixed."""


def rates_of(
    model: ModelSpec, accelerator: Accelerator, setup: ServingSetup, **limits: float
) -> ServingRates:
    hardware = Hardware.of([Placement(accelerator=accelerator)])
    return serving_rates(model, hardware, BF16, CHAT, LatencyLimits(**limits), 0.8, setup)


def test_expected_tokens_of_a_step_follow_the_acceptance() -> None:
    assert LOOKED_UP.tokens_per_step == pytest.approx(2.533)
    assert replace(LOOKED_UP, acceptance_fraction=1.0).tokens_per_step == 4.0
    assert replace(LOOKED_UP, acceptance_fraction=0.0).tokens_per_step == 1.0
    assert ServingSetup().tokens_per_step == 1.0


def test_draft_pays_while_weights_bind() -> None:
    times = speculating(TIMES, cell(0.0), LOOKED_UP)

    # four tokens of ten requests: 8 ms of operations hide behind 10 ms of weights
    assert times.step_seconds(cell(10.0))[0, 0] == pytest.approx(0.010 + 0.001 + 0.002)
    # 13 ms give 2.533 tokens, and nine prompts of 40 ms come between 200 of them
    expected = 0.013 / PER_STEP + 9 * 0.040 / 200
    assert times.tpot_seconds(cell(10.0))[0, 0] == pytest.approx(expected)


def test_draft_costs_once_operations_bind() -> None:
    times = speculating(TIMES, cell(0.0), replace(LOOKED_UP, acceptance_fraction=0.3))

    # 100 requests: 80 ms of operations, 10 ms of cache and 2 ms for 1.417 tokens; 32 ms without
    step = times.step_seconds(cell(100.0))[0, 0]
    assert step == pytest.approx(0.092)
    assert step / times.tokens_per_step > TIMES.step_seconds(cell(100.0))[0, 0]


def test_draft_model_runs_once_for_each_guess() -> None:
    times = speculating(TIMES, cell(0.0), DRAFTED)

    # three guesses, each a tenth of 10 + 2 ms and of 0.2 + 0.1 ms for each of ten requests
    drafting = 3 * 0.1 * (0.012 + 10 * 0.0003)
    assert times.step_seconds(cell(10.0))[0, 0] == pytest.approx(0.013 + drafting)
    assert times.prefill_seconds[0, 0] == pytest.approx(0.044)


def test_draft_launches_its_kernels_where_launching_binds() -> None:
    launching = replace(TIMES, launch_seconds=cell(0.025))

    times = speculating(launching, cell(0.0), DRAFTED)

    # 25 ms of launching hide 10 ms of weights; a guess takes a tenth of 25 + 2 + 0.3 ms
    assert launching.step_seconds(cell(1.0))[0, 0] == pytest.approx(0.0271)
    assert times.step_seconds(cell(1.0))[0, 0] == pytest.approx(0.0271 + 3 * 0.1 * 0.0273)


@pytest.mark.parametrize("tier", Tier)
def test_guess_costs_its_share_of_a_step_with_all_software(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator], tier: Tier
) -> None:
    plain = ServingSetup(tier=tier)
    drafted = replace(plain, draft_tokens=4, acceptance_fraction=0.0, draft_time_fraction=0.25)

    before, after = (
        rates_of(llama_8b, accelerators["H100-80GB"], setup).idle_tpot_ms[0, 0]
        for setup in (plain, drafted)
    )

    # no guess is accepted: a token takes a step and four quarters of one
    assert after == pytest.approx(2.0 * before, rel=0.01)
    assert after >= 2.0 * before


def test_verified_tokens_are_all_sent_through_the_link() -> None:
    times = speculating(TIMES, cell(0.00002), LOOKED_UP)

    assert times.request_seconds[0, 0] == pytest.approx(0.0001 + 3 * 0.00002)


def test_verified_tokens_visit_more_experts() -> None:
    experts = replace(TIMES, routed_seconds=cell(0.020), touched_share=cell(0.25))

    times = speculating(experts, cell(0.0), replace(LOOKED_UP, draft_tokens=1))

    # two tokens of one request visit 1 - 0.75^2 = 7/16
    step = times.step_seconds(cell(1.0))[0, 0]
    assert step == pytest.approx(0.010 + 7 / 16 * 0.020 + 0.0001 + 0.002)


def test_no_draft_changes_nothing() -> None:
    assert speculating(TIMES, cell(1.0), HALF_SHARED) is TIMES


def test_shared_part_of_a_prompt_is_not_computed_again(llama_8b: ModelSpec) -> None:
    decoder = decoder_of(llama_8b)
    one = np.array([1.0])

    plain = serving_work(decoder, BF16, one, CHAT)
    shared = serving_work(decoder, BF16, one, CHAT, HALF_SHARED)

    assert shared.prefill_flops == pytest.approx(plain.prefill_flops * 0.5)
    # 500 tokens attend to 500 found ones and to half of their own: 1 - 0.5^2
    assert shared.attention_flops == pytest.approx(plain.attention_flops * 0.75)
    assert shared.read_tokens[0, 0] == 500.0
    assert shared.cache_bytes == pytest.approx(plain.cache_bytes)


def test_shared_part_of_a_prompt_is_held_once(llama_8b: ModelSpec) -> None:
    sizes = RequestSizes(
        input_tokens=np.array([200.0, 1000.0]), output_tokens=np.array([100.0, 200.0])
    )

    work = serving_work(decoder_of(llama_8b), BF16, np.array([1.0]), sizes, HALF_SHARED)

    # 500 tokens of the longest prompt, whatever the size of the request
    assert work.shared_cache_bytes[0, 0] == 500 * TOKEN_BYTES
    # own part, half of the answer, half a block: 100 + 50 + 8 and 500 + 100 + 8
    assert work.held_cache_bytes[0] == pytest.approx(np.array([158.0, 608.0]) * TOKEN_BYTES)
    assert work.needed_cache_bytes[0, 1] == pytest.approx((500 + 500 + 200 + 8) * TOKEN_BYTES)


def test_draft_model_takes_its_share_of_weights_and_cache(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    plain, drafted = (
        rates_of(llama_8b, accelerators["A100-80GB"], setup) for setup in (ServingSetup(), DRAFTED)
    )

    assert drafted.vram.weights_gib == pytest.approx(plain.vram.weights_gib * 1.1)
    # a tenth of the weights less, and each token a tenth larger
    free = plain.vram.kv_cache_gib - 0.1 * plain.vram.weights_gib
    assert drafted.kv_tokens / plain.kv_tokens == pytest.approx(
        free / plain.vram.kv_cache_gib / 1.1
    )


@pytest.mark.parametrize("limits", [{}, {"max_ttft_ms": 1000.0, "max_tpot_ms": 100.0}])
def test_more_sharing_never_serves_fewer_requests(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator], limits: dict[str, float]
) -> None:
    served = [
        rates_of(llama_8b, accelerators["L4"], ServingSetup(prefix_fraction=part), **limits)
        for part in (0.0, 0.3, 0.6, 0.9)
    ]

    rates = [one.requests_per_second[0, 0] for one in served]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1]


def test_drafts_that_are_accepted_more_often_never_serve_fewer_requests(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    limits = {"max_ttft_ms": 1000.0, "max_tpot_ms": 40.0}

    plain, *drafted = (
        rates_of(llama_8b, accelerators["L40S"], setup, **limits).requests_per_second[0, 0]
        for setup in (
            ServingSetup(),
            *(replace(LOOKED_UP, acceptance_fraction=part) for part in (0.0, 0.3, 0.6, 0.9)),
        )
    )

    assert drafted == sorted(drafted)
    # guesses that are never accepted hide behind the reading of the weights, and gain nothing
    assert drafted[0] == pytest.approx(plain)
    assert drafted[-1] > 1.5 * plain


@pytest.mark.parametrize("setup", [HALF_SHARED, LOOKED_UP, DRAFTED])
def test_state_at_the_planned_rate_meets_what_the_rates_say(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator], setup: ServingSetup
) -> None:
    rates = rates_of(llama_8b, accelerators["L40S"], setup, max_ttft_ms=1000.0, max_tpot_ms=40.0)
    hardware = Hardware.of([Placement(accelerator=accelerators["L40S"])])
    arrivals = 0.8 * rates.requests_per_second

    state = serving_state(llama_8b, hardware, BF16, CHAT, arrivals, setup)

    assert rates.reason[0, 0] == Reason.NONE
    assert state.feasible[0]
    assert state.running_requests[0] == pytest.approx(rates.running_requests[0, 0], rel=1e-6)
    assert state.tpot_quantile_ms(0.95)[0] == pytest.approx(rates.tpot_ms[0, 0], rel=1e-6)
    assert state.ttft_quantile_ms(0.95)[0] == pytest.approx(rates.ttft_ms[0, 0], rel=1e-6)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"prefix_fraction": 1.0}, "prefix_fraction is 1.0"),
        ({"prefix_fraction": float("nan")}, "prefix_fraction is nan"),
        ({"draft_time_fraction": -0.1}, "draft_time_fraction is -0.1"),
        ({"acceptance_fraction": 1.2}, "acceptance_fraction is 1.2"),
        ({"draft_tokens": -1}, "draft_tokens is -1"),
    ],
)
def test_figures_outside_their_range_are_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        ServingSetup(**fields)
