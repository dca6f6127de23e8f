"""PlanStatus: what a search for a plan came to."""

from enum import StrEnum


class PlanStatus(StrEnum):
    """Outcome of a search; the proven gap stands beside it, never inside it."""

    OPTIMAL_WITHIN_GAP = "optimal_within_gap"
    FEASIBLE_AT_LIMIT = "feasible_at_limit"
    INFEASIBLE = "infeasible"
    NO_ANSWER_IN_TIME = "no_answer_in_time"
