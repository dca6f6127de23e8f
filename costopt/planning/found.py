"""Found: what a search came to, and which of two searches to keep."""

from dataclasses import dataclass, replace

import numpy as np

from costopt.evaluate.operate import Operated
from costopt.plan.status import PlanStatus, proven_status
from costopt.planning.assemble import AssembledProblem
from costopt.solve.solution import Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        solution: of the last problem that was solved.
        assembled: that problem.
        operated: lines of each workload with their figures; empty without an answer.
        rounds: problems that were solved [1].
        is_late: True where no round met the limit on the first token.
        bound: no lines within the limits cost less [plan currency/h]; that of the first problem,
            which asks for the least.
    """

    solution: Solution
    assembled: AssembledProblem
    operated: tuple[Operated, ...]
    rounds: int
    is_late: bool
    bound: float | None

    @property
    def gap(self) -> float | None:
        """Distance of the cost to the bound, relative; None without an answer."""
        cost = self.solution.cost
        if cost is None or self.bound is None:
            return None
        return max(cost - self.bound, 0.0) / cost if cost > 0 else 0.0

    def status(self, gap: float) -> PlanStatus:
        """What the search came to, held against the gap that was asked for."""
        if self.gap is None:
            return self.solution.status
        return proven_status(self.gap, gap)


def cheaper_of(
    narrow: Found, wide: Found, beaten_by: float, *, is_contained: bool = True
) -> Found:
    """Return the plan of a wider search where it has one, and a bound that holds for both.

    Whatever runs without sharing is also allowed with it, and whatever runs on whole accelerators
    is allowed beside slices; unless availability is promised, for which a shared node counts
    against all that may stand on it.

    Args:
        narrow: found without sharing, or without slices.
        wide: of the wider search, which only answers below the cost of the other.
        beaten_by: that cost, within the gap [plan currency/h].
        is_contained: whether the wider search allows all that the other one does.
    """
    other = np.inf if narrow.solution.cost is None else narrow.solution.cost
    if wide.solution.cost is not None and wide.solution.cost <= other:
        is_impossible = narrow.solution.status is PlanStatus.INFEASIBLE
        if is_contained or is_impossible:
            return wide
        return replace(wide, bound=min(narrow.bound or 0.0, wide.bound or 0.0))
    is_proven = wide.solution.status is PlanStatus.INFEASIBLE
    if narrow.solution.cost is None:
        return narrow if is_proven else wide
    bound = beaten_by if is_proven else wide.bound
    return replace(narrow, bound=min(narrow.bound or 0.0, bound or 0.0))


def unanswered(found: Found) -> Found:
    """Return a search without an answer: no mix was found that starts in time.

    That the tightened problem is infeasible proves nothing about the request.

    Args:
        found: without an answer in time.
    """
    solution = replace(
        found.solution, status=PlanStatus.NO_ANSWER_IN_TIME, cost=None, gap=None, shares=(),
        chosen=(),
    )  # fmt: skip
    return replace(found, solution=solution, operated=(), is_late=True)


def cost_in_time(found: Found) -> tuple[bool, float]:
    """Sort key: plans in time first, then the cheaper; those without an answer last.

    Args:
        found: what is sorted.
    """
    cost = found.solution.cost
    return found.is_late or cost is None, np.inf if cost is None else cost
