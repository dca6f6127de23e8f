"""Lossless pruning of shared nodes: nodes, kinds of replicas and pools that nobody needs."""

from collections.abc import Sequence

import numpy as np

from costopt.solve.alternatives import ROUNDING
from costopt.solve.failure_groups import FailureGroups
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem
from costopt.solve.shared_nodes import SharedNodes, market_of, replicas_of
from costopt.solve.switching import with_starts

SLACK = 1e-12
"""Relative rounding by which equal rates may differ [1]."""


def pruned(problem: Problem, nodes: SharedNodes) -> SharedNodes:
    """Leave out what a cheapest plan does not need.

    - Nodes of which the limits leave not one, and kinds without a node.
    - Kinds: a replica of t accelerators leaves where t // t' replicas of the same workload on t'
      of them serve at least as much of every bucket; they fit where it stood.
    - Nodes: of the nodes of a pool that take the same of every limit the cheapest stays.
    - Large nodes: a pool leaves where all that one can hold costs no more with each replica on a
      node of its own elsewhere, ``max_k p_k / t_k * G <= c``: ``p`` the cheapest such node, ``t``
      accelerators of the replica, ``G`` of the node at the price ``c``; for slices, the dearest
      partition of an accelerator takes the place of ``p_k / t_k``.
    - Pools: a pool leaves where a node of another costs and takes of every limit no more, has as
      many accelerators, and has for each kind one of the same workload that is no larger and no
      slower. Spot does not stand in for firm, and what can be lost only for what is lost with
      it. Under a limit on distinct types all pools stay: one more could be one type too many.

    Where something runs already its nodes stay, and any other node is held against the rest as if
    all were started: several in its place then cost no more with every start.

    Args:
        problem: demand, jobs and limits.
        nodes: what can be rented and what fits on it.
    """
    nodes = nodes.with_nodes(np.flatnonzero(_affordable(market_of(problem, nodes))))
    nodes = nodes.with_kinds(np.flatnonzero(np.isin(nodes.home, nodes.pool)))
    nodes = nodes.with_kinds(_useful_kinds(problem, nodes))
    problem = with_starts(problem, of_running=True)
    nodes = nodes.with_nodes(_cheapest_sources(problem, nodes))
    if problem.max_groups is not None:
        return nodes
    nodes = _with_pools(nodes, _useful_pools(problem, nodes))
    return _with_pools(nodes, _not_cheaper_apart(problem, nodes))


def _with_pools(nodes: SharedNodes, kept: IntArray) -> SharedNodes:
    nodes = nodes.with_nodes(np.flatnonzero(np.isin(nodes.pool, kept)))
    return nodes.with_kinds(np.flatnonzero(np.isin(nodes.home, kept)))


def _affordable(market: Problem) -> BoolArray:
    """Nodes of which the limits leave at least one (nodes,)."""
    uppers = market.row_uppers * (1 + ROUNDING)
    fits = (market.row_coefficients <= uppers).all(axis=1) & (market.upper >= 1)
    if market.budget_per_hour is not None:
        fits &= market.price_per_hour <= market.budget_per_hour * (1 + ROUNDING)
    return np.asarray(fits, dtype=np.bool_)


class _Kinds:
    """What each kind of replica serves, by one padded row for each.

    Attributes:
        block: workload of each kind (kinds,).
        speed: part of each bucket's demand that one replica carries (kinds, widest block) [1].
        spot: whether it can be reclaimed (kinds,).
    """

    def __init__(self, problem: Problem, nodes: SharedNodes) -> None:
        served = replicas_of(problem, nodes)
        self.block = served.offer_block
        self.failure = FailureGroups.of(served)
        local = served.server - served.first_server[self.block]
        widest = max((len(block.demand) for block in served.blocks), default=0)
        self.speed: FloatArray = np.zeros((len(self.block), widest))
        self.spot = np.zeros(len(self.block), dtype=np.bool_)
        for index, block in enumerate(served.blocks):
            mine = np.flatnonzero(self.block == index)
            wanted = block.demand > 0
            carried = block.rates[:, wanted] * block.max_utilisation[:, None]
            self.speed[mine, : int(wanted.sum())] = (carried / block.demand[wanted])[local[mine]]
            self.spot[mine] = block.is_spot[local[mine]]

    def may_stand_in(self, others: IntArray, kind: int) -> BoolArray:
        """Which kinds may take over from another one, by workload, reliability and group."""
        same = self.block[others] == self.block[kind]
        same &= self.spot[kind] | ~self.spot[others]
        return np.asarray(same & self.failure.may_stand_in(others, np.array([kind])))


