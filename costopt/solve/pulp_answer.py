"""Solve a PuLP model with any solver that PuLP knows, and believe only what is checked."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pulp

from costopt.errors import InvalidInputError, PlanCheckError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.solve.problem_checks import check_effort
from costopt.solve.pulp_model import PulpModel
from costopt.solve.recheck import total_cost, violations
from costopt.solve.solution import Decision

SUBJECT = "to_pulp"
"""What messages are about."""

RESIDUE = 1e-9
"""Largest share that is taken for a solver's rounding [1]."""


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
    check_effort(SUBJECT, gap, time_limit_seconds)
    chosen = _solver(solver, gap, time_limit_seconds)
    started = perf_counter()
    try:
        written.model.solve(chosen)
    except (pulp.PulpSolverError, KeyError) as error:
        # PuLP 3 looks the status of HiGHS up in a table that lacks the solution limit.
        problem = f"{chosen.name} ended in a way that PuLP cannot read: {error}"
        raise InvalidInputError(SUBJECT, [problem]) from None
    seconds = perf_counter() - started
    status = _status(written.model)
    if status in (PlanStatus.INFEASIBLE, PlanStatus.NO_ANSWER_IN_TIME):
        return PulpAnswer(status=status, decision=None, cost=None, seconds=seconds)
    decision = _decision(written)
    broken = violations(written.problem, decision)
    if broken:
        raise PlanCheckError(broken)
    cost = total_cost(written.problem, decision)
    return PulpAnswer(status=status, decision=decision, cost=cost, seconds=seconds)


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


def _decision(written: PulpModel) -> Decision:
    """Read the values back, shares without what is rounding."""
    problem = written.problem
    shares = [np.zeros(block.rates.shape) for block in problem.blocks]
    for (index, server, bucket), variable in written.shares.items():
        shares[index][server, bucket] = variable.varValue or 0.0
    counts = np.array([_whole(variable) for variable in written.counts], dtype=np.int64)
    rented = np.bincount(problem.server, weights=counts, minlength=int(problem.first_server[-1]))
    for index, share in enumerate(shares):
        first, last = problem.first_server[index : index + 2]
        share[(share < RESIDUE) | (rented[first:last, None] == 0)] = 0.0
        served = share.sum(axis=0)
        share /= np.where(served > 0, served, 1.0)
    return Decision(
        counts=counts,
        shares=tuple(shares),
        chosen=tuple(
            int(np.argmax([variable.varValue or 0.0 for variable in ways]))
            for ways in written.taken
        ),
        paid=tuple(
            np.array([_whole(variable) for variable in payers], dtype=np.int64)
            for payers in written.paid
        ),
    )


def _whole(variable: pulp.LpVariable) -> int:
    return round(variable.varValue or 0.0)
