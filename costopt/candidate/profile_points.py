"""Serving runs of one's own beside the model: at each load, measured over modelled.

What a profile contradicts (another accelerator than its instance type has, more requests than
memory holds) is refused with the reason, never bent until it fits.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from costopt.candidate.profile_agreement import check_agreement
from costopt.candidate.profile_bounds import check_rate, most_tokens, refused
from costopt.candidate.profile_node import node_of, refuse_reason
from costopt.catalog.catalog import Catalog
from costopt.performance.arrays import Floats
from costopt.performance.bands import Work
from costopt.performance.hardware import Hardware
from costopt.performance.profiled import ProfilePoint, ProfilePoints
from costopt.performance.replica import Replica, replica_on
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named
from costopt.profile.profile import Profile


def serving_points(
    profiles: Sequence[Profile], catalog: Catalog, setup: ServingSetup
) -> ProfilePoints:
    """Compare serving runs with the model, one point for each load.

    No tool writes down what software ran, what its cache held or what a draft guessed: a run is
    taken to be of the setup that the workload asks for.

    Args:
        profiles: of one model in one weight and cache format.
        catalog: where model, accelerators and instance types are described.
        setup: of the workload.

    Raises:
        UnknownNameError: an accelerator or instance type is not in the catalogue.
        InvalidInputError: a profile contradicts itself, or cannot have run as it says.
    """
    found = [(one, load) for one in profiles for load in _loads(one, catalog, setup)]
    points = [load for _, load in found]
    check_agreement([one for one, _ in found], points, Work.SERVING)
    return ProfilePoints.of(points)


def _loads(profile: Profile, catalog: Catalog, setup: ServingSetup) -> Iterator[ProfilePoint]:
    """Yield one point for each load of a serving run."""
    if profile.pipeline_parallel > 1:
        raise refused(
            profile,
            "serving over pipeline stages is not modelled; give a run with tensor parallelism "
            "alone",
        )
    place = node_of(profile, catalog).placement(profile.tensor_parallel)
    hardware = Hardware.of([place])
    sizes = RequestSizes(
        input_tokens=np.array([load.input_tokens for load in profile.loads], dtype=np.float64),
        output_tokens=np.array([load.output_tokens for load in profile.loads], dtype=np.float64),
    )
    model = catalog.model(profile.model)
    formats = formats_named(profile.precision, profile.kv_precision)
    replica = replica_on(model, hardware, formats, sizes, setup=setup, batch=False)
    refuse_reason(profile, int(replica.reason[0]))
    weights = replica.decoder.weight_bytes(formats.weights) / place.accelerators
    left = hardware.usable_bytes[0] - weights - replica.work.shared_cache_bytes
    held = left / replica.work.held_cache_bytes
    running = np.array([[load.concurrency / profile.replicas for load in profile.loads]])
    _refuse_too_many(profile, replica, running, np.broadcast_to(held, running.shape))
    modelled = replica.times.rate(running) * sizes.output_tokens * profile.replicas
    most = most_tokens(replica, hardware, formats, setup, running) * profile.replicas
    for load, at, rate, bound in zip(profile.loads, running[0], modelled[0], most[0], strict=True):
        check_rate(profile, load.output_tokens_per_second, rate, bound, "output tokens/s")
        yield ProfilePoint(
            placement=place,
            lengths=(load.input_tokens, load.output_tokens),
            load=float(at),
            speed=load.output_tokens_per_second / float(rate),
        )


def _refuse_too_many(profile: Profile, replica: Replica, running: Floats, held: Floats) -> None:
    """Refuse loads longer than the context, or with more requests than memory holds."""
    longest = replica.work.input_tokens + replica.work.output_tokens
    for load, asked, fits, tokens in zip(
        profile.loads, running[0], held[0], np.ravel(longest), strict=True
    ):
        if tokens > replica.decoder.max_context:
            raise refused(
                profile,
                f"{tokens:,.0f} tokens are more than the model's context of "
                f"{replica.decoder.max_context:,.0f}",
            )
        if asked > fits:
            raise refused(
                profile,
                f"a concurrency of {load.concurrency:g} is {asked:g} requests at a time in each "
                f"replica, more than memory allows: the cache of {max(int(fits), 0)} fits beside "
                "the weights, so the others waited; leave this load out",
            )