def _runs(market: Problem) -> BoolArray:
    """Nodes of a kind that runs already (nodes,)."""
    if market.changes is None:
        return np.zeros(market.offer_count, dtype=np.bool_)
    return market.changes.is_running


def _useful_kinds(problem: Problem, nodes: SharedNodes) -> IntArray:
    """Kinds that no smaller ones of the same workload stand in for."""
    kinds = _Kinds(problem, nodes)
    alive: BoolArray = np.any(kinds.speed > 0, axis=1)
    order = np.lexsort((nodes.size, nodes.slot, nodes.home))
    of_pool = np.split(order, np.flatnonzero(np.diff(nodes.home[order])) + 1)
    for members in of_pool:
        for kind in members.tolist():
            if not alive[kind]:
                continue
            others = members[(kinds.block[members] == kinds.block[kind]) & (members != kind)]
            others = others[alive[others] & (nodes.slot[others] == nodes.slot[kind])]
            others = others[nodes.size[others] >= nodes.size[kind]]
            several = nodes.size[others] // max(int(nodes.size[kind]), 1)
            several = np.where(nodes.size[others] > 0, several, 1)
            enough = several[:, None] * kinds.speed[kind] * (1 + SLACK) >= kinds.speed[others]
            alive[others[enough.all(axis=1)]] = False
    return np.flatnonzero(alive)


def _cheapest_sources(problem: Problem, nodes: SharedNodes) -> IntArray:
    """Nodes of which no other of the same pool and limits is cheaper, cheapest first."""
    market = market_of(problem, nodes)
    used = np.isin(nodes.pool, nodes.home)
    order = np.lexsort((nodes.offer, market.price_per_hour, nodes.pool))
    order = order[used[order]]
    columns = [nodes.pool[order], *market.row_coefficients[order].T]
    if problem.max_groups is not None:
        columns.append(market.group[order])
    _, first, alike = np.unique(
        np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True
    )
    plentiful = np.isinf(market.upper[order])
    cheapest = first[alike.reshape(-1)]
    beaten = (cheapest < np.arange(len(order))) & plentiful[cheapest] & ~_runs(market)[order]
    return order[~beaten]


def _useful_pools(problem: Problem, nodes: SharedNodes) -> IntArray:
    """Pools that no other pool stands in for, node by node."""
    market, kinds = market_of(problem, nodes), _Kinds(problem, nodes)
    pools = np.unique(nodes.pool)
    price = np.array([market.price_per_hour[nodes.pool == pool].min() for pool in pools])
    by_price = pools[np.lexsort((pools, -nodes.accelerators[pools], price))]
    kept: list[int] = []
    for pool in by_price.tolist():
        mine = np.flatnonzero(nodes.home == pool)
        theirs = np.flatnonzero(np.isin(nodes.home, kept))
        rivals = _rivals(nodes, kinds, mine, theirs)
        rivals = rivals[_costs_no_more(market, nodes, pool, rivals)]
        if not len(rivals) or _runs(market)[nodes.pool == pool].any():
            kept.append(pool)
    return np.array(kept, dtype=np.int64)


def _rivals(nodes: SharedNodes, kinds: _Kinds, mine: IntArray, theirs: IntArray) -> IntArray:
    """Pools whose nodes hold, for each of these kinds, one that is no larger and no slower."""
    pool = nodes.home[mine[0]]
    candidates = np.unique(nodes.home[theirs])
    candidates = candidates[nodes.accelerators[candidates] >= nodes.accelerators[pool]]
    for kind in mine.tolist():
        same = kinds.may_stand_in(theirs, kind) & (nodes.slot[theirs] == nodes.slot[kind])
        same &= nodes.size[theirs] <= nodes.size[kind]
        rival = theirs[same]
        fast = kinds.speed[rival] * (1 + SLACK) >= kinds.speed[kind]
        candidates = np.intersect1d(candidates, nodes.home[rival[fast.all(axis=1)]])
        if not len(candidates):
            break
    return candidates


