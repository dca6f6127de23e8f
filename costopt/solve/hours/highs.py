"""HiGHS over arrays: whole programs from a starting point, and linear ones with their prices."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from costopt.errors import PlanCheckError
from costopt.solve.highs import OPTIONS, Outcome, SolverRun, run_solver, set_option
from costopt.solve.hours.program import ArrayProgram
from costopt.solve.problem import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearRun:
    """What HiGHS claims of a linear program; nothing here has been checked.

    Attributes:
        outcome: how the run ended.
        values: value of each column; None unless finished.
        row_prices: change of the objective per unit of each row's bound; None unless finished.
        objective: least value found; meaningless unless finished.
    """

    outcome: Outcome
    values: FloatArray | None
    row_prices: FloatArray | None
    objective: float


def minimise_whole(
    program: ArrayProgram,
    *,
    gap: float,
    time_limit_seconds: float,
    start: FloatArray | None = None,
) -> SolverRun:
    """Minimise the program with its whole columns whole.

    Args:
        program: the program.
        gap: relative distance between cost and bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].
        start: a point to start from, feasible or nearly so (columns,).
    """
    import highspy

    if not len(program.cost):
        outcome = _without_columns(program)
        values = None if outcome is Outcome.INFEASIBLE else np.zeros(0)
        return SolverRun(outcome=outcome, values=values, bound=0.0)
    solver = _loaded(program, program.integer)
    set_option(solver, "mip_rel_gap", gap)
    set_option(solver, "time_limit", time_limit_seconds)
    if start is not None:
        point: Any = highspy.HighsSolution()
        point.col_value = start
        solver.setSolution(point)
    status, finished = _run(solver)
    if status in _no_point():
        return SolverRun(outcome=Outcome.INFEASIBLE, values=None, bound=0.0)
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if finished and not found:
        raise PlanCheckError(["HiGHS claims an optimum and has no feasible point"])
    bound = info.mip_dual_bound if program.integer.any() else info.objective_function_value
    return SolverRun(
        outcome=Outcome.FINISHED if finished else Outcome.STOPPED,
        values=np.array(solver.getSolution().col_value) if found else None,
        bound=bound if finished or program.integer.any() else -np.inf,
    )


def minimise_linear(program: ArrayProgram, *, time_limit_seconds: float) -> LinearRun:
    """Minimise the program with no column whole."""
    if not len(program.cost):
        outcome, nothing = _without_columns(program), np.zeros(0)
        prices = np.zeros(len(program.row_lower))
        return LinearRun(outcome=outcome, values=nothing, row_prices=prices, objective=0.0)
    solver = _loaded(program, np.zeros(len(program.cost), dtype=bool))
    set_option(solver, "time_limit", time_limit_seconds)
    status, finished = _run(solver)
    if not finished:
        outcome = Outcome.INFEASIBLE if status in _no_point() else Outcome.STOPPED
        return LinearRun(outcome=outcome, values=None, row_prices=None, objective=0.0)
    solution = solver.getSolution()
    return LinearRun(
        outcome=Outcome.FINISHED,
        values=np.array(solution.col_value),
        row_prices=np.array(solution.row_dual),
        objective=solver.getInfo().objective_function_value,
    )


def _without_columns(program: ArrayProgram) -> Outcome:
    kept = (program.row_lower <= 0).all() and (program.row_upper >= 0).all()
    return Outcome.FINISHED if kept else Outcome.INFEASIBLE


def _loaded(program: ArrayProgram, integer: Any) -> Any:
    import highspy

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it open
    for name, value in OPTIONS.items():
        set_option(solver, name, value)
    starts = np.searchsorted(program.entry_column, np.arange(len(program.cost) + 1))
    status = solver.passModel(
        len(program.cost),
        len(program.row_lower),
        len(program.entry_value),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.cost,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        starts.astype(np.int32),
        program.entry_row.astype(np.int32),
        program.entry_value,
        integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise PlanCheckError(["HiGHS refused the program over hours"])
    return solver


def _no_point() -> tuple[Any, ...]:
    import highspy

    # Costs and bounds are finite here, so nothing can be unbounded.
    statuses = highspy.HighsModelStatus
    return (statuses.kInfeasible, statuses.kUnboundedOrInfeasible)


def _run(solver: Any) -> tuple[Any, bool]:
    """Run, and return the status of the model and whether it is an optimum.

    Raises:
        PlanCheckError: HiGHS ended in a way that this program cannot have.
    """
    import highspy

    status = run_solver(solver)
    statuses = highspy.HighsModelStatus
    if status not in (statuses.kOptimal, statuses.kTimeLimit, *_no_point()):
        raise PlanCheckError([f"HiGHS ended with {solver.modelStatusToString(status)}"])
    return status, status == statuses.kOptimal
