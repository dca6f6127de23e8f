"""Observed jobs beside the model: what was measured over what is modelled."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from costopt.candidate.layout import network_of
from costopt.candidate.profile_agreement import check_agreement
from costopt.candidate.profile_bounds import check_rate, most_learned, refused
from costopt.candidate.profile_node import Node, node_of, refuse_reason
from costopt.catalog.catalog import Catalog
from costopt.performance.bands import Work
from costopt.performance.hardware import Hardware
from costopt.performance.profiled import ProfilePoint, ProfilePoints
from costopt.performance.sample_work import sample_work
from costopt.performance.samples import sample_rates
from costopt.performance.training import training_rates
from costopt.performance.training_setup import Network, TrainingSetup
from costopt.performance.training_work import training_work
from costopt.precision import WEIGHT_FORMATS
from costopt.profile.profile import ObservedJob, Profile

MOST_IN_ONE_NODE: Final = 16
"""Accelerators that count as one node where a profile names no instance type [1].

Source: NVIDIA DGX-2 datasheet, the largest server with one switch between its accelerators.
"""

_NO_NETWORK: Final = Network(
    fabric_bytes_per_second=np.array([np.nan]), host_bytes_per_second=np.array([np.nan])
)


def sample_points(profiles: Sequence[Profile], catalog: Catalog) -> ProfilePoints:
    """Compare observed rates of samples with the model; a replica is one accelerator.

    Raises:
        UnknownNameError: an accelerator or instance type is not in the catalogue.
        InvalidInputError: a profile contradicts itself, or cannot have run as it says.
    """
    points = [_samples(profile, catalog) for profile in profiles]
    check_agreement(profiles, points, Work.SAMPLES)
    return ProfilePoints.of(points)


def _samples(profile: Profile, catalog: Catalog) -> ProfilePoint:
    job = _job_of(profile)
    _refuse_split(profile)
    place = node_of(profile, catalog).placement(1)
    rated = sample_rates(
        catalog.model(profile.model),
        Hardware.of([place]),
        WEIGHT_FORMATS[profile.precision],
        tokens_per_sample=job.tokens_per_sample,
        max_latency_ms=None,
        max_utilisation=1.0,
    )
    refuse_reason(profile, int(rated.reason[0]))
    modelled = float(rated.samples_per_second[0]) * profile.accelerators
    weights = WEIGHT_FORMATS[profile.precision]
    flops = sample_work(catalog.model(profile.model), weights, job.tokens_per_sample).flops
    most = float(Hardware.of([place]).peak_for(weights)[0]) / flops * profile.accelerators
    observed = _per_second(profile, job, in_tokens=False)
    check_rate(profile, observed, modelled, most, "samples/s")
    return ProfilePoint(
        placement=place,
        lengths=(job.tokens_per_sample or 1.0,),
        load=1.0,
        speed=observed / modelled,
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
    points = [_gang(profile, setup, catalog) for profile in profiles]
    check_agreement(profiles, points, Work.TRAINING)
    return ProfilePoints.of(points)


def _gang(profile: Profile, setup: TrainingSetup, catalog: Catalog) -> ProfilePoint:
    job = _job_of(profile)
    _refuse_split(profile)
    if job.tokens_per_sample is None:
        raise refused(profile, "say tokens_per_sample: the length of one sequence")
    node = node_of(profile, catalog)
    nodes = _nodes(profile, node)
    place = node.placement(profile.accelerators // nodes)
    setup = replace(
        setup,
        sequence_length=job.tokens_per_sample,
        batch_tokens=max(setup.batch_tokens, job.tokens_per_sample),
    )
    model, hardware = catalog.model(profile.model), Hardware.of([place])
    rated = training_rates(
        model,
        setup,
        hardware,
        np.array([nodes]),
        network_of([node.kind]) if node.kind else _NO_NETWORK,
    )
    refuse_reason(profile, int(rated.reason[0, 0]))
    work = training_work(model, setup.method, setup.frozen, setup.sequence_length)
    most = most_learned(work, hardware, setup, profile.accelerators)
    observed, modelled = (
        _per_second(profile, job, in_tokens=True),
        float(rated.tokens_per_second[0, 0]),
    )
    check_rate(profile, observed, modelled, most, "tokens/s")
    return ProfilePoint(
        placement=place,
        lengths=(job.tokens_per_sample,),
        load=float(nodes),
        speed=observed / modelled,
    )


def _refuse_split(profile: Profile) -> None:
    """Refuse jobs split in a given way: the model splits each gang as is fastest."""
    of_one = profile.tensor_parallel * profile.pipeline_parallel
    if of_one > 1:
        raise refused(
            profile,
            f"tensor_parallel x pipeline_parallel = {of_one} of a job cannot be compared: jobs "
            "are modelled in the fastest split there is; leave both out if this one was it, and "
            "the profile out if it was not",
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


def _nodes(profile: Profile, node: Node) -> int:
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
