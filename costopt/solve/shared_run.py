"""Solve a problem whose servers share nodes: prune, write, run, pack, and check the answer."""

from collections import Counter
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.answer import decision_of
from costopt.solve.failure_groups import FailureGroups
from costopt.solve.highs import Outcome, route_fixed, run_program
from costopt.solve.problem import FloatArray, IntArray, Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.recheck import total_cost, violations
from costopt.solve.reduce import Reduction, instances_needed, reduce_problem
from costopt.solve.shared_nodes import SharedNodes, market_of, replicas_of
from costopt.solve.shared_packing import PackedNodes, packed
from costopt.solve.shared_program import SharedAssembly, assemble_shared
from costopt.solve.shared_pruning import pruned
from costopt.solve.solution import Decision, Solution

LEAST_LOAD = 1e-9
"""Relative part of a replica that is taken for rounding when replicas are counted [1]."""


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
    parts = _Parts(problem=problem, market=market, served=served, nodes=nodes)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """The problem, and the two sides into which sharing divides it."""

    problem: Problem
    market: Problem
    served: Problem
    nodes: SharedNodes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answer:
    """A decision on nodes, with the replicas on them."""

    decision: Decision
    replicas: IntArray
    packing: tuple[PackedNodes, ...]


def _checked(
    parts: _Parts, reduction: Reduction, assembly: SharedAssembly, values: FloatArray
) -> _Answer:
    """Give the decision that the values stand for, its routing repaired where rounding hurt it.

    Raises:
        PlanCheckError: replicas do not fit, or the whole counts cannot carry the demand.
    """
    serving = decision_of(parts.served, reduction, assembly.replicas, values)
    if violations(_unlimited(parts.served), serving):
        run = route_fixed(assembly.program, values)
        values = values if run.values is None else run.values
        serving = decision_of(parts.served, reduction, assembly.replicas, values)
    serving = replace(serving, counts=_needed(parts.served, serving))
    packing = packed(
        parts.nodes,
        _whole(values[assembly.nodes]),
        serving.counts,
        _whole(values[assembly.partitions]),
        _split_nodes(assembly, values),
    )
    counts = np.zeros(len(parts.nodes.offer), dtype=np.int64)
    for one in packing:
        counts[one.node] += one.count
    decision = replace(serving, counts=counts)
    rented = replace(decision, shares=tuple(block.rates for block in parts.market.blocks))
    broken = [*violations(_unlimited(parts.served), serving), *violations(parts.market, rented)]
    broken += _overfull(parts.nodes, serving.counts, packing)
    if broken:
        raise PlanCheckError(broken)
    return _Answer(decision=decision, replicas=serving.counts, packing=packing)


def _unlimited(served: Problem) -> Problem:
    """Leave out the limits, which hold for nodes and not for replicas."""
    return replace(served, rows=(), budget_per_hour=None, max_groups=None)


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


def _needed(served: Problem, decision: Decision) -> IntArray:
    """Fewest replicas of each kind, of those decided, that carry what is routed (kinds,) [1].

    One stays on every server whose failure group counts towards a least number of them.
    """
    loads = [
        np.sum(_finite(instances_needed(block)) * shares, axis=1)
        for block, shares in zip(served.blocks, decision.shares, strict=True)
    ]
    least = np.ceil(np.concatenate([*loads, np.zeros(0)]) - LEAST_LOAD).astype(np.int64)
    counted = FailureGroups.of(served).is_counted & (decision.counts > 0)
    least[served.server[counted]] = np.maximum(least[served.server[counted]], 1)
    counts = decision.counts.copy()
    for kind in np.flatnonzero(counts)[::-1].tolist():
        server = served.server[kind]
        surplus = int(counts[served.server == server].sum() - least[server])
        counts[kind] -= min(max(surplus, 0), counts[kind])
    return counts


def _finite(load: FloatArray) -> FloatArray:
    """Loads with 0 where a server cannot serve; nothing is routed there."""
    return np.where(np.isfinite(load), load, 0.0)


def _overfull(
    nodes: SharedNodes, replicas: IntArray, packing: tuple[PackedNodes, ...]
) -> list[str]:
    """Say where a node holds more than it has, and where replicas stand on no node."""
    broken = []
    placed: Counter[int] = Counter()
    for one in packing:
        pool = int(nodes.pool[one.node])
        taken = sum(int(nodes.size[kind]) * count for kind, count in one.replicas)
        if taken > nodes.accelerators[pool]:
            broken.append(f"a node of {nodes.accelerators[pool]} accelerators holds {taken}")
        if any(nodes.home[kind] != pool for kind, _ in one.replicas):
            broken.append("a replica stands on a node of another pool")
        placed.update({kind: count * one.count for kind, count in one.replicas})
    if any(placed[kind] != count for kind, count in enumerate(replicas.tolist())):
        broken.append("a replica stands on no node")
    return broken


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
