"""Solution: what a solve found, how good it is proven to be, and why offers dropped out."""

from dataclasses import dataclass
from enum import IntEnum

from costopt.plan.status import PlanStatus
from costopt.solve.problem import FloatArray, IntArray


class DropReason(IntEnum):
    """Why an offer was left out before the solver saw it."""

    KEPT = 0
    SERVES_NOTHING = 1
    """It cannot serve any bucket that has demand."""
    SPOT_EXCLUDED = 2
    """It is spot, and no share of the workload may run on spot."""
    NO_QUOTA = 3
    """Less than one instance of it is allowed."""
    OVER_LIMIT = 4
    """One instance of it alone breaks a limit row."""
    OVER_BUDGET = 5
    """One instance of it alone costs more than the budget."""
    CHEAPER_SOURCE = 6
    """Offers of the same server at no higher price can cover all that is ever needed."""
    DOMINATED = 7
    """Whole instances of another offer do at least as much at no higher price."""
    LOSS_EXCLUDED = 8
    """It can be lost, and no share of the workload may be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drops:
    """Why each offer was left out, and what beats it.

    Attributes:
        reason: a `DropReason` for each offer (offers,).
        beaten_by: offer that takes its place; -1 where nothing does (offers,).
        beaten_by_count: how many of that replace one of this; 0 where nothing does
            (offers,) [instances].
    """

    reason: IntArray
    beaten_by: IntArray
    beaten_by_count: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """What to rent, how to route, and which alternatives to take.

    Attributes:
        counts: instances of each offer (offers,) [1].
        shares: for each block, share of each bucket that each server takes
            (servers, buckets) [0..1]; 0 for buckets without demand.
        chosen: for each choice, the alternative taken.
        paid: for each choice, instances that each of its payers pays for (payers,) [1]; left out
            where no choice has payers.
    """

    counts: IntArray
    shares: tuple[FloatArray, ...]
    chosen: tuple[int, ...]
    paid: tuple[IntArray, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Outcome of one solve, rechecked against the problem as it was handed in.

    Without a plan (`PlanStatus.INFEASIBLE`, `PlanStatus.NO_ANSWER_IN_TIME`) the cost and the gap
    are None, and `counts`, `shares`, `chosen` and `paid` are empty.

    Attributes:
        status: what the solve came to.
        counts: instances of each offer (offers,) [1].
        shares: for each block, share of each bucket that each server takes
            (servers, buckets) [0..1].
        chosen: for each choice, the alternative taken.
        paid: for each choice, instances that each of its payers pays for (payers,) [1].
        cost: recomputed from the counts and the chosen alternatives [currency/h].
        bound: proven: no plan costs less [currency/h]; None when infeasible.
        gap: (cost - bound) / cost [1].
        seconds: wall-clock time of reduction, solve and recheck [s].
        unserved: (block, bucket) pairs that the offers within their own limits cannot serve.
        impossible_choices: choices without an alternative within its own limits.
        drops: why offers were left out before the solve.
    """

    status: PlanStatus
    counts: IntArray
    shares: tuple[FloatArray, ...]
    chosen: tuple[int, ...]
    paid: tuple[IntArray, ...]
    cost: float | None
    bound: float | None
    gap: float | None
    seconds: float
    unserved: tuple[tuple[int, int], ...]
    impossible_choices: tuple[int, ...]
    drops: Drops
