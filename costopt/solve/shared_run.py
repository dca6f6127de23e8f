"""Solve a problem whose servers share nodes: prune, write, run, pack, and check the answer."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.answer import decision_of
from costopt.solve.highs import Outcome, route_fixed, run_program
from costopt.solve.problem import FloatArray, IntArray, Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.recheck import total_cost, violations
from costopt.solve.reduce import Reduction, reduce_problem
from costopt.solve.shared_answer import SharedAnswer, SharedParts, shared_answer, unlimited
from costopt.solve.shared_nodes import SharedNodes, market_of, replicas_of
from costopt.solve.shared_packing import PackedNodes
from costopt.solve.shared_program import SharedAssembly, assemble_shared
from costopt.solve.shared_pruning import pruned
from costopt.solve.solution import Solution


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedSolution:
    """Outcome of one solve with shared nodes.

    Attributes:
        solution: cost, bound and status; counts are those of the nodes, shares by server.
        nodes: what was left of the nodes and kinds after pruning.
        replicas: of each kind (kinds,) [1].
        packing: which replicas stand together; empty without an answer.
    """

    solution: Solution
    nodes: SharedNodes
    replicas: IntArray
    packing: tuple[PackedNodes, ...]


def solve_shared(
    problem: Problem,
    nodes: SharedNodes,
    *,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
    below: float = np.inf,
    prune: bool = True,
) -> SharedSolution:
    """Find the cheapest nodes on which all replicas find room, and check the answer.

    Args:
        problem: demand, jobs and limits; its offers count only through ``nodes``.
        nodes: what can be rented and what fits on it.
        gap: relative distance between cost and proven bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].
        below: highest cost of an answer; dearer ones are of no use [currency/h].
        prune: False solves without the lossless reduction, to audit it.

    Raises:
        InvalidInputError: the problem or a setting breaks a rule.
        PlanCheckError: the solver's answer fails the recheck.
    """
    started = perf_counter()
    check_effort("solve_shared", gap, time_limit_seconds)
    check_problem(problem)
    if np.isfinite(below):
        budget = np.inf if problem.budget_per_hour is None else problem.budget_per_hour
        problem = replace(problem, budget_per_hour=min(budget, below))
    if prune:
        nodes = pruned(problem, nodes)
    served, market = replicas_of(problem, nodes), market_of(problem, nodes)
    reduction = reduce_problem(served, prune=False)
    unsolvable = reduction.unserved or reduction.impossible_choices
    if unsolvable:
        seconds = perf_counter() - started
        return _without_answer(PlanStatus.INFEASIBLE, nodes, reduction, None, seconds)
    assembly = assemble_shared(market, served, nodes, reduction)
    left = max(started + time_limit_seconds - perf_counter(), 0.0)
    run = run_program(assembly.program, gap=gap, time_limit_seconds=left)
    seconds = perf_counter() - started
    if run.outcome is Outcome.INFEASIBLE:
        return _without_answer(PlanStatus.INFEASIBLE, nodes, reduction, None, seconds)
    bound = max(run.bound * assembly.price_scale, 0.0)
    if run.values is None:
        status = PlanStatus.NO_ANSWER_IN_TIME
        return _without_answer(status, nodes, reduction, bound, seconds)
    parts = SharedParts(market=market, served=served, nodes=nodes)
    answer = _checked(parts, reduction, assembly, run.values)
    rented = _whole(run.values[assembly.nodes])
    if _is_frozen(market) and (answer.decision.counts != rented).any():
        status = PlanStatus.NO_ANSWER_IN_TIME
        return _without_answer(status, nodes, reduction, bound, seconds)
    cost = total_cost(market, answer.decision)
    bound = min(bound, cost)
    proven = (cost - bound) / cost if cost > 0 else 0.0
    solution = Solution(
        status=proven_status(proven, gap),
        counts=answer.decision.counts,
        shares=answer.decision.shares,
        chosen=answer.decision.chosen,
        paid=answer.decision.paid,
        cost=cost,
        bound=bound,
        gap=proven,
        seconds=seconds,
        unserved=(),
        impossible_choices=(),
        drops=reduction.drops,
    )
    return SharedSolution(
        solution=solution, nodes=nodes, replicas=answer.replicas, packing=answer.packing
    )


def _is_frozen(market: Problem) -> bool:
    return market.changes is not None and market.changes.is_frozen


def _checked(
    parts: SharedParts, reduction: Reduction, assembly: SharedAssembly, values: FloatArray
) -> SharedAnswer:
    """Give the decision that the values stand for, its routing repaired where rounding hurt it.

    Raises:
        PlanCheckError: replicas do not fit, or the whole counts cannot carry the demand.
    """
    serving = decision_of(parts.served, reduction, assembly.replicas, values)
    if violations(unlimited(parts.served), serving):
        run = route_fixed(assembly.program, values)
        values = values if run.values is None else run.values
        serving = decision_of(parts.served, reduction, assembly.replicas, values)
    return shared_answer(
        parts,
        serving,
        _whole(values[assembly.nodes]),
        _whole(values[assembly.partitions]),
        _split_nodes(assembly, values),
    )


def _whole(values: FloatArray) -> IntArray:
    return np.round(values).astype(np.int64)


def _split_nodes(assembly: SharedAssembly, values: FloatArray) -> dict[int, list[tuple[int, ...]]]:
    """Parts of each node of the pools that are split."""
    found: dict[int, list[tuple[int, ...]]] = {
        pool: [] for pool in np.unique(assembly.split_home).tolist()
    }
    counts = _whole(values[assembly.splits]).tolist()
    homes = assembly.split_home.tolist()
    for home, sizes, count in zip(homes, assembly.split_sizes, counts, strict=True):
        found[home] += [sizes] * count
    return found


def _without_answer(
    status: PlanStatus,
    nodes: SharedNodes,
    reduction: Reduction,
    bound: float | None,
    seconds: float,
) -> SharedSolution:
    nothing = np.zeros(0, dtype=np.int64)
    solution = Solution(
        status=status,
        counts=nothing,
        shares=(),
        chosen=(),
        paid=(),
        cost=None,
        bound=bound,
        gap=None,
        seconds=seconds,
        unserved=reduction.unserved,
        impossible_choices=reduction.impossible_choices,
        drops=reduction.drops,
    )
    return SharedSolution(solution=solution, nodes=nodes, replicas=nothing, packing=())
