"""From what a workload says about its software to what the performance model takes."""

from costopt.performance.serving_setup import ServingSetup
from costopt.performance.tiers import Tier
from costopt.workload.served import ServedTokens


def setup_of(workload: ServedTokens) -> ServingSetup:
    """Return how a service or a batch of a generating model is served.

    Args:
        workload: the service or batch.
    """
    return ServingSetup(
        tier=Tier(workload.software),
        prefix_fraction=workload.prefix_cache_fraction,
        draft_tokens=workload.speculative_tokens,
        acceptance_fraction=workload.acceptance_fraction or 0.0,
        draft_time_fraction=workload.draft_time_fraction,
    )
