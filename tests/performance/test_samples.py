from collections.abc import Mapping

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.reasons import Origin, Reason
from costopt.performance.sample_times import BatchTimes, lanes
from costopt.performance.sample_work import sample_work
from costopt.performance.samples import SampleRates, sample_rates
from costopt.precision import WEIGHT_FORMATS

FP16 = WEIGHT_FORMATS["fp16"]
BERT = "google-bert/bert-base-uncased"


@pytest.fixture
def bert(models: Mapping[str, ModelSpec]) -> ModelSpec:
    return models[BERT]


def rates_on(
    model: ModelSpec,
    accelerator: Accelerator,
    precision: str = "fp16",
    max_latency_ms: float | None = 50.0,
    tokens: float | None = 128.0,
) -> SampleRates:
    hardware = Hardware.of([Placement(accelerator=accelerator)])
    weights = WEIGHT_FORMATS[precision]
    return sample_rates(
        model, hardware, weights, tokens_per_sample=tokens, max_latency_ms=max_latency_ms
    )


def test_work_of_a_sentence_counts_linear_layers_and_attention(bert: ModelSpec) -> None:
    # 2 x (109.5 - 23.8) M x 128 + 4 x 12 x 768 x 128^2 = 21.94 G + 0.60 G
    assert sample_work(bert, FP16, 128.0).flops == pytest.approx(22.54e9, rel=1e-3)


def test_work_of_an_image_is_the_published_figure(models: Mapping[str, ModelSpec]) -> None:
    work = sample_work(models["resnet50"], FP16, None)

    assert work.flops == pytest.approx(8.178e9)
    assert work.convolutional


def test_sentence_without_a_length_is_refused(bert: ModelSpec) -> None:
    with pytest.raises(InvalidInputError, match="give tokens_per_sample"):
        sample_work(bert, FP16, None)


def test_sentence_beyond_the_context_is_refused(bert: ModelSpec) -> None:
    with pytest.raises(InvalidInputError, match="512 tokens at most, not 600"):
        sample_work(bert, FP16, 600.0)


def test_batch_takes_its_fixed_part_and_the_work_of_every_sample() -> None:
    times = BatchTimes(fixed_seconds=np.array(0.001), sample_seconds=np.array(0.0002))

    assert float(times.seconds(np.array(1.0))) == pytest.approx(0.0012)
    assert float(times.seconds(np.array(10.0))) == pytest.approx(0.003)


def test_batch_that_forms_holds_what_arrives_while_it_is_worked_off() -> None:
    times = BatchTimes(fixed_seconds=np.array(0.001), sample_seconds=np.array(0.0002))

    formed = times.batch_at_rate(np.array(4000.0))

    # 4,000 x 1 ms / (1 - 0.8) = 20, worked off in 5 ms, in which 20 arrive
    assert float(formed) == pytest.approx(20.0)
    assert 4000.0 * float(times.seconds(formed)) == pytest.approx(20.0)


def test_large_batches_reach_the_published_rates(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    # FasterTransformer, A100 40 GB, 32 sentences of 128 tokens in fp16: 6,653 per second
    rates = rates_on(bert, accelerators["A100-40GB"], max_latency_ms=None)

    assert rates.samples_per_second[0] == pytest.approx(6653, rel=0.15)
    assert rates.band.origin[0] == Origin.CALIBRATED


def test_inferentia_reaches_its_published_rate(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    # AWS Neuron, inf1.xlarge, 128 tokens: 1,056 to 1,181 per second
    rates = rates_on(bert, accelerators["Inferentia"], "bf16", max_latency_ms=None)

    assert rates.samples_per_second[0] == pytest.approx(1110, rel=0.15)


def test_cores_of_a_neuron_chip_are_servers_of_their_own(
    accelerators: Mapping[str, Accelerator],
) -> None:
    names = ("Inferentia", "Inferentia2", "T4")
    hardware = Hardware.of([Placement(accelerator=accelerators[name]) for name in names])

    assert lanes(hardware).tolist() == [4.0, 2.0, 1.0]


def test_planned_load_keeps_the_latency(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    for limit in (5.0, 10.0, 50.0):
        rates = rates_on(bert, accelerators["T4"], max_latency_ms=limit)

        assert rates.reason[0] == Reason.NONE
        assert rates.idle_latency_ms[0] < rates.latency_ms[0] <= limit * (1 + 1e-6)


def test_tighter_latency_never_serves_more(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    served = [
        rates_on(bert, accelerators["L4"], max_latency_ms=limit).samples_per_second[0]
        for limit in (2.0, 4.0, 8.0, 16.0, None)
    ]

    assert np.all(np.diff(np.array(served)) >= 0.0)


def test_limit_below_a_single_sample_is_told_as_a_reason(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_on(bert, accelerators["T4"], max_latency_ms=0.5)

    assert rates.reason[0] == Reason.LATENCY
    assert rates.samples_per_second[0] == 0.0
    assert rates.idle_latency_ms[0] > 0.5


def test_virtual_cpus_are_analytic_with_a_wide_band(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    row = Placement(
        accelerator=accelerators["CPU-SapphireRapids-AMX-vCPU"], vcpus=16, host_memory_gib=64
    )

    rates = sample_rates(
        bert,
        Hardware.of([row]),
        WEIGHT_FORMATS["bf16"],
        tokens_per_sample=128.0,
        max_latency_ms=50.0,
    )

    # 16 x 1.33 TFLOPS x 0.35 / 22.54 GFLOP = 330 at most, less what reading the weights takes
    assert 0.85 * 330 < rates.samples_per_second[0] < 330
    assert rates.band.origin[0] == Origin.ANALYTIC
    assert rates.band.low_factor[0] <= 1 / 3


def test_cpu_without_a_sixteen_bit_rate_is_refused(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    row = Placement(accelerator=accelerators["CPU-IceLake-vCPU"], vcpus=16, host_memory_gib=64)

    rates = sample_rates(
        bert,
        Hardware.of([row]),
        WEIGHT_FORMATS["bf16"],
        tokens_per_sample=128.0,
        max_latency_ms=50.0,
    )

    assert rates.reason[0] == Reason.NO_RATE
    assert np.isnan(rates.idle_latency_ms[0])


def test_several_accelerators_are_that_many_replicas(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rows = [
        Placement(accelerator=accelerators["T4"], accelerators=count, interconnect="pcie")
        for count in (1, 4)
    ]

    rates = sample_rates(
        bert, Hardware.of(rows), FP16, tokens_per_sample=128.0, max_latency_ms=50.0
    )

    assert rates.samples_per_second[1] == pytest.approx(4 * rates.samples_per_second[0])


def test_arguments_outside_their_range_are_refused(
    bert: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    hardware = Hardware.of([Placement(accelerator=accelerators["T4"])])

    with pytest.raises(InvalidInputError, match="max_latency_ms is -1"):
        sample_rates(bert, hardware, FP16, tokens_per_sample=128.0, max_latency_ms=-1.0)
    with pytest.raises(InvalidInputError, match="percentile is 40"):
        sample_rates(
            bert, hardware, FP16, tokens_per_sample=128.0, max_latency_ms=50.0, percentile=40.0
        )
    with pytest.raises(InvalidInputError, match="max_utilisation is 0"):
        sample_rates(
            bert, hardware, FP16, tokens_per_sample=128.0, max_latency_ms=50.0, max_utilisation=0.0
        )
