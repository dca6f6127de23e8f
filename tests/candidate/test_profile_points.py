"""A profile beside the model: at its own point the model then gives what was measured."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.candidate.layout import instance_types_of, placement
from costopt.candidate.profile_jobs import sample_points, training_points
from costopt.candidate.profile_points import serving_points
from costopt.candidate.profiled import concerning
from costopt.candidate.rated_gangs import training_setup
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.performance.hardware import Hardware
from costopt.performance.profiled import with_speed
from costopt.performance.reasons import Origin
from costopt.performance.replica import replica_on
from costopt.performance.serving_setup import ENGINE, ServingSetup
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named
from costopt.profile.profile import ObservedJob, Profile, ServedLoad
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B"
QWEN = "Qwen/Qwen3-30B-A3B"
SIZES = RequestSizes(input_tokens=np.array([800.0]), output_tokens=np.array([250.0]))


def on_h100(catalog: Catalog, tensor_parallel: int) -> Hardware:
    """One replica on the accelerators of a p5.48xlarge."""
    kinds = instance_types_of(catalog.joined_offers)
    kind = next(kind for kind in kinds if kind.name == "p5.48xlarge")
    return Hardware.of([placement(catalog, kind, tensor_parallel)])


def run(
    model: str, tensor_parallel: int, replicas: int, loads: list[tuple[float, float]]
) -> Profile:
    """A run on H100: requests in each replica, and answered by all of them each second."""
    return Profile(
        model=model,
        accelerator="H100-80GB",
        accelerators=tensor_parallel * replicas,
        tensor_parallel=tensor_parallel,
        instance_type="p5.48xlarge",
        precision="bf16",
        loads=tuple(
            ServedLoad(
                concurrency=each * replicas,
                input_tokens=800,
                output_tokens=250,
                requests_per_second=rate,
                output_tokens_per_second=250 * rate,
                completed=1000,
                duration_seconds=1000 / rate,
            )
            for each, rate in loads
        ),
        source="bench.json",
    )


@pytest.mark.parametrize("model", [LLAMA, QWEN])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tensor_parallel=st.sampled_from([1, 2, 4]),
    replicas=st.sampled_from([1, 2]),
    first=st.floats(1.0, 20.0),
    further=st.floats(1.5, 4.0),
    speeds=st.tuples(st.floats(0.2, 1.1), st.floats(0.2, 1.1)),
)
def test_the_model_gives_what_was_measured_at_every_load_of_a_profile(
    bundled: Catalog,
    model: str,
    tensor_parallel: int,
    replicas: int,
    first: float,
    further: float,
    speeds: tuple[float, float],
) -> None:
    plain = replica_on(
        bundled.model(model), on_h100(bundled, tensor_parallel), formats_named("bf16"), SIZES,
        setup=ENGINE, batch=False,
    ).times  # fmt: skip
    loads = [
        (running, speed * replicas * float(plain.rate(np.array([[running]]))[0, 0]))
        for running, speed in zip((first, first * further), speeds, strict=True)
    ]
    profile = run(model, tensor_parallel, replicas, loads)
    points = serving_points([profile], bundled, ENGINE)
    for (running, rate), row in zip(loads, range(2), strict=True):
        at = np.array([running])
        place = points.hardware.take(np.array([row]))
        hardware = with_speed(place, points, (800.0, 250.0), (at, at))
        replica = replica_on(
            bundled.model(model), hardware, formats_named("bf16"), SIZES,
            setup=ENGINE, batch=False,
        )  # fmt: skip
        modelled = replica.times.rate(at[:, None])[0, 0] * replicas
        assert modelled == pytest.approx(rate, rel=1e-9)
        assert hardware.profiled[0] == Origin.MEASURED


def test_the_instance_type_says_what_connects_the_accelerators(bundled: Catalog) -> None:
    named = run(LLAMA, 2, 1, [(16.0, 10.0)])
    alone = named.model_copy(update={"instance_type": None})
    points = serving_points([named, alone], bundled, ENGINE)
    # p5.48xlarge connects its H100 by NVSwitch, which is what the board itself is built for.
    assert points.hardware.link_kind[0] == points.hardware.link_kind[1]
    assert points.speed[0] == pytest.approx(points.speed[1], rel=0.01)


def test_a_profile_concerns_its_model_by_any_of_its_names(bundled: Catalog) -> None:
    traffic = {
        "requests_per_second": 1.0,
        "sizes": [{"input_tokens": 800, "output_tokens": 250, "share_fraction": 1.0}],
    }
    instruct = InferenceService.model_validate(
        {"model": f"{LLAMA}-Instruct", "precision": "bf16", "traffic": traffic}
    )
    profile = run(LLAMA, 1, 1, [(16.0, 10.0)])
    assert concerning([profile], instruct, bundled, "bf16") == (profile,)
    assert concerning([profile], instruct, bundled, "fp8") == ()


def test_a_gang_over_several_nodes_needs_its_instance_type(bundled: Catalog) -> None:
    job = FineTuneJob(
        model=LLAMA, method="full", tokens=1e9, sequence_length=4096, deadline_hours=48
    )
    observed = Profile(
        model=LLAMA,
        accelerator="H100-80GB",
        accelerators=32,
        instance_type="p5.48xlarge",
        precision="bf16",
        job=ObservedJob(
            kind="fine_tune", method="full", samples_per_second=75.0, tokens_per_sample=4096.0
        ),
        source="trainer log",
    )
    setup = training_setup(job, "bf16")
    points = training_points([observed], setup, bundled)
    assert points.load.tolist() == [4.0]  # 32 accelerators are four nodes of eight
    faster = observed.model_copy(
        update={"job": ObservedJob(
            kind="fine_tune", method="full", tokens_per_second=2 * 75.0 * 4096,
            tokens_per_sample=4096.0,
        )}
    )  # fmt: skip
    assert training_points([faster], setup, bundled).speed == pytest.approx(2 * points.speed)
    for change, said in (
        ({"instance_type": None}, "say instance_type"),
        ({"accelerators": 20}, "no whole number of p5.48xlarge"),
        ({"accelerators": 1}, "no way to split the training state"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            training_points([observed.model_copy(update=change)], setup, bundled)


def test_a_rate_above_the_peaks_of_its_accelerators_is_refused(bundled: Catalog) -> None:
    # An answer takes 250 x 15.0e9 operations and its prompt 800 x 14.0e9: 14.9e12 of the
    # 989e12 that there are a second, so 66 requests at most.
    with pytest.raises(InvalidInputError, match="more than the published peaks of 1 x H100-80GB"):
        serving_points([run(LLAMA, 1, 1, [(200.0, 70.0)])], bundled, ENGINE)
    # One request at a time reads 15.0e9 bytes of weights for each token, at 3,350e9 a second:
    # 223 tokens a second at most, 0.89 requests.
    with pytest.raises(InvalidInputError, match=r"allow there, 22\d\.\d:"):
        serving_points([run(LLAMA, 1, 1, [(1.0, 0.95)])], bundled, ENGINE)
    (speed,) = serving_points([run(LLAMA, 1, 1, [(1.0, 0.85)])], bundled, ENGINE).speed
    assert 1.0 < speed < 2.0
    drafted = ServingSetup(draft_tokens=2, acceptance_fraction=0.5)  # 1 + 0.5 + 0.25 at a time
    assert len(serving_points([run(LLAMA, 1, 1, [(1.0, 0.95)])], bundled, drafted).speed) == 1


def test_a_rate_below_a_tenth_of_the_model_is_refused(bundled: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="less than a tenth of"):
        serving_points([run(LLAMA, 1, 1, [(16.0, 0.1)])], bundled, ENGINE)


def observed(kind: str, rate: float, accelerators: int, **more: object) -> Profile:
    """A job on H100 or L4 with its rate, of 128 or 4,096 tokens each."""
    samples = kind == "samples"
    name = "samples_per_second" if samples else "tokens_per_second"
    job = {"kind": kind, name: rate, "tokens_per_sample": 128.0 if samples else 4096.0}
    return Profile.model_validate(
        {
            "model": "google-bert/bert-base-uncased" if samples else LLAMA,
            "accelerator": "L4" if samples else "H100-80GB",
            "accelerators": accelerators,
            "precision": "fp16" if samples else "bf16",
            "job": job if samples else {**job, "method": "lora"},
            "source": "trainer log",
            **more,
        }
    )


TUNE = FineTuneJob(model=LLAMA, method="lora", tokens=1e9, sequence_length=4096, deadline_hours=48)


def test_a_job_above_the_peaks_of_its_accelerators_is_refused(bundled: Catalog) -> None:
    # BERT base: 86e6 weights x 2 x 128 tokens = 22 GFLOP a sample, of 121e12 a second: 5,500.
    with pytest.raises(InvalidInputError, match=r"1e\+06 samples/s is more than"):
        sample_points([observed("samples", 1e6, 1)], bundled)
    assert sample_points([observed("samples", 1500.0, 1)], bundled).speed[0] > 0.5
    # LoRA of 8B: two passes of 1.5e10 and of attention, of 2 x 989.5e12 a second: 60,000.
    setup = training_setup(TUNE, "bf16")
    with pytest.raises(InvalidInputError, match=r"1e\+07 tokens/s is more than"):
        training_points([observed("fine_tune", 1e7, 2)], setup, bundled)
    assert training_points([observed("fine_tune", 2e4, 2)], setup, bundled).speed[0] > 0.5


def test_a_job_in_a_given_split_is_refused(bundled: Catalog) -> None:
    split = observed("fine_tune", 2e4, 2, tensor_parallel=2)
    with pytest.raises(InvalidInputError, match="tensor_parallel x pipeline_parallel = 2 of a"):
        training_points([split], training_setup(TUNE, "bf16"), bundled)


def test_monitoring_of_an_accelerator_with_other_memory_is_refused(bundled: Catalog) -> None:
    setup = training_setup(TUNE, "bf16")
    seen = {"accelerator_busy_fraction": 0.9, "vram_peak_gib": 20.0, "samples": 60}
    for total, fits in ((79.6, True), (24.0, False)):
        watched = {**seen, "vram_total_gib": total}
        profile = observed("fine_tune", 2e4, 2, watched=watched)
        if fits:
            assert len(training_points([profile], setup, bundled).speed) == 1
            continue
        with pytest.raises(InvalidInputError, match=r"saw 24\.0 GiB .* H100-80GB has 80 GiB"):
            training_points([profile], setup, bundled)
