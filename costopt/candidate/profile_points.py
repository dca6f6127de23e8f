"""Profiles of one's own beside the model: at each point, what was measured over what is modelled.

What a profile contradicts (another accelerator than its instance type has, more requests than
memory holds) is refused with the reason, never bent until it fits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.candidate.layout import InstanceType, instance_types_of, network_of, placement
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.performance.arrays import Floats
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.profiled import ProfilePoint, ProfilePoints
from costopt.performance.reasons import REASON_TEXT, Reason
from costopt.performance.replica import Replica, replica_on
from costopt.performance.samples import sample_rates
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.training import training_rates
from costopt.performance.training_setup import Network, TrainingSetup
from costopt.performance.work import RequestSizes
from costopt.precision import WEIGHT_FORMATS, formats_named
from costopt.profile.profile import ObservedJob, Profile

MOST_IN_ONE_NODE: Final = 16
"""Accelerators that count as one node where a profile names no instance type [1].

Source: NVIDIA DGX-2 datasheet, the largest server with one switch between its accelerators.
"""

_NO_NETWORK: Final = Network(
    fabric_bytes_per_second=np.array([np.nan]), host_bytes_per_second=np.array([np.nan])
)


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
    return ProfilePoints.of(
        [one for profile in profiles for one in _loads(profile, catalog, setup)]
    )


def _loads(profile: Profile, catalog: Catalog, setup: ServingSetup) -> Iterator[ProfilePoint]:
    """Yield one point for each load of a serving run."""
    if profile.pipeline_parallel > 1:
        raise refused(
            profile,
            "serving over pipeline stages is not modelled; give a run with tensor parallelism "
            "alone",
        )
    place = _node(profile, catalog).placement(profile.tensor_parallel)
    hardware = Hardware.of([place])
    sizes = RequestSizes(
        input_tokens=np.array([load.input_tokens for load in profile.loads], dtype=np.float64),
        output_tokens=np.array([load.output_tokens for load in profile.loads], dtype=np.float64),
    )
    model = catalog.model(profile.model)
    formats = formats_named(profile.precision, profile.kv_precision)
    replica = replica_on(model, hardware, formats, sizes, setup=setup, batch=False)
    _refuse(profile, int(replica.reason[0]))
    weights = replica.decoder.weight_bytes(formats.weights) / place.accelerators
    left = hardware.usable_bytes[0] - weights - replica.work.shared_cache_bytes
    held = left / replica.work.held_cache_bytes
    running = np.array([[load.concurrency / profile.replicas for load in profile.loads]])
    _refuse_too_many(profile, replica, running, np.broadcast_to(held, running.shape))
    modelled = replica.times.rate(running) * sizes.output_tokens * profile.replicas
    for load, at, rate in zip(profile.loads, running[0], modelled[0], strict=True):
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


def sample_points(profiles: Sequence[Profile], catalog: Catalog) -> ProfilePoints:
    """Compare observed rates of samples with the model; a replica is one accelerator.

    Raises:
        UnknownNameError: an accelerator or instance type is not in the catalogue.
        InvalidInputError: a profile contradicts itself, or cannot have run as it says.
    """
    return ProfilePoints.of([_samples(profile, catalog) for profile in profiles])


def _samples(profile: Profile, catalog: Catalog) -> ProfilePoint:
    job = _job_of(profile)
    place = _node(profile, catalog).placement(1)
    rated = sample_rates(
        catalog.model(profile.model),
        Hardware.of([place]),
        WEIGHT_FORMATS[profile.precision],
        tokens_per_sample=job.tokens_per_sample,
        max_latency_ms=None,
        max_utilisation=1.0,
    )
    _refuse(profile, int(rated.reason[0]))
    modelled = float(rated.samples_per_second[0]) * profile.accelerators
    return ProfilePoint(
        placement=place,
        lengths=(job.tokens_per_sample or 1.0,),
        load=1.0,
        speed=_per_second(profile, job, in_tokens=False) / modelled,
    )


def training_points(
    profiles: Sequence[Profile], setup: TrainingSetup, catalog: Catalog
) -> ProfilePoints:
    """Compare observed training jobs with the model, on gangs of the same size.

    Args:
        profiles: of one model, method and format.
        setup: of the workload, for what profiles do not say: width of adapters, tokens of a step.
        catalog: where model, accelerators and instance types are described.

    Raises:
        UnknownNameError: an accelerator or instance type is not in the catalogue.
        InvalidInputError: a profile contradicts itself, or cannot have run as it says.
    """
    return ProfilePoints.of([_gang(profile, setup, catalog) for profile in profiles])


def _gang(profile: Profile, setup: TrainingSetup, catalog: Catalog) -> ProfilePoint:
    job = _job_of(profile)
    if job.tokens_per_sample is None:
        raise refused(profile, "say tokens_per_sample: the length of one sequence")
    node = _node(profile, catalog)
    nodes = _nodes(profile, node)
    place = node.placement(profile.accelerators // nodes)
    setup = replace(
        setup,
        sequence_length=job.tokens_per_sample,
        batch_tokens=max(setup.batch_tokens, job.tokens_per_sample),
    )
    rated = training_rates(
        catalog.model(profile.model),
        setup,
        Hardware.of([place]),
        np.array([nodes]),
        network_of([node.kind]) if node.kind else _NO_NETWORK,
    )
    _refuse(profile, int(rated.reason[0, 0]))
    return ProfilePoint(
        placement=place,
        lengths=(job.tokens_per_sample,),
        load=float(nodes),
        speed=_per_second(profile, job, in_tokens=True) / float(rated.tokens_per_second[0, 0]),
    )


def _per_second(profile: Profile, job: ObservedJob, *, in_tokens: bool) -> float:
    """Rate of a job in the unit that is modelled [tokens/s or samples/s]."""
    rate = job.tokens_per_second if in_tokens else job.samples_per_second
    if rate is not None:
        return rate
    counted = job.samples_per_second if in_tokens else job.tokens_per_second
    if counted is None or job.tokens_per_sample is None:
        raise refused(profile, "say tokens_per_second, or samples_per_second with their length")
    each = job.tokens_per_sample
    return counted * each if in_tokens else counted / each


def _job_of(profile: Profile) -> ObservedJob:
    if profile.job is None:
        raise refused(profile, "it is no observed job")
    return profile.job


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What a profile ran on: an instance type of the catalogue, or its accelerators alone."""

    profile: Profile
    kind: InstanceType | None
    catalog: Catalog

    def placement(self, accelerators: int) -> Placement:
        """So many of its accelerators as one."""
        if self.kind is not None:
            return placement(self.catalog, self.kind, accelerators)
        chip = self.catalog.accelerator(self.profile.accelerator)
        link = "pcie" if chip.interconnect.startswith("pcie") else "nvlink"
        return Placement(accelerator=chip, accelerators=accelerators, interconnect=link)


