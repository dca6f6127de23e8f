from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.reasons import REASON_TEXT, Origin, Reason
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.tiers import Tier
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named

CHAT = RequestSizes(
    input_tokens=np.array([200.0, 1000.0, 4000.0]), output_tokens=np.array([100.0, 200.0, 400.0])
)
LIMITS = LatencyLimits(max_ttft_ms=1000.0, max_tpot_ms=50.0)
NO_LIMITS = LatencyLimits()


def on(accelerator: Accelerator, *degrees: int, interconnect: str = "nvswitch") -> Hardware:
    return Hardware.of(
        [
            Placement(accelerator=accelerator, accelerators=degree, interconnect=interconnect)
            for degree in degrees
        ]
    )


def rates_of(
    model: ModelSpec,
    hardware: Hardware,
    precision: str = "bf16",
    requests: RequestSizes = CHAT,
    limits: LatencyLimits = LIMITS,
) -> ServingRates:
    return serving_rates(
        model, hardware, formats_named(precision), requests, limits, max_utilisation=0.8
    )


def test_70_billion_fp8_parameters_barely_fit_on_one_h100(
    llama_70b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    # 2.738 GiB are left for the cache: 327,680 B per token, 8,972 tokens, 8 requests of 1,100
    rates = rates_of(llama_70b, on(accelerators["H100-80GB"], 1, 2), "fp8")

    assert rates.kv_tokens[0] == pytest.approx(8972, rel=1e-3)
    assert rates.admitted_requests[0, 1] == pytest.approx(8972 / 1108, rel=1e-3)
    assert rates.admitted_requests[1, 1] > 20 * rates.admitted_requests[0, 1]


def test_405_billion_parameters_never_fit_on_t4(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    hardware = on(accelerators["T4"], 1, 2, 4, 8, interconnect="pcie")

    rates = rates_of(models["meta-llama/Llama-3.1-405B"], hardware, "bf16")

    assert np.all(rates.reason == Reason.WEIGHTS)
    assert np.all(rates.requests_per_second == 0.0)
    # 811.7 GB / 8 = 94.5 GiB on each, of which 0.9 x 15.6 GiB are there
    assert rates.vram_shortfall_gib[3] == pytest.approx(94.5 - 14.04 + 1.4, abs=0.5)


def test_accelerator_without_a_rate_for_the_format_is_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["A100-40GB"], 1), "fp8")

    assert np.all(rates.reason == Reason.NO_RATE)
    assert np.all(np.isnan(rates.idle_tpot_ms))


def test_accelerator_without_published_figures_is_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["GPU-H-96GB"], 1))

    assert np.all(rates.reason == Reason.NO_BANDWIDTH)


def test_unknown_link_refuses_more_than_one_accelerator(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["H100-80GB"], 1, 2, interconnect=""))

    assert np.all(rates.reason[0] == Reason.NONE)
    assert np.all(rates.reason[1] == Reason.UNKNOWN_LINK)


def test_heads_that_do_not_divide_are_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["H100-80GB"], 3))

    assert np.all(rates.reason == Reason.HEADS)


