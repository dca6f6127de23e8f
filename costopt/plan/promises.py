"""What a plan keeps when spot capacity is lost, in sentences."""

from collections.abc import Iterator

from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.plan import Plan
from costopt.plan.words import counted
from costopt.workload.spot_promises import SpotPromises

MOST_NAMED = 3
"""Failure groups that a sentence names."""


def promises_in_words(plan: Plan) -> tuple[str, ...]:
    """Say of each service what its limits on spot losses come to; nothing where it has none.

    Args:
        plan: with or without lines.
    """
    if not plan.lines:
        return ()
    several = len(plan.outcomes) > 1
    shared = plan.request.limits
    sentences: list[str] = []
    for outcome, workload in zip(plan.outcomes, plan.request.workloads, strict=True):
        promises = SpotPromises.of(workload.limits, shared)
        words = "; ".join(_of_service(outcome, promises))
        if words:
            sentences.append(f"{outcome.workload}: {words}" if several else words)
    return tuple(sentences)


def _of_service(outcome: WorkloadOutcome, promises: SpotPromises) -> Iterator[str]:
    if promises.losses and not outcome.worst_loss:
        yield "nothing is on spot that could be lost"
    elif promises.losses:
        groups = counted(promises.losses, promises.failure_group)
        named = " and ".join(outcome.worst_loss[:MOST_NAMED])
        rest = len(outcome.worst_loss) - MOST_NAMED
        more = f" and {rest} more" if rest > 0 else ""
        factor = outcome.worst_loss_factor
        when = "" if factor is None else f", in hours at {factor:.2f} times the mean rate"
        yield (
            f"losing any {groups} leaves at least {_floor(outcome.served_after_losses)} served in "
            f"every request size, {_floor(promises.served_fraction)} promised; the worst is "
            f"{named}{more}{when}"
        )
    if promises.min_groups > 1 and outcome.spot_fraction:
        groups = counted(promises.min_groups, promises.failure_group)
        yield f"spot is in at least {groups} that carry a part of it"
    if promises.availability and outcome.availability is not None:
        yield (
            f"P(capacity >= demand) is at least {_floor(outcome.availability)}, "
            f"{_floor(promises.availability)} promised"
        )


def _floor(fraction: float) -> str:
    """Write a share that is kept at least, never above what it is.

    >>> [_floor(fraction) for fraction in (1.0, 0.7599999999, 0.75, 0.99949)]
    ['100 %', '76 %', '75 %', '99.9 %']
    """
    tenths = int(1000 * fraction + 1e-6) / 10
    return f"{tenths:g} %"