def _node(profile: Profile, catalog: Catalog) -> _Node:
    """Find what a profile ran on.

    Raises:
        UnknownNameError: the accelerator or the instance type is not in the catalogue.
        InvalidInputError: the instance type has other accelerators, or too few.
    """
    chip = catalog.accelerator(profile.accelerator)
    if profile.instance_type is None:
        return _Node(profile=profile, kind=None, catalog=catalog)
    types = catalog.described_types
    named = types[types["instance_type"] == profile.instance_type]
    if not len(named):
        raise UnknownNameError(
            "instance type",
            profile.instance_type,
            set(types["instance_type"]),
            f"It is that of the profile {profile.source}; leave it out where the catalogue has "
            "no such type.",
        )
    kind = instance_types_of(named)[0]
    if kind.chip != chip.name:
        raise refused(profile, f"{kind.name} has {kind.chip or 'no known'}, not {chip.name}")
    if profile.tensor_parallel > max(kind.count, 1):
        raise refused(
            profile,
            f"{kind.name} has {kind.count:g} accelerators, fewer than one replica of "
            f"{profile.tensor_parallel}",
        )
    return _Node(profile=profile, kind=kind, catalog=catalog)


def _nodes(profile: Profile, node: _Node) -> int:
    """Instances that a job ran on [1].

    Raises:
        InvalidInputError: the profile does not say what connects them, or takes part of one.
    """
    count = profile.accelerators
    if node.kind is None:
        if count > MOST_IN_ONE_NODE:
            raise refused(
                profile,
                f"say instance_type: what connects the nodes of {count} accelerators is not known",
            )
        return 1
    per_node = max(1, int(node.kind.count))
    if count > per_node and count % per_node:
        raise refused(
            profile, f"{count} accelerators are no whole number of {node.kind.name} ({per_node})"
        )
    return max(1, count // per_node)


def _refuse(profile: Profile, reason: int) -> None:
    """Refuse a profile that the model says cannot have run."""
    if reason != Reason.NONE:
        raise refused(
            profile,
            f"{profile.model} in {profile.precision} cannot have run there: "
            f"{REASON_TEXT[Reason(reason)]}; check accelerator, counts and precision",
        )


def refused(profile: Profile, problem: str) -> InvalidInputError:
    """Say what is wrong with a profile, and which one it is."""
    layout = f"{profile.accelerators} x {profile.accelerator}"
    return InvalidInputError(f"profile {profile.source} ({layout})", [problem])
