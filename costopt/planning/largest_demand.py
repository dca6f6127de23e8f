"""LargestDemand: what a budget and quotas carry at most, and the plan that does."""

from dataclasses import dataclass
from math import isinf

from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import in_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestDemand:
    """What a budget carries at most.

    Attributes:
        factor: multiple of the demand of every service, and of the requests or samples of every
            batch; 0 without a plan [1].
        bound_factor: multiple that is proven to be out of reach; ``inf`` where time ran out
            before any was [1].
        plan: the cheapest plan for that demand; without lines where nothing can be served.
        status: what the search came to: within the gap where ``bound_factor`` is reached but for
            0.1 %, at the limit where time ran out first.
    """

    factor: float
    bound_factor: float
    plan: Plan
    status: PlanStatus

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        if self.status is PlanStatus.NO_ANSWER_IN_TIME:
            return f"No plan was found in time; raise time_limit_seconds.\n{self.plan}"
        if not self.factor:
            return f"No part of the demand can be served.\n{self.plan}"
        told, most = f"{self.factor:.4g}", f"{self.bound_factor:.4g}"
        beyond = "more" if told == most else f"more than {most} times"
        text = f"The limits carry {told} times the demand; {beyond} is out of reach."
        if isinf(self.bound_factor):
            text = f"The limits carry {told} times the demand, and may carry more."
        if self.status is PlanStatus.FEASIBLE_AT_LIMIT:
            text += " Time ran out before that was closed in on; raise time_limit_seconds."
        return f"{in_columns(text, '')}\n{self.plan}"

    __repr__ = __str__
