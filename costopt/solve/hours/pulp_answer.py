"""PulpHoursAnswer: what a solver made of a PuLP model over hours, believed after a recheck."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pulp

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus
from costopt.solve.hours.bill import costs_of, covered_by
from costopt.solve.hours.pulp_model import PulpHours
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.solution import Commitments, HourlyCosts, HourlyDecision
from costopt.solve.problem import FloatArray
from costopt.solve.pulp_solver import routing_of, run_solver, whole, whole_counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpHoursAnswer:
    """What a solver said of a model over hours, after the recheck.

    Attributes:
        status: ``optimal_within_gap`` where the solver says that it has proven the gap asked for,
            which most solvers leave without a figure; ``feasible_at_limit`` where it stopped
            before; the others have no decision.
        decision: what runs in each hour and what is committed; None without an answer.
        costs: recomputed from the decision, plans applied in the provider's order; None without
            an answer.
        seconds: wall-clock time of the solver with its reading and writing [s].
    """

    status: PlanStatus
    decision: HourlyDecision | None
    costs: HourlyCosts | None
    seconds: float

    @property
    def cost(self) -> float | None:
        """What was minimised, over the horizon [currency]; None without an answer."""
        return None if self.costs is None else self.costs.objective


def solve_pulp_hours(
    written: PulpHours,
    solver: str | pulp.LpSolver = "HiGHS",
    *,
    gap: float = 1e-4,
    time_limit_seconds: float = 60.0,
) -> PulpHoursAnswer:
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
        return PulpHoursAnswer(status=status, decision=None, costs=None, seconds=seconds)
    problem, decision = written.problem, _decision(written)
    broken = hourly_violations(problem, decision)
    if broken:
        raise PlanCheckError(broken)
    coverage = covered_by(problem, decision.counts, decision.commitments)
    costs = costs_of(problem, decision.counts, decision.commitments, coverage)
    return PulpHoursAnswer(status=status, decision=decision, costs=costs, seconds=seconds)


def _decision(written: PulpHours) -> HourlyDecision:
    """Read the values back; every hour is a kind of its own."""
    problem = written.problem
    counts = np.zeros((problem.offer_count, problem.hour_count), dtype=np.int64)
    for hour, running in enumerate(written.counts):
        for offer, variable in running.items():
            counts[offer, hour] = whole(variable)
    most = problem.spends.upper.tolist()
    money = zip(written.spends, most, strict=True)
    return HourlyDecision(
        counts=counts,
        kind=np.arange(problem.hour_count),
        shares=tuple(_routing(written, block) for block in range(len(problem.blocks))),
        commitments=Commitments(
            quantities=whole_counts(written.quantities),
            spends=np.array([min(max(one.varValue or 0.0, 0.0), upper) for one, upper in money]),
            resources=whole_counts(written.resources),
        ),
    )


def _routing(written: PulpHours, block: int) -> FloatArray:
    """Shares of one workload, hour by hour (hours, servers, buckets)."""
    first, last = list(pairwise(written.problem.first_server.tolist()))[block]
    found = [routing_of(hour[block]) for hour in written.blocks]
    shape = (len(found), last - first, written.problem.blocks[block].demand.size)
    return np.array(found).reshape(shape)
