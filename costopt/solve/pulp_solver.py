"""Run any solver that PuLP knows on a model, and read only what its status lets stand."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import pulp

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.solve.problem import FloatArray, IntArray
from costopt.solve.problem_checks import check_effort
from costopt.solve.pulp_block import PulpBlock

SUBJECT = "to_pulp"
"""What messages are about."""

RESIDUE = 1e-9
"""Largest share that is taken for a solver's rounding [1]."""


def run_solver(
    model: pulp.LpProblem,
    solver: str | pulp.LpSolver,
    *,
    gap: float,
    time_limit_seconds: float,
) -> tuple[PlanStatus, float]:
    """Solve a model; return how that ended, and the wall-clock time that it took [s].

    Args:
        model: the model, whose variables then hold the values found.
        solver: a name that PuLP lists, or a solver made by hand, whose own gap and time count.
        gap: relative distance to the proven bound at which to stop [0..1].
        time_limit_seconds: wall-clock limit [s].

    Raises:
        UnknownNameError: PuLP has no solver of that name.
        InvalidInputError: the solver is not installed, or ended in a way that PuLP cannot read.
    """
    check_effort(SUBJECT, gap, time_limit_seconds)
    chosen = _solver(solver, gap, time_limit_seconds)
    started = perf_counter()
    try:
        model.solve(chosen)
    except (pulp.PulpSolverError, KeyError) as error:
        # PuLP 3 looks the status of HiGHS up in a table that lacks the solution limit.
        problem = f"{chosen.name} ended in a way that PuLP cannot read: {error}"
        raise InvalidInputError(SUBJECT, [problem]) from None
    return _status(model), perf_counter() - started


def _solver(solver: str | pulp.LpSolver, gap: float, time_limit_seconds: float) -> pulp.LpSolver:
    """Return the solver, or make the one of that name."""
    if not isinstance(solver, str):
        return solver
    if solver not in pulp.listSolvers():
        raise UnknownNameError("solver", solver, pulp.listSolvers())
    settings = {"msg": False, "gapRel": gap, "timeLimit": time_limit_seconds, "threads": 1}
    if solver == "PULP_CBC_CMD":
        # The bundled solver by its path: PuLP 3.3 warns whenever its own name for it is used.
        made = pulp.COIN_CMD(path=pulp.PULP_CBC_CMD.pulp_cbc_path, **settings)
    else:
        made = pulp.getSolver(solver, **settings)
    if not made.available():
        problem = f"the solver {solver} is not installed; PuLP finds {_installed()}"
        raise InvalidInputError(SUBJECT, [problem])
    return made


def _installed() -> str:
    return ", ".join(sorted(pulp.listSolvers(onlyAvailable=True)))


def _status(model: pulp.LpProblem) -> PlanStatus:
    """Say how a solve ended by the status of the solution alone.

    PuLP's other status says "Optimal" at a time limit with HiGHS, and after "Not Solved" or
    "Infeasible" with CBC the variables hold values of the linear relaxation.
    """
    outcomes = {
        pulp.LpSolutionOptimal: PlanStatus.OPTIMAL_WITHIN_GAP,
        pulp.LpSolutionIntegerFeasible: PlanStatus.FEASIBLE_AT_LIMIT,
        pulp.LpSolutionNoSolutionFound: PlanStatus.NO_ANSWER_IN_TIME,
        pulp.LpSolutionInfeasible: PlanStatus.INFEASIBLE,
    }
    # No column has a negative cost, so a program that no solver can bound cannot be unbounded.
    return outcomes.get(model.sol_status, PlanStatus.INFEASIBLE)


def whole(variable: pulp.LpVariable) -> int:
    """Return the value of a whole variable, which solvers leave within their tolerance."""
    return round(variable.varValue or 0.0)


def whole_counts(variables: Sequence[pulp.LpVariable]) -> IntArray:
    """Return the values of whole variables (variables,) [1]."""
    return np.array([whole(variable) for variable in variables], dtype=np.int64)


def _rented(written: PulpBlock) -> IntArray:
    """Return the instances that add to each server of a workload (servers,) [1]."""
    counts = [int(whole_counts(own).sum()) for own in written.rented]
    return np.array(counts, dtype=np.int64)


def routing_of(written: PulpBlock) -> FloatArray:
    """Read the shares of one workload back, without what is rounding (servers, buckets).

    Nothing is routed to a server without instances.

    Args:
        written: the workload, solved.
    """
    share = np.zeros(written.block.rates.shape)
    for (server, bucket), variable in written.shares.items():
        share[server, bucket] = variable.varValue or 0.0
    share[(share < RESIDUE) | (_rented(written)[:, None] == 0)] = 0.0
    served = share.sum(axis=0)
    share /= np.where(served > 0, served, 1.0)
    return share
