"""PlanStatus: what a search for a plan came to."""

from enum import StrEnum
from typing import Final

GAP_ROUNDING: Final = 1e-9
"""How far rounding may lift a proven gap."""


class PlanStatus(StrEnum):
    """Outcome of a search; the proven gap stands beside it, never inside it."""

    OPTIMAL_WITHIN_GAP = "optimal_within_gap"
    FEASIBLE_AT_LIMIT = "feasible_at_limit"
    INFEASIBLE = "infeasible"
    NO_ANSWER_IN_TIME = "no_answer_in_time"


def proven_status(gap: float, asked: float) -> PlanStatus:
    """Return the status of an answer: whether its gap is the one that was asked for.

    Args:
        gap: proven relative distance of the cost to the bound.
        asked: gap at which the search may stop.
    """
    if gap <= asked + GAP_ROUNDING:
        return PlanStatus.OPTIMAL_WITHIN_GAP
    return PlanStatus.FEASIBLE_AT_LIMIT
