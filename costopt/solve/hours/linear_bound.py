"""A bound over a series from its hours put together, each at the mean demand of its own."""

from dataclasses import replace
from time import perf_counter

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.decomposed import Decomposed, take_apart
from costopt.solve.hours.highs import LinearRun, minimise_linear
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.prune import needed_offers
from costopt.solve.hours.reach import reach_of
from costopt.solve.problem import BoolArray


def linear_bound(
    mean: HourlyProblem, needed: BoolArray | None = None, *, deadline: float
) -> float | None:
    """Cost of the linear program, hours at mean demand: no plan of the series costs less.

    The least cost of an hour in fractions is convex in its demand, so that at the mean it is no
    more than the mean of the costs (Jensen's inequality).

    Args:
        mean: hours that stand for several, at the mean demand of these.
        needed: offers that are worth a look (offers,); None = to be found out.
        deadline: when to stop, by the clock of `perf_counter` [s].

    Returns:
        The bound, 0 where time ran out [currency]; None when even fractions are infeasible.
    """
    hours, run = relaxed_at_mean(mean, needed, deadline=deadline)
    if run.outcome is Outcome.INFEASIBLE:
        return None
    columns = hours.assembly.columns
    return run.objective * columns.scale + columns.constant if run.values is not None else 0.0


def relaxed_at_mean(
    mean: HourlyProblem, needed: BoolArray | None = None, *, deadline: float
) -> tuple[Decomposed, LinearRun]:
    """Solve the linear program of hours at mean demand.

    Args:
        mean: hours that stand for several, at the mean demand of these.
        needed: offers that are worth a look (offers,); None = to be found out.
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    hours = apart_at_mean(mean, needed)
    left = max(deadline - perf_counter(), 0.0)
    return hours, minimise_linear(hours.assembly.program, time_limit_seconds=left)


def apart_at_mean(mean: HourlyProblem, needed: BoolArray | None = None) -> Decomposed:
    """Take apart a problem whose hours stand for several, at the mean demand of these.

    Args:
        mean: hours that stand for several.
        needed: offers that are worth a look (offers,); None = to be found out.
    """
    kinds = hour_kinds(mean)
    reach = reach_of(mean, kinds)
    needed = needed_offers(mean, reach) if needed is None else needed
    reach = replace(reach, upper=np.where(needed[:, None], reach.upper, 0), is_mean=True)
    return take_apart(mean, kinds, reach)
