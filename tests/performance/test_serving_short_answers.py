"""Short answers: prompts that are read bind, not tokens, and no knob that helps may hurt."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.tiers import Tier
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIZE = st.tuples(st.floats(20.0, 6000.0), st.floats(1.0, 30.0))
SIZES = st.lists(SIZE, min_size=1, max_size=6)
TIERS = st.sampled_from([Tier.ENGINE, Tier.VENDOR_TUNED, Tier.FRAMEWORK])
MODELS = st.sampled_from(
    ["meta-llama/Llama-3.1-8B", "mistralai/Mixtral-8x7B-v0.1", "google/gemma-3-12b-it"]
)
TPOT_LIMITS = st.sampled_from([20.0, 60.0, 1000.0, None])


def rates_on(
    model: ModelSpec,
    accelerator: Accelerator,
    sizes: list[tuple[float, float]],
    setup: ServingSetup,
    max_tpot_ms: float | None,
    max_utilisation: float = 0.8,
) -> ServingRates:
    """On two accelerators, the first token within two seconds."""
    hardware = Hardware.of(
        [Placement(accelerator=accelerator, accelerators=2, interconnect="nvswitch")]
    )
    columns = np.array(sizes).T
    requests = RequestSizes(input_tokens=columns[0], output_tokens=columns[1])
    limits = LatencyLimits(max_ttft_ms=2000.0, max_tpot_ms=max_tpot_ms)
    return serving_rates(
        model, hardware, formats_named("bf16"), requests, limits, max_utilisation, setup
    )


@FEW
@given(name=MODELS, sizes=SIZES, tier=TIERS, utilisation=st.floats(0.3, 1.0))
def test_limit_that_does_not_bind_changes_nothing(
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
    name: str,
    sizes: list[tuple[float, float]],
    tier: Tier,
    utilisation: float,
) -> None:
    """An hour for each token, where prompts that cannot be read faster bind instead."""
    none, loose = (
        rates_on(
            models[name],
            accelerators["H100-80GB"],
            sizes,
            max_tpot_ms=limit,
            setup=ServingSetup(tier=tier),
            max_utilisation=utilisation,
        )
        for limit in (None, 3.6e6)
    )

    np.testing.assert_array_equal(loose.requests_per_second, none.requests_per_second)
    np.testing.assert_array_equal(loose.running_requests, none.running_requests)
    np.testing.assert_array_equal(loose.ttft_ms, none.ttft_ms)


def test_prompts_that_bind_leave_no_margin_for_tokens(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    """Answers of five tokens: a request holds its place as long as its prompt is read."""
    chip, sizes = accelerators["H100-80GB"], [(100.0, 5.0)]

    rates = rates_on(llama_8b, chip, sizes, ServingSetup(), max_tpot_ms=100.0)
    alone = rates_on(llama_8b, chip, sizes, ServingSetup(), max_tpot_ms=None)

    assert 0.0 < rates.running_requests[0, 0] == alone.running_requests[0, 0]
    # far below both the 256 requests of the engine and the 100 ms of a token
    assert rates.running_requests[0, 0] < 20.0
    assert rates.tpot_ms[0, 0] < 20.0


@FEW
@given(
    sizes=SIZES,
    tier=TIERS,
    tokens=st.integers(1, 6),
    accepted=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)).map(sorted),
    share=st.sampled_from([0.0, 0.1]),
    max_tpot_ms=TPOT_LIMITS,
)
def test_drafts_accepted_more_often_never_serve_fewer_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
    tier: Tier,
    tokens: int,
    accepted: list[float],
    share: float,
    max_tpot_ms: float | None,
) -> None:
    less, more = (
        rates_on(
            llama_8b,
            accelerators["H100-80GB"],
            sizes,
            max_tpot_ms=max_tpot_ms,
            setup=ServingSetup(
                tier=tier,
                draft_tokens=tokens,
                acceptance_fraction=part,
                draft_time_fraction=share,
            ),
        )
        for part in accepted
    )

    assert np.all(more.requests_per_second >= less.requests_per_second * (1 - 1e-5))


@FEW
@given(
    sizes=SIZES,
    tier=TIERS,
    parts=st.tuples(st.floats(0.0, 0.99), st.floats(0.0, 0.99)).map(sorted),
    drafted=st.booleans(),
    max_tpot_ms=TPOT_LIMITS,
)
def test_more_shared_prompt_never_serves_fewer_requests(
    llama_8b: ModelSpec,
    accelerators: Mapping[str, Accelerator],
    sizes: list[tuple[float, float]],
    tier: Tier,
    parts: list[float],
    drafted: bool,
    max_tpot_ms: float | None,
) -> None:
    setup = ServingSetup(tier=tier, draft_tokens=4 if drafted else 0, acceptance_fraction=0.8)
    less, more = (
        rates_on(
            llama_8b,
            accelerators["H100-80GB"],
            sizes,
            max_tpot_ms=max_tpot_ms,
            setup=replace(setup, prefix_fraction=part),
        )
        for part in parts
    )

    assert np.all(more.requests_per_second >= less.requests_per_second * (1 - 1e-5))


@FEW
@given(
    name=MODELS,
    size=SIZE,
    limits=st.tuples(st.floats(5.0, 500.0), st.floats(5.0, 500.0)).map(sorted),
    tier=TIERS,
)
def test_looser_time_per_token_never_serves_fewer_requests(
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
    name: str,
    size: tuple[float, float],
    limits: list[float],
    tier: Tier,
) -> None:
    """One size at a time: experts of several sizes are read along a tangent that they share."""
    tight, loose = (
        rates_on(
            models[name],
            accelerators["H100-80GB"],
            [size],
            max_tpot_ms=limit,
            setup=ServingSetup(tier=tier),
        )
        for limit in limits
    )

    assert np.all(loose.requests_per_second >= tight.requests_per_second * (1 - 1e-5))