def test_request_beyond_the_context_is_refused(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    long = RequestSizes(input_tokens=np.array([4000.0]), output_tokens=np.array([200.0]))

    rates = rates_of(
        models["meta-llama/Llama-2-7b-hf"], on(accelerators["H100-80GB"], 1), requests=long
    )

    assert rates.reason[0, 0] == Reason.CONTEXT


def test_request_whose_cache_does_not_fit_is_refused(
    llama_70b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    long = RequestSizes(input_tokens=np.array([9000.0]), output_tokens=np.array([200.0]))

    rates = rates_of(llama_70b, on(accelerators["H100-80GB"], 1), "fp8", long, NO_LIMITS)

    assert rates.reason[0, 0] == Reason.KV_CACHE


def test_limits_out_of_reach_are_told_beside_what_an_idle_replica_needs(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    hardware = on(accelerators["L4"], 1, interconnect="none")

    slow = rates_of(llama_8b, hardware, limits=LatencyLimits(max_tpot_ms=20.0))
    late = rates_of(llama_8b, hardware, limits=LatencyLimits(max_ttft_ms=100.0))

    assert np.all(slow.reason == Reason.TPOT)
    assert np.all(slow.idle_tpot_ms > 20.0)
    assert np.all(late.reason == Reason.TTFT)
    assert np.all(late.idle_ttft_ms > 100.0)


def test_planned_load_keeps_both_limits(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["A100-80GB"], 1, 2, 4))
    served = rates.reason == Reason.NONE

    assert np.any(served)
    assert np.all(rates.ttft_ms[served] <= 1000.0 * (1 + 1e-6))
    assert np.all(rates.tpot_ms[served] <= 50.0)


def test_idle_step_streams_the_weights_once(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    # 15.0 GB at 0.9 x 2,039 GB/s = 8.2 ms, and 32 layers x 52 us + 1 ms
    rates = rates_of(llama_8b, on(accelerators["A100-80GB"], 1))

    assert rates.idle_tpot_ms[0, 0] == pytest.approx(8.2 + 1.65 + 1.0, rel=0.03)


def test_slower_link_costs_throughput(
    llama_70b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    direct, bus = (
        rates_of(llama_70b, on(accelerators["H100-80GB"], 4, interconnect=link), "fp8")
        for link in ("nvswitch", "pcie")
    )

    assert np.all(direct.requests_per_second > bus.requests_per_second)


def test_vendor_tuned_software_is_not_slower_than_an_engine(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    hardware = on(accelerators["H100-80GB"], 1)
    formats = formats_named("bf16")
    engine, tuned, plain = (
        serving_rates(llama_8b, hardware, formats, CHAT, NO_LIMITS, 0.8, ServingSetup(tier=tier))
        for tier in (Tier.ENGINE, Tier.VENDOR_TUNED, Tier.FRAMEWORK)
    )

    assert np.all(tuned.requests_per_second > engine.requests_per_second)
    assert np.all(plain.requests_per_second < engine.requests_per_second)


def test_origin_follows_what_was_measured(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    names = ("H100-80GB", "A10", "TPU-v5e")
    hardware = Hardware.of([Placement(accelerator=accelerators[name]) for name in names])

    band = rates_of(llama_8b, hardware).band

    assert band.origin.tolist() == [Origin.CALIBRATED, Origin.SCALED, Origin.ANALYTIC]
    assert np.all(band.low_factor < 1.0)
    assert np.all(band.high_factor > 1.0)
    assert band.low_factor[2] <= 1 / 3


def test_engine_takes_its_whole_memory_budget(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_of(llama_8b, on(accelerators["H100-80GB"], 1))

    assert rates.vram.total_gib[0] == pytest.approx(0.9 * 79.6)


def test_experts_serve_more_requests_than_a_dense_model_of_their_size(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    mixtral = models["mistralai/Mixtral-8x7B-v0.1"]
    dense = replace(
        mixtral, active_parameters=mixtral.parameters, experts=None, experts_per_token=None
    )
    hardware = on(accelerators["H100-80GB"], 2)

    routed, plain = (rates_of(model, hardware) for model in (mixtral, dense))

    assert np.all(routed.requests_per_second > plain.requests_per_second)


def test_without_limits_the_rate_is_that_of_full_memory(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    hardware = on(accelerators["L4"], 1, interconnect="none")
    formats = formats_named("bf16")

    full = serving_rates(llama_8b, hardware, formats, CHAT, NO_LIMITS, max_utilisation=1.0)

    assert full.running_requests == pytest.approx(full.admitted_requests, rel=1e-5)


def test_every_reason_has_its_words() -> None:
    assert set(REASON_TEXT) == set(Reason)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_limits_that_are_not_positive_are_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator], value: float
) -> None:
    with pytest.raises(InvalidInputError, match="must be above 0"):
        rates_of(llama_8b, on(accelerators["L4"], 1), limits=LatencyLimits(max_ttft_ms=value))


def test_percentiles_and_utilisations_outside_their_range_are_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    with pytest.raises(InvalidInputError, match="percentile is 100"):
        rates_of(llama_8b, on(accelerators["L4"], 1), limits=LatencyLimits(percentile=100.0))
    with pytest.raises(InvalidInputError, match=r"max_utilisation is 1\.5"):
        serving_rates(
            llama_8b,
            on(accelerators["L4"], 1),
            formats_named("bf16"),
            CHAT,
            LIMITS,
            max_utilisation=1.5,
        )


def test_sizes_that_are_no_tokens_are_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    empty = RequestSizes(input_tokens=np.array([0.0]), output_tokens=np.array([10.0]))
    ragged = RequestSizes(input_tokens=np.array([5.0, 6.0]), output_tokens=np.array([10.0]))

    with pytest.raises(InvalidInputError, match="input_tokens must be at least 1"):
        rates_of(llama_8b, on(accelerators["L4"], 1), requests=empty)
    with pytest.raises(InvalidInputError, match="of the same length"):
        rates_of(llama_8b, on(accelerators["L4"], 1), requests=ragged)
