"""The program of shared nodes: replicas stand on nodes, and nodes are what is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from costopt.solve import constraints, objective
from costopt.solve.alternatives import ROUNDING
from costopt.solve.assembly import assemble
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem
from costopt.solve.program import Assembly, Program
from costopt.solve.reduce import Reduction
from costopt.solve.shared_nodes import SharedNodes
from costopt.solve.switching import most_useful, with_starts

NEVER_BINDS: Final = 1e9
"""Upper bound on whole columns that other rows bound."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedAssembly:
    """A finished program and where its parts stand.

    Attributes:
        replicas: assembly of what serves; its counts are those of the kinds kept.
        nodes: columns of the node counts (nodes,).
        partitions: columns of the divided accelerators (partitions,).
        splits: columns of the nodes that are split each way (splits,).
        split_home: pool of each split (splits,).
        split_sizes: parts into which a node of the pool is split, largest first (splits,).
        price_scale: price that one unit of the objective stands for [currency/h].
    """

    replicas: Assembly
    nodes: IntArray
    partitions: IntArray
    splits: IntArray
    split_home: IntArray
    split_sizes: tuple[tuple[int, ...], ...]
    price_scale: float

    @property
    def program(self) -> Program:
        """The program."""
        return self.replicas.program


def assemble_shared(
    market: Problem, served: Problem, nodes: SharedNodes, reduction: Reduction
) -> SharedAssembly:
    """Write ``min sum_o c_o n_o + jobs`` where replicas ``m_k`` fit on the nodes ``n_o``.

    The replicas serve as instances do in a problem without sharing. In a pool of nodes with G
    accelerators, where every size divides the next larger one and G, replicas fit exactly when

        sum_k t_k m_k + sum_p a_p <= G sum_o n_o

    because the largest first fill node after node without a gap. Elsewhere the nodes are split
    in every maximal way: ``m`` of one size are at most the parts of that size. Divided
    accelerators ``a_p`` take one accelerator each and hold as many slices as they have slots.

    Args:
        market: nodes in place of offers, with the jobs and the limits.
        served: replicas in place of offers.
        nodes: which replicas fit where.
        reduction: of ``served``, nothing pruned.
    """
    charged = with_starts(market, of_running=False)
    bare = replace(served, choices=charged.choices, rows=(), budget_per_hour=None, max_groups=None)
    replicas = assemble(bare, reduction)
    program = replicas.program
    jobs_cost = bool(np.concatenate(program.costs).any())
    prices = [charged.price_per_hour]
    scale = replicas.price_scale if jobs_cost else objective.price_scale(prices)
    upper = most_nodes(market, nodes, reduction)
    counts = program.add_columns(charged.price_per_hour / scale, upper, integer=True)
    divided = len(nodes.partition_home)
    partitions = program.add_columns(np.zeros(divided), NEVER_BINDS, integer=True)
    home, sizes = _splits(nodes)
    splits = program.add_columns(np.zeros(len(home)), NEVER_BINDS, integer=True)
    assembly = SharedAssembly(
        replicas=replicas,
        nodes=counts,
        partitions=partitions,
        splits=splits,
        split_home=home,
        split_sizes=sizes,
        price_scale=scale,
    )
    column = np.full(len(nodes.server), -1)
    column[reduction.offers] = replicas.counts
    _fit_on_nodes(assembly, nodes, column)
    _fit_in_parts(assembly, nodes, column)
    _fit_in_slots(assembly, nodes, column)
    whole = replace(replicas, counts=counts, price_scale=scale)
    rented = replace(
        reduction, offers=np.arange(len(counts)), server=nodes.pool, upper=upper, blocks=()
    )
    constraints.respect_limits(whole, market, rented)
    constraints.limit_types(whole, market, rented)
    objective.respect_budget(whole, market, rented)
    constraints.count_changes(whole, market, rented)
    return assembly


def most_nodes(market: Problem, nodes: SharedNodes, reduction: Reduction) -> FloatArray:
    """Most instances of each node that its limits leave and its pool can use (nodes,) [1]."""
    useful = np.zeros(len(nodes.accelerators))
    np.add.at(useful, nodes.home[reduction.offers], reduction.upper)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = market.row_uppers * (1 + ROUNDING) / market.row_coefficients
        room = np.where(market.row_coefficients > 0, room, np.inf).min(axis=1, initial=np.inf)
        budget = np.inf if market.budget_per_hour is None else market.budget_per_hour
        affordable = budget * (1 + ROUNDING) / market.price_per_hour
    affordable = np.where(market.price_per_hour > 0, affordable, np.inf)
    least = np.minimum.reduce(
        [market.upper, most_useful(market, useful[nodes.pool]), room, affordable]
    )
    return np.asarray(np.floor(least), dtype=np.float64)


