"""PulpSharedAnswer: what a solver made of a model with shared nodes, packed and rechecked."""

from dataclasses import dataclass

import numpy as np
import pulp

from costopt.plan.status import PlanStatus
from costopt.solve.problem import IntArray
from costopt.solve.pulp_answer import ways_of
from costopt.solve.pulp_shared import PulpShared
from costopt.solve.pulp_solver import routing_of, run_solver, whole, whole_counts
from costopt.solve.recheck import total_cost
from costopt.solve.shared_answer import SharedParts, shared_answer
from costopt.solve.shared_nodes import market_of, replicas_of
from costopt.solve.shared_packing import PackedNodes
from costopt.solve.solution import Decision


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpSharedAnswer:
    """What a solver said of a model with shared nodes, after the recheck.

    Attributes:
        status: as of `PulpAnswer`.
        decision: nodes rented, routing and ways taken; None without an answer.
        replicas: of each kind (kinds,) [1].
        packing: which replicas stand together; empty without an answer.
        cost: recomputed from the decision [currency/h]; None without an answer.
        seconds: wall-clock time of the solver with its reading and writing [s].
    """

    status: PlanStatus
    decision: Decision | None
    replicas: IntArray
    packing: tuple[PackedNodes, ...]
    cost: float | None
    seconds: float


def solve_pulp_shared(
    written: PulpShared,
    solver: str | pulp.LpSolver = "HiGHS",
    *,
    gap: float = 1e-4,
    time_limit_seconds: float = 60.0,
) -> PulpSharedAnswer:
    """Solve a model, pack the replicas on nodes, and recheck all of it.

    Args:
        written: the model.
        solver: a name that PuLP lists, or a solver made by hand, whose own gap and time count.
        gap: relative distance to the proven bound at which to stop [0..1].
        time_limit_seconds: wall-clock limit [s].

    Raises:
        UnknownNameError: PuLP has no solver of that name.
        InvalidInputError: the solver is not installed, or ended in a way that PuLP cannot read.
        PlanCheckError: the answer breaks a row of the problem, or finds no room.
    """
    status, seconds = run_solver(
        written.model, solver, gap=gap, time_limit_seconds=time_limit_seconds
    )
    if status in (PlanStatus.INFEASIBLE, PlanStatus.NO_ANSWER_IN_TIME):
        return PulpSharedAnswer(
            status=status,
            decision=None,
            replicas=np.zeros(0, dtype=np.int64),
            packing=(),
            cost=None,
            seconds=seconds,
        )
    parts = SharedParts(
        market=market_of(written.problem, written.nodes),
        served=replicas_of(written.problem, written.nodes),
        nodes=written.nodes,
    )
    splits: dict[int, list[tuple[int, ...]]] = {}
    for (pool, split), variable in written.splits.items():
        splits.setdefault(pool, []).extend([split] * whole(variable))
    answer = shared_answer(
        parts,
        _serving(written),
        whole_counts(written.market.counts),
        whole_counts(written.divided),
        splits,
    )
    return PulpSharedAnswer(
        status=status,
        decision=answer.decision,
        replicas=answer.replicas,
        packing=answer.packing,
        cost=total_cost(parts.market, answer.decision),
        seconds=seconds,
    )


def _serving(written: PulpShared) -> Decision:
    """Read replicas, routing and jobs back."""
    chosen, paid = ways_of(written.market)
    return Decision(
        counts=whole_counts(written.replicas),
        shares=tuple(routing_of(block) for block in written.blocks),
        chosen=chosen,
        paid=paid,
    )
