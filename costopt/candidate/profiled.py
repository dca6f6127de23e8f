"""What profiles of one's own say of a workload: which concern it, and at what speed it then runs.

Candidates and the check of a plan both come here, so that they speak of the same speed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import PlannedHardware, planned_hardware
from costopt.candidate.formats import format_names
from costopt.candidate.profile_bounds import refused
from costopt.candidate.profile_jobs import sample_points
from costopt.candidate.profile_points import serving_points
from costopt.candidate.profile_words import asked, told
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import Sizes, sizes_of
from costopt.catalog.catalog import Catalog
from costopt.performance.bands import Work
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.links import LinkKind
from costopt.performance.profiled import LENGTH_TOLERANCE, ProfilePoints, with_speed
from costopt.performance.serving import serving_rates
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named
from costopt.profile.profile import Profile
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]

ROUNDS: Final = 3
"""Times that load and speed are worked out from each other.

Source: a planning choice; a slower instance runs fewer requests within its limits, where another
point of a sweep may be nearer. With a single point the second round settles it.
"""


USUAL_SHARE: Final = 0.5
"""Share of a workload's tokens that must be of the measured lengths to count as measured [0..1].

Source: a planning choice: the larger part of the work.
"""

SAME_FORMATS: Final = frozenset({"bf16", "fp16"})
"""Formats of equal bytes and, on each accelerator that has both, of equal peak."""


def planned_replicas(
    hardware: Hardware,
    workload: InferenceService,
    catalog: Catalog,
    precision: str,
    settings: RateSettings,
) -> PlannedHardware:
    """Hardware of replicas at the speed that is planned with, by profiles where they speak of it.

    Args:
        hardware: one row per replica.
        workload: a service with traffic.
        catalog: where model, trace and accelerators are described.
        precision: number format of the weights.
        settings: profiles, and the probability with which the planned speed is reached.
    """
    profiled = profiled_replicas(hardware, workload, catalog, precision, settings.profiles)
    return planned_hardware(profiled, Work.SERVING, settings.confidence)


def profiled_replicas(
    hardware: Hardware,
    workload: InferenceService | BatchInference,
    catalog: Catalog,
    precision: str,
    profiles: Sequence[Profile],
) -> Hardware:
    """Hardware of replicas at the speed that profiles show; as it is where they say nothing.

    Args:
        hardware: one row per replica.
        workload: requests, as they come or as a batch.
        catalog: where model, trace and accelerators are described.
        precision: number format of the weights.
        profiles: of the request.
    """
    own = concerning(profiles, workload, catalog, precision)
    traffic = workload.traffic if isinstance(workload, InferenceService) else workload
    if not own or traffic is None:
        return hardware
    points = serving_points(own, catalog, setup_of(workload))
    sizes = sizes_of(traffic, catalog)
    mean = RequestSizes(
        input_tokens=np.array([sizes.shares @ sizes.tokens.input_tokens]),
        output_tokens=np.array([sizes.shares @ sizes.tokens.output_tokens]),
    )
    lengths = (float(mean.input_tokens[0]), float(mean.output_tokens[0]))
    rows = np.flatnonzero(points.concern(hardware))
    plain = part = hardware.take(rows)
    usual = _usual(points, sizes)
    for _ in range(ROUNDS):
        loads = _loads(part, workload, catalog, precision, mean)
        part = with_speed(plain, points, lengths, loads, usual=usual)
    return _put(hardware, rows, part)


def _usual(points: ProfilePoints, sizes: Sizes) -> NDArray[np.bool_]:
    """Whether half of all tokens are of requests of each point's lengths, not on the mean alone.

    Short chats and a few long documents have a mean that no request has.
    """
    tokens = np.column_stack([sizes.tokens.input_tokens, sizes.tokens.output_tokens])
    apart = np.abs(np.log(tokens)[:, None, :] - np.log(points.lengths)[None, :, :]).max(axis=2)
    work = sizes.shares * tokens.sum(axis=1)
    near = work @ (apart <= np.log(LENGTH_TOLERANCE)) / work.sum()
    return np.asarray(near >= USUAL_SHARE)


def _loads(
    hardware: Hardware,
    workload: InferenceService | BatchInference,
    catalog: Catalog,
    precision: str,
    mean: RequestSizes,
) -> tuple[Floats, Floats]:
    """Requests that run in each replica, as it is planned and fully loaded, at least 1 (n,) [1].

    Those of the workload's mean request: which sizes go where is not known yet.
    """
    limits, use = LatencyLimits(), 1.0
    if isinstance(workload, InferenceService):
        limits = LatencyLimits(
            max_ttft_ms=workload.max_ttft_ms,
            max_tpot_ms=workload.max_tpot_ms,
            percentile=workload.percentile,
        )
        use = workload.max_utilisation
    model, formats = catalog.model(workload.model), formats_named(precision, workload.kv_precision)
    setup = setup_of(workload)
    planned, most = (
        serving_rates(model, hardware, formats, mean, limits, share, setup=setup).running_requests[
            :, 0
        ]
        for share in (use, 1.0)
    )
    planned = np.maximum(planned, 1.0)
    return planned, np.maximum(most, planned)


def planned_samples(
    hardware: Hardware,
    workload: InferenceService,
    catalog: Catalog,
    precision: str,
    settings: RateSettings,
) -> PlannedHardware:
    """Hardware of whole instances at the planned speed, as ``planned_replicas`` for samples."""
    profiled = profiled_samples(hardware, workload, catalog, precision, settings.profiles)
    return planned_hardware(profiled, Work.SAMPLES, settings.confidence)


def profiled_samples(
    hardware: Hardware,
    workload: InferenceService | BatchInference,
    catalog: Catalog,
    precision: str,
    profiles: Sequence[Profile],
) -> Hardware:
    """Hardware of whole instances at the speed that profiles of samples show.

    Each accelerator is a replica of its own, so how many an instance has makes no difference.

    Args:
        hardware: one row per instance.
        workload: samples, as they come or as a batch.
        catalog: where model and accelerators are described.
        precision: number format of the weights.
        profiles: of the request.
    """
    own = concerning(profiles, workload, catalog, precision)
    if not own:
        return hardware
    one = np.ones(len(hardware))
    alone = replace(
        hardware, accelerators=one, link_kind=np.full(len(hardware), LinkKind.NONE, dtype=np.int64)
    )
    lengths = (workload.tokens_per_sample or 1.0,)
    found = with_speed(alone, sample_points(own, catalog), lengths, (one, one))
    return replace(hardware, speed=found.speed, profiled=found.profiled)


def concerning(
    profiles: Sequence[Profile], workload: AnyWorkload, catalog: Catalog, precision: str
) -> tuple[Profile, ...]:
    """Profiles of the workload's model, kind of work and formats.

    Args:
        profiles: of the request.
        workload: one of its workloads.
        catalog: where models are described.
        precision: number format of the weights.
    """
    return tuple(
        profile
        for profile in profiles
        if _same_weights(profile, precision) and _fits(profile, workload, catalog)
    )


def _same_weights(profile: Profile, precision: str) -> bool:
    """Whether a profile ran in a format; frozen weights of QLoRA may be named for it."""
    frozen = profile.job is not None and profile.job.method == "qlora"
    if frozen and profile.precision.startswith("nf4"):
        return True
    return _same_format(profile.precision, precision)


def _same_format(one: str, other: str) -> bool:
    return one == other or {one, other} == SAME_FORMATS


def _fits(profile: Profile, workload: AnyWorkload, catalog: Catalog) -> bool:
    """Whether a profile is of the workload's model and kind of work."""
    if isinstance(workload, Requirement) or not _same_kind(profile, workload):
        return False
    return catalog.model(profile.model).name == catalog.model(workload.model).name