def _fit_on_nodes(assembly: SharedAssembly, nodes: SharedNodes, column: IntArray) -> None:
    """Add the row of accelerators for each pool whose sizes divide each other."""
    program = assembly.program
    chained = chained_pools(nodes)
    row = np.full(len(chained), -1)
    row[chained] = program.add_rows(int(chained.sum()), -np.inf, 0)
    kinds = np.flatnonzero(chained[nodes.home] & (column >= 0) & (nodes.size > 0))
    program.add_entries(row[nodes.home[kinds]], column[kinds], nodes.size[kinds])
    divided = np.flatnonzero(chained[nodes.partition_home])
    program.add_entries(row[nodes.partition_home[divided]], assembly.partitions[divided], 1)
    rented = np.flatnonzero(chained[nodes.pool])
    accelerators = nodes.accelerators[nodes.pool[rented]]
    program.add_entries(row[nodes.pool[rented]], assembly.nodes[rented], -accelerators)


def _fit_in_parts(assembly: SharedAssembly, nodes: SharedNodes, column: IntArray) -> None:
    """Add a row for each size in each pool that is split: no more replicas than parts."""
    program = assembly.program
    for pool in np.flatnonzero(~chained_pools(nodes)):
        splits = np.flatnonzero(assembly.split_home == pool)
        row = program.add_rows(1, -np.inf, 0)
        program.add_entries(row, assembly.splits[splits], 1)
        program.add_entries(row, assembly.nodes[nodes.pool == pool], -1)
        for size in sizes_in(nodes, int(pool)):
            row = program.add_rows(1, -np.inf, 0)
            parts = [-assembly.split_sizes[split].count(size) for split in splits]
            program.add_entries(row, assembly.splits[splits], parts)
            kinds = (nodes.home == pool) & (nodes.size == size) & (column >= 0)
            program.add_entries(row, column[kinds], 1)
            if size == 1:
                divided = nodes.partition_home == pool
                program.add_entries(row, assembly.partitions[divided], 1)


def _fit_in_slots(assembly: SharedAssembly, nodes: SharedNodes, column: IntArray) -> None:
    """Add a row for each kind of slot in each pool: no more slices than slots."""
    program = assembly.program
    taken = np.flatnonzero((nodes.slot >= 0) & (column >= 0))
    keys = np.column_stack([nodes.home[taken], nodes.slot[taken]])
    wanted, number = np.unique(keys, axis=0, return_inverse=True)
    rows = program.add_rows(len(wanted), -np.inf, 0)
    program.add_entries(rows[number.reshape(-1)], column[taken], 1)
    for row, (pool, slot) in zip(rows, wanted.tolist(), strict=True):
        divided = np.flatnonzero(nodes.partition_home == pool)
        slots = nodes.partition_slots[divided, slot]
        program.add_entries(row, assembly.partitions[divided], -slots)


def sizes_in(nodes: SharedNodes, pool: int) -> list[int]:
    """Sizes of what can stand on the nodes of a pool, smallest first [accelerators]."""
    sizes = set(nodes.size[(nodes.home == pool) & (nodes.size > 0)].tolist())
    if (nodes.partition_home == pool).any():
        sizes.add(1)
    return sorted(sizes)


def chained_pools(nodes: SharedNodes) -> BoolArray:
    """Return which pools have sizes that divide each other and the node (pools,)."""
    pools = range(len(nodes.accelerators))
    return np.array(
        [_is_chain(sizes_in(nodes, pool), int(nodes.accelerators[pool])) for pool in pools],
        dtype=np.bool_,
    )


def _is_chain(sizes: Sequence[int], accelerators: int) -> bool:
    return all(larger % smaller == 0 for smaller, larger in pairwise([*sizes, accelerators]))


def _splits(nodes: SharedNodes) -> tuple[IntArray, tuple[tuple[int, ...], ...]]:
    """Every maximal split of a node of each pool whose sizes do not divide each other."""
    home: list[int] = []
    sizes: list[tuple[int, ...]] = []
    for pool in np.flatnonzero(~chained_pools(nodes)).tolist():
        found = maximal_splits(int(nodes.accelerators[pool]), sizes_in(nodes, pool))
        home += [pool] * len(found)
        sizes += found
    return np.array(home, dtype=np.int64), tuple(sizes)


def maximal_splits(accelerators: int, sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Every way to split a node into parts of given sizes so that no further part fits.

    >>> maximal_splits(6, [2, 3])
    [(3, 3), (3, 2), (2, 2, 2)]
    """
    smallest = min(sizes)

    def grown(parts: tuple[int, ...], left: int) -> list[tuple[int, ...]]:
        if left < smallest:
            return [parts]
        most = parts[-1] if parts else left
        fitting = [size for size in sorted(sizes, reverse=True) if size <= min(left, most)]
        return [split for size in fitting for split in grown((*parts, size), left - size)]

    return grown((), accelerators)