def _costs_no_more(market: Problem, nodes: SharedNodes, pool: int, rivals: IntArray) -> BoolArray:
    """Whether a node of each rival is no dearer and takes no more than every node of a pool."""
    own = np.flatnonzero(nodes.pool == pool)
    price = market.price_per_hour[own].min()
    taken = market.row_coefficients[own].min(axis=0)
    theirs = np.flatnonzero(np.isin(nodes.pool, rivals))
    fits = (market.price_per_hour[theirs] <= price) & np.isinf(market.upper[theirs])
    fits &= (market.row_coefficients[theirs] <= taken).all(axis=1)
    return np.isin(rivals, nodes.pool[theirs[fits]])


def _not_cheaper_apart(problem: Problem, nodes: SharedNodes) -> IntArray:
    """Pools on whose nodes some replica costs less than on a node of its own elsewhere."""
    market, kinds = market_of(problem, nodes), _Kinds(problem, nodes)
    alive = np.unique(nodes.pool)
    dearest = np.lexsort((alive, -nodes.accelerators[alive]))
    kept = dict.fromkeys(alive.tolist())
    for pool in alive[dearest].tolist():
        if _is_cheaper_apart(market, nodes, kinds, pool, [one for one in kept if one != pool]):
            del kept[pool]
    return np.array(sorted(kept), dtype=np.int64)


def _is_cheaper_apart(
    market: Problem, nodes: SharedNodes, kinds: _Kinds, pool: int, others: Sequence[int]
) -> bool:
    """Whether each replica on a pool's nodes costs no more on one of its own elsewhere."""
    own = np.flatnonzero(nodes.pool == pool)
    if _runs(market)[own].any():
        return False
    accelerators = int(nodes.accelerators[pool])
    taken = market.row_coefficients[own].min(axis=0)
    theirs = np.flatnonzero(np.isin(nodes.home, others))
    partitions = nodes.partition_slots[nodes.partition_home == pool]
    by_slot = np.zeros(nodes.partition_slots.shape[1])
    dearest = 0.0
    for kind in np.flatnonzero(nodes.home == pool).tolist():
        slot, size = int(nodes.slot[kind]), int(nodes.size[kind])
        part = size if slot < 0 else 1 / partitions.sum(axis=1).max()
        price = _apart(market, nodes, kinds, kind, theirs, taken * part / accelerators)
        if np.isinf(price):
            return False
        if slot < 0:
            dearest = max(dearest, price / size)
        else:
            by_slot[slot] = max(by_slot[slot], price)
    if len(partitions) and by_slot.any():
        used = by_slot > 0
        dearest = max(dearest, float((partitions[:, used] @ by_slot[used]).max()))
    return bool(dearest * accelerators <= market.price_per_hour[own].min())


def _apart(
    market: Problem,
    nodes: SharedNodes,
    kinds: _Kinds,
    kind: int,
    theirs: IntArray,
    taken: FloatArray,
) -> float:
    """Price of the cheapest node elsewhere that stands in for one replica; infinite without.

    Args:
        market: nodes with their prices and limits.
        nodes: which replicas fit where.
        kinds: what each kind serves.
        kind: of the replica.
        theirs: kinds elsewhere.
        taken: of each limit at most (rows,).
    """
    rivals = theirs[kinds.may_stand_in(theirs, kind)]
    fast = (kinds.speed[rivals] * (1 + SLACK) >= kinds.speed[kind]).all(axis=1)
    rented = np.isin(nodes.pool, nodes.home[rivals[fast]]) & np.isinf(market.upper)
    rented &= (market.row_coefficients <= taken).all(axis=1)
    return float(market.price_per_hour[rented].min(initial=np.inf))