def _same_kind(profile: Profile, workload: AnyWorkload) -> bool:
    """Whether a profile did the kind of work that a workload is."""
    job = profile.job
    if isinstance(workload, FineTuneJob):
        return job is not None and (job.kind, job.method) == ("fine_tune", workload.method)
    if isinstance(workload, TrainingJob):
        return job is not None and job.kind == "training"
    if isinstance(workload, Requirement):
        return False
    by_request = workload.traffic if isinstance(workload, InferenceService) else workload.requests
    if by_request is not None:
        return bool(profile.loads) and _same_format(profile.kv_precision, workload.kv_precision)
    return job is not None and job.kind == "samples"


def check_profiles(request: PlanRequest, catalog: Catalog) -> None:
    """Refuse profiles that say nothing about any workload of a request.

    Raises:
        UnknownNameError: a model or accelerator is not in the catalogue.
        InvalidInputError: a profile is of another model, kind of work or number format.
    """
    for profile in request.profiles:
        catalog.model(profile.model)
        catalog.accelerator(profile.accelerator)
        if not any(
            concerning((profile,), workload, catalog, precision)
            for workload in request.workloads
            if not isinstance(workload, Requirement)
            for precision in format_names(workload.precision)
        ):
            wanted = "; ".join(asked(workload) for workload in request.workloads)
            raise refused(
                profile,
                f"{told(profile)} says nothing about what is asked, {wanted}; leave it out",
            )


def _put(hardware: Hardware, rows: NDArray[np.int64], part: Hardware) -> Hardware:
    """Hardware with the speeds of some of its rows."""
    speed, profiled = hardware.speed.copy(), hardware.profiled.copy()
    speed[rows], profiled[rows] = part.speed, part.profiled
    return replace(hardware, speed=speed, profiled=profiled)
