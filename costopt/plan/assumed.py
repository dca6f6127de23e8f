"""What a plan takes for granted about how models are served and placed."""

from collections.abc import Iterator, Mapping
from typing import Final

from costopt.plan.plan import Plan
from costopt.plan.words import percent
from costopt.workload.served import ServedTokens, Software
from costopt.workload.serving import InferenceService

SOFTWARE_WORDS: Final[Mapping[Software, str]] = {
    "engine": "a serving engine",
    "vendor_tuned": "the vendor's tuned software",
    "framework": "a plain framework",
}
"""Kinds of serving software in words."""


def assumptions(plan: Plan) -> Iterator[str]:
    """Yield what differs from the default way to serve, and why services share no instances.

    Args:
        plan: with or without lines.
    """
    for name, workload in plan.request.named_workloads:
        if isinstance(workload, ServedTokens) and workload.served_fields():
            prefix = f"{name}: " if len(plan.request.workloads) > 1 else ""
            yield prefix + "; ".join(_served(workload))
    if _is_kept_apart(plan):
        yield (
            "every service has instances of its own; they share none where availability is "
            "promised"
        )


def _is_kept_apart(plan: Plan) -> bool:
    """Return whether several services might have shared instances but for what was asked."""
    request = plan.request
    services = [one for one in request.workloads if isinstance(one, InferenceService)]
    every = [request.limits, *(one.limits for one in services)]
    return len(services) > 1 and any(limits.availability is not None for limits in every)


def _served(workload: ServedTokens) -> Iterator[str]:
    """Say what differs from the default: software, shared prompts, drafts."""
    default = ServedTokens()
    if workload.software != default.software:
        yield f"served by {SOFTWARE_WORDS[workload.software]}"
    if workload.prefix_cache_fraction:
        share = percent(workload.prefix_cache_fraction)
        yield f"{share} of every prompt is shared and in the cache"
    if workload.speculative_tokens and workload.acceptance_fraction is not None:
        words = (
            f"{workload.speculative_tokens} drafted tokens a step, "
            f"{percent(workload.acceptance_fraction)} of them accepted"
        )
        if workload.draft_time_fraction:
            words += f", each in {percent(workload.draft_time_fraction)} of a step's time"
        yield words
