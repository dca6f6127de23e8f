"""From counts of nodes and replicas to an answer: who stands where, and whether it holds."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.errors import PlanCheckError
from costopt.solve.failure_groups import FailureGroups
from costopt.solve.problem import FloatArray, IntArray, Problem
from costopt.solve.recheck import total_cost, violations
from costopt.solve.reduce import instances_needed
from costopt.solve.shared_nodes import SharedNodes
from costopt.solve.shared_packing import PackedNodes, packed
from costopt.solve.solution import Decision

LEAST_LOAD: Final = 1e-9
"""Relative part of a replica that is taken for rounding when replicas are counted [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedParts:
    """The two sides into which sharing divides a problem: what is rented, and what serves."""

    market: Problem
    served: Problem
    nodes: SharedNodes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedAnswer:
    """A decision on nodes, with the replicas on them."""

    decision: Decision
    replicas: IntArray
    packing: tuple[PackedNodes, ...]


def shared_answer(
    parts: SharedParts,
    serving: Decision,
    rented: IntArray,
    partitions: IntArray,
    splits: dict[int, list[tuple[int, ...]]],
) -> SharedAnswer:
    """Put replicas on nodes and hold the whole against the problem.

    Nodes that nothing stands on are given back, unless they run already and letting them idle
    costs less than to stop them: one replica more then stands on each.

    Args:
        parts: what is rented, what serves, and what fits where.
        serving: replicas and their routing, jobs and their payers.
        rented: nodes (nodes,) [1].
        partitions: accelerators divided each way (partitions,) [1].
        splits: pool -> parts of each of its nodes, as `packed` has them.

    Raises:
        PlanCheckError: replicas do not fit, or cannot carry what is routed to them.
    """
    serving = replace(serving, counts=_needed(parts.served, serving))
    packing = packed(parts.nodes, rented, serving.counts, partitions, splits)
    counts = np.zeros(len(parts.nodes.offer), dtype=np.int64)
    for one in packing:
        counts[one.node] += one.count
    idle = _worth_keeping(parts, serving, counts, rented) - counts
    if idle.any():
        packing, serving = _with_idle(parts, packing, serving, idle)
        counts = counts + idle
    decision = replace(serving, counts=counts)
    market = replace(decision, shares=tuple(block.rates for block in parts.market.blocks))
    broken = [*violations(unlimited(parts.served), serving), *violations(parts.market, market)]
    broken += _overfull(parts.nodes, serving.counts, packing)
    if broken:
        raise PlanCheckError(broken)
    return SharedAnswer(decision=decision, replicas=serving.counts, packing=packing)


def _worth_keeping(
    parts: SharedParts, serving: Decision, counts: IntArray, rented: IntArray
) -> IntArray:
    """Return nodes with those of the rented ones that idle for less than a stop costs."""
    changes = parts.market.changes
    if changes is None:
        return counts
    for node in np.flatnonzero((rented > counts) & changes.is_running).tolist():
        more = counts.copy()
        more[node] = rented[node]
        with_idle, without = (
            total_cost(parts.market, replace(serving, counts=each)) for each in (more, counts)
        )
        home = _home_of_idle(parts, serving, node)
        if home is not None and (changes.is_frozen or with_idle < without):
            counts = more
    return counts


def _home_of_idle(parts: SharedParts, serving: Decision, node: int) -> int | None:
    """Return the kind of replica that stands on a node which would idle; None where none may.

    Whole accelerators come before slices, and a kind whose server has replicas elsewhere before
    others: it takes part of their load. One of another server must not be the only failure group
    in use where several are promised.
    """
    nodes, counts = parts.nodes, serving.counts
    kinds = np.flatnonzero(nodes.home == nodes.pool[node])
    standing = np.isin(nodes.server[kinds], nodes.server[counts > 0])
    for kind in kinds[np.lexsort((~standing, nodes.size[kinds] == 0))].tolist():
        more = counts.copy()
        more[kind] += 1
        if not violations(unlimited(parts.served), replace(serving, counts=more)):
            return int(kind)
    return None


def _with_idle(
    parts: SharedParts, packing: tuple[PackedNodes, ...], serving: Decision, idle: IntArray
) -> tuple[tuple[PackedNodes, ...], Decision]:
    """Let one replica stand on each node that would idle."""
    counts, kept = serving.counts.copy(), list(packing)
    for node in np.flatnonzero(idle).tolist():
        kind = _home_of_idle(parts, serving, node)
        if kind is not None:
            kept.append(PackedNodes(node=node, count=int(idle[node]), replicas=((kind, 1),)))
            counts[kind] += idle[node]
    return tuple(kept), replace(serving, counts=counts)


def unlimited(served: Problem) -> Problem:
    """Leave out the limits, which hold for nodes and not for replicas."""
    return replace(served, rows=(), budget_per_hour=None, max_groups=None)


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
