"""A profile beside the model: at its own point the model then gives what was measured."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.candidate.profile_points import serving_points, training_points
from costopt.candidate.profiled import concerning
from costopt.candidate.rated_gangs import training_setup
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.performance.profiled import with_speed
from costopt.performance.reasons import Origin
from costopt.performance.replica import replica_on
from costopt.performance.serving_setup import ENGINE
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named
from costopt.profile.profile import ObservedJob, Profile, ServedLoad
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B"
QWEN = "Qwen/Qwen3-30B-A3B"


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
    rates=st.tuples(st.floats(0.05, 80.0), st.floats(0.05, 80.0)),
)
def test_the_model_gives_what_was_measured_at_every_load_of_a_profile(
    bundled: Catalog,
    model: str,
    tensor_parallel: int,
    replicas: int,
    first: float,
    further: float,
    rates: tuple[float, float],
) -> None:
    loads = [(first, rates[0]), (first * further, rates[1])]
    profile = run(model, tensor_parallel, replicas, loads)
    points = serving_points([profile], bundled, ENGINE)
    sizes = RequestSizes(input_tokens=np.array([800.0]), output_tokens=np.array([250.0]))
    for (running, rate), row in zip(loads, range(2), strict=True):
        at = np.array([running])
        place = points.hardware.take(np.array([row]))
        hardware = with_speed(place, points, (800.0, 250.0), (at, at))
        replica = replica_on(
            bundled.model(model), hardware, formats_named("bf16"), sizes,
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
