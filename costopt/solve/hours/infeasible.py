"""Which hours no fleet can serve, whatever is committed."""

from time import perf_counter

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import BoolArray


def unserved_kinds(problem: HourlyProblem, kinds: HourKinds, reach: Reach) -> BoolArray:
    """Kinds of hours in which some bucket has demand and no server that may run (kinds,).

    Spot alone does not serve a bucket whose share on spot is capped.
    """
    unserved = np.zeros(len(kinds), dtype=bool)
    for index, (block, load) in enumerate(zip(problem.blocks, reach.loads, strict=True)):
        running = reach.running(problem, index)
        able = np.isfinite(load)
        firm, spot = (
            (running[chosen].T.astype(np.int64) @ able[chosen].astype(np.int64)) > 0
            for chosen in (~block.is_spot, block.is_spot)
        )
        served = firm | (spot & (block.max_spot_fraction == 1))
        unserved |= (reach.factor[index] > 0) & (~served[:, block.demand > 0]).any(axis=1)
    return unserved


def infeasible_hours(hours: Decomposed, *, deadline: float) -> tuple[int, ...]:
    """Give the hours that nothing serves, even with the most of every commitment and no gang."""
    impossible = unserved_kinds(hours.problem, hours.kinds, hours.reach)
    most = hours.assembly.program.upper.copy()
    most[hours.assembly.columns.gangs.chosen] = 0
    free = np.zeros(len(hours.assembly.program.cost))
    for kind in np.flatnonzero(~impossible).tolist():
        if perf_counter() > deadline:
            break
        part = hours.programs.given(kind, most, free)
        impossible[kind] = (
            minimise_linear(part, time_limit_seconds=np.inf).outcome is Outcome.INFEASIBLE
            or minimise_whole(
                part, gap=1.0, time_limit_seconds=max(deadline - perf_counter(), 0.0)
            ).outcome
            is Outcome.INFEASIBLE
        )
    return tuple(np.flatnonzero(impossible[hours.kinds.kind]).tolist())
