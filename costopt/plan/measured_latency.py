"""Latencies that profiles measured, held against the limits of lines that rest on them."""

from collections.abc import Iterator, Sequence
from typing import Final

from costopt.performance.profiled import LENGTH_TOLERANCE
from costopt.performance.reasons import Origin
from costopt.plan.line import PlanLine
from costopt.profile.profile import Profile, ServedLoad
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

SAME_RATE: Final = 1.05
"""Factor up to which a measured rate is one that a line is counted on for [1].

Source: a planning choice: benchmarks that are repeated differ by as much.
"""


def late_measurements(lines: Sequence[PlanLine], request: PlanRequest) -> list[str]:
    """Say where a run was slower than a limit, at a rate that its lines are counted on for.

    Measured are medians: where one is above the limit, so is each higher percentile.

    Args:
        lines: of a plan.
        request: of the plan, with its workloads and profiles.
    """
    told: dict[str, None] = {}
    for name, workload in request.named_workloads:
        own = [line for line in lines if line.workload == name]
        if isinstance(workload, InferenceService) and workload.traffic is not None:
            told |= dict.fromkeys(_late(own, workload, request))
    return list(told)


def _late(
    lines: Sequence[PlanLine], workload: InferenceService, request: PlanRequest
) -> Iterator[str]:
    """Say the same of one workload."""
    limits = (("TTFT", "ttft_ms", workload.max_ttft_ms), ("TPOT", "tpot_ms", workload.max_tpot_ms))
    for line in lines:
        for profile, load in _loads_behind(line, workload, request):
            for title, field, limit in limits:
                found = getattr(load, field)
                if limit is not None and found is not None and found > limit:
                    yield (
                        f"{profile.source} measured a median {title} of {found:,.0f} ms at "
                        f"{load.requests_per_second:,.4g} requests/s on {profile.accelerators} x "
                        f"{profile.accelerator}, above the limit of {limit:,.0f} that "
                        f"{line.offer.instance_type} is counted on to keep at that rate"
                    )


def _loads_behind(
    line: PlanLine, workload: InferenceService, request: PlanRequest
) -> Iterator[tuple[Profile, ServedLoad]]:
    """Yield the loads that were measured in the layout of a line, at its rate or less."""
    if line.rate_origin != Origin.MEASURED.name.lower() or line.rate_per_instance is None:
        return
    most = SAME_RATE * line.rate_per_instance / line.layout.replicas
    for profile in request.profiles:
        if not _is_of(profile, line, workload, request):
            continue
        for load in profile.loads:
            each = load.requests_per_second / profile.replicas
            if each <= most and _near(load, workload):
                yield profile, load


def _is_of(
    profile: Profile, line: PlanLine, workload: InferenceService, request: PlanRequest
) -> bool:
    """Whether a profile is of a line's layout, and not of another workload's model."""
    others = {getattr(other, "model", None) for other in request.workloads} - {workload.model}
    layout = line.layout
    return (
        profile.model not in others
        and profile.accelerator == layout.accelerator
        and profile.tensor_parallel == layout.tensor_parallel
    )


def _near(load: ServedLoad, workload: InferenceService) -> bool:
    """Whether the mean request of a load is that of the workload; so where a trace says it."""
    sizes = workload.traffic.sizes if workload.traffic is not None else None
    if sizes is None:
        return True
    total = sum(size.share_fraction for size in sizes)
    means = (
        (load.input_tokens, sum(size.input_tokens * size.share_fraction for size in sizes)),
        (load.output_tokens, sum(size.output_tokens * size.share_fraction for size in sizes)),
    )
    return all(
        max(found, mean / total) <= LENGTH_TOLERANCE * min(found, mean / total)
        for found, mean in means
    )
