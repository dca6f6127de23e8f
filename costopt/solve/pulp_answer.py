"""PulpAnswer: what a solver made of a PuLP model, believed only after a recheck."""

from dataclasses import dataclass

import numpy as np
import pulp

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus
from costopt.solve.problem import IntArray
from costopt.solve.pulp_model import PulpModel
from costopt.solve.pulp_solver import routing_of, run_solver, whole_counts
from costopt.solve.recheck import total_cost, violations
from costopt.solve.solution import Decision


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpAnswer:
    """What a solver said of a model, after the recheck.

    Attributes:
        status: ``optimal_within_gap`` where the solver says that it has proven the gap asked for,
            which most solvers leave without a figure; ``feasible_at_limit`` where it stopped
            before; the others have no decision.
        decision: counts, routing and ways taken; None without an answer.
        cost: recomputed from the decision [currency/h]; None without an answer.
        seconds: wall-clock time of the solver with its reading and writing [s].
    """

    status: PlanStatus
    decision: Decision | None
    cost: float | None
    seconds: float


def solve_pulp_model(
    written: PulpModel,
    solver: str | pulp.LpSolver = "HiGHS",
    *,
    gap: float = 1e-4,
    time_limit_seconds: float = 60.0,
) -> PulpAnswer:
    """Solve a model and recheck the answer against the problem that it was written from.

    Args:
        written: the model.
        solver: a name that PuLP lists, or a solver made by hand, whose own gap and time count.
        gap: relative distance to the proven bound at which to stop [0..1].
        time_limit_seconds: wall-clock limit [s].

    Raises:
        UnknownNameError: PuLP has no solver of that name.
        InvalidInputError: the solver is not installed, or ended in a way that PuLP cannot read.
        PlanCheckError: the answer breaks a row of the problem.
    """
    status, seconds = run_solver(
        written.model, solver, gap=gap, time_limit_seconds=time_limit_seconds
    )
    if status in (PlanStatus.INFEASIBLE, PlanStatus.NO_ANSWER_IN_TIME):
        return PulpAnswer(status=status, decision=None, cost=None, seconds=seconds)
    decision = _decision(written)
    broken = violations(written.problem, decision)
    if broken:
        raise PlanCheckError(broken)
    cost = total_cost(written.problem, decision)
    return PulpAnswer(status=status, decision=decision, cost=cost, seconds=seconds)


def _decision(written: PulpModel) -> Decision:
    """Read the values back, shares without what is rounding."""
    chosen, paid = ways_of(written)
    return Decision(
        counts=whole_counts(written.counts),
        shares=tuple(routing_of(block) for block in written.blocks),
        chosen=chosen,
        paid=paid,
    )


def ways_of(written: PulpModel) -> tuple[tuple[int, ...], tuple[IntArray, ...]]:
    """Read back which way each job is run, and what its payers pay for.

    Args:
        written: the model, solved.
    """
    chosen = [
        int(np.argmax([variable.varValue or 0.0 for variable in ways])) for ways in written.taken
    ]
    return tuple(chosen), tuple(whole_counts(payers) for payers in written.paid)
