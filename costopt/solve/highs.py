"""HiGHS in process: arrays in, values, proven bound and outcome out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from costopt.errors import PlanCheckError
from costopt.solve.problem import FloatArray, IntArray
from costopt.solve.program import Program

OPTIONS: Final = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "mip_abs_gap": 0.0,
    "mip_allow_restart": False,
    "mip_feasibility_tolerance": 2e-9,
    "primal_feasibility_tolerance": 1e-9,
}
"""Settings of every run: silent, repeatable, stopped by the relative gap alone, and five hundred
times stricter than the recheck. At a tolerance of 1e-9, the least matrix value that is kept, and
without restarts HiGHS 1.15.1 called 13,452.86 the optimum of a program with 50 columns that has a
plan for 13,152.51; at 1.1e-9 it finds that. Source: HiGHS documentation, list of options."""


class Outcome(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    STOPPED = "stopped"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SolverRun:
    """What HiGHS claims; nothing here has been checked.

    Attributes:
        outcome: how the run ended.
        values: value of each column of the best point found; None without one.
        bound: lower bound on the objective; meaningless when infeasible.
    """

    outcome: Outcome
    values: FloatArray | None
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A point to start from, as far as it is known; the solver finds the other columns.

    Attributes:
        columns: numbers of the columns.
        values: value of each.
    """

    columns: IntArray
    values: FloatArray


def run_program(
    program: Program,
    *,
    gap: float,
    time_limit_seconds: float,
    good_enough: float = -np.inf,
    start: Start | None = None,
) -> SolverRun:
    """Minimise the program with its whole columns whole.

    Args:
        program: the program.
        gap: relative distance between cost and bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].
        good_enough: objective at which to stop whatever the bound.
        start: point to start from; None without one.
    """
    upper = np.concatenate(program.column_uppers)
    integer = np.concatenate(program.integers)
    solver = _loaded(program, np.zeros_like(upper), upper, integer.astype(np.int32))
    set_option(solver, "mip_rel_gap", gap)
    set_option(solver, "time_limit", time_limit_seconds)
    if np.isfinite(good_enough):
        set_option(solver, "objective_target", good_enough)
    if start is not None:
        columns = start.columns.astype(np.int32)
        solver.setSolution(len(columns), columns, start.values)
    return _run(solver)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """Optimum of the program with its whole columns free to be fractions.

    Attributes:
        values: value of each column.
        duals: change of the objective for each unit that a row's side is raised.
        objective: least value of the objective.
    """

    values: FloatArray
    duals: FloatArray
    objective: float


def run_relaxed(program: Program, *, time_limit_seconds: float) -> Relaxed | Outcome:
    """Solve the linear relaxation; the outcome where it has no optimum in time.

    Args:
        program: the program.
        time_limit_seconds: wall-clock limit [s].
    """
    upper = np.concatenate(program.column_uppers)
    solver = _loaded(program, np.zeros_like(upper), upper, np.zeros(len(upper), dtype=np.int32))
    set_option(solver, "time_limit", time_limit_seconds)
    run = _run(solver)
    if run.outcome is not Outcome.FINISHED or run.values is None:
        return run.outcome
    return Relaxed(
        values=run.values,
        duals=np.array(solver.getSolution().row_dual),
        objective=float(np.concatenate(program.costs) @ run.values),
    )


def route_fixed(program: Program, values: FloatArray) -> SolverRun:
    """Solve the linear program that is left with the whole columns at the nearest whole numbers.

    Args:
        program: the program.
        values: value of each column of the point to repair.
    """
    integer = np.concatenate(program.integers)
    lower = np.where(integer, np.round(values), 0)
    upper = np.where(integer, lower, np.concatenate(program.column_uppers))
    solver = _loaded(program, lower, upper, np.zeros(len(lower), dtype=np.int32))
    return _run(solver)


def _loaded(program: Program, lower: FloatArray, upper: FloatArray, integer: Any) -> Any:
    import highspy

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it open
    for name, value in OPTIONS.items():
        set_option(solver, name, value)
    starts, rows, values = program.by_column()
    status = solver.passModel(
        program.column_count,
        program.row_count,
        len(values),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        np.concatenate(program.costs),
        lower,
        upper,
        np.concatenate([*program.row_lowers, np.zeros(0)]),
        np.concatenate([*program.row_uppers, np.zeros(0)]),
        starts.astype(np.int32),
        rows.astype(np.int32),
        values,
        integer,
    )
    if status == highspy.HighsStatus.kError:
        raise PlanCheckError(["HiGHS refused the program"])
    return solver


def set_option(solver: Any, name: str, value: float | bool) -> None:
    """Set an option of HiGHS.

    Args:
        solver: of HiGHS.
        name: of the option.
        value: of the option.

    Raises:
        PlanCheckError: HiGHS refuses it.
    """
    import highspy

    if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise PlanCheckError([f"HiGHS refused the option {name} = {value}"])


def run_solver(solver: Any) -> Any:
    """Run with a scheduler of our own, leave none behind, and return the status of the model.

    HiGHS keeps one scheduler for each calling thread and refuses to run with another thread
    count than it was made for. Source: pull request 818 of ERGO-Code/HiGHS (one for each
    thread), issue 130 of jump-dev/HiGHS.jl (the refusal).

    Args:
        solver: of HiGHS, with a model.
    """
    import highspy

    highspy.Highs.resetGlobalScheduler(True)
    try:
        solver.run()
    finally:
        highspy.Highs.resetGlobalScheduler(True)
    return solver.getModelStatus()


def _run(solver: Any) -> SolverRun:
    """Run, and read what HiGHS claims.

    Raises:
        PlanCheckError: HiGHS ended in a way that this program cannot have.
    """
    import highspy

    status = run_solver(solver)
    statuses = highspy.HighsModelStatus
    # Costs and bounds are finite here, so nothing can be unbounded.
    if status in (statuses.kInfeasible, statuses.kUnboundedOrInfeasible):
        return SolverRun(outcome=Outcome.INFEASIBLE, values=None, bound=0.0)
    if status not in (statuses.kOptimal, statuses.kTimeLimit, statuses.kObjectiveTarget):
        raise PlanCheckError([f"HiGHS ended with {solver.modelStatusToString(status)}"])
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    finished = status == statuses.kOptimal
    if finished and not found:
        raise PlanCheckError(["HiGHS claims an optimum and has no feasible point"])
    return SolverRun(
        outcome=Outcome.FINISHED if finished else Outcome.STOPPED,
        values=np.array(solver.getSolution().col_value) if found else None,
        bound=info.mip_dual_bound,
    )
