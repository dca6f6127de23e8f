"""One time limit for a question that takes many searches."""

from time import perf_counter
from typing import Final

from costopt.workload.request import PlanRequest

LAST_SHARE: Final = 0.4
"""Part of the limit that is kept for the plan at the end [0..1]."""

NEXT_SHARE: Final = 0.5
"""Part of the time left that one search may take at most, so that others follow [0..1]."""

LEAST_SECONDS: Final = 0.05
"""Time that a search gets however late it is [s]."""


class SharedTime:
    """The time limit of a question, begun when this is made.

    Attributes:
        limit_seconds: of all searches together [s].
        stop: when searching ends, by the performance counter [s].
    """

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self.stop = perf_counter() + (1 - LAST_SHARE) * limit_seconds

    @property
    def is_over(self) -> bool:
        """Whether no search may begin any more but the last."""
        return perf_counter() >= self.stop

    def for_next(self, request: PlanRequest) -> PlanRequest:
        """Return a request with the time that its search may take now."""
        left = NEXT_SHARE * (self.stop - perf_counter())
        return request.model_copy(update={"time_limit_seconds": max(left, LEAST_SECONDS)})

    def for_last(self, request: PlanRequest) -> PlanRequest:
        """Return a request with the time that is kept for the plan, whatever the others took."""
        kept = LAST_SHARE * self.limit_seconds
        return request.model_copy(update={"time_limit_seconds": kept})
