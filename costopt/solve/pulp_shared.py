"""The program of shared nodes once more, written with PuLP from its sets and formulas.

It shares no matrix code with `costopt.solve.shared_program`: every node is split in every way
that leaves no room, where the arrays count accelerators alone if that says as much.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pulp

from costopt.solve.problem import BoolArray, Problem, ServingBlock
from costopt.solve.pulp_block import PulpBlock, Rows, block_rows, useful_instances, write_block
from costopt.solve.pulp_model import PulpModel, add_rows, declared
from costopt.solve.pulp_program import PulpProgram, numbered, plain
from costopt.solve.shared_nodes import SharedNodes, market_of

if TYPE_CHECKING:
    from costopt.solve.pulp_shared_answer import PulpSharedAnswer

Split = tuple[int, ...]
"""Accelerators of each part of a node, largest first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpShared(PulpProgram):
    """One problem whose workloads share nodes as a PuLP model.

    Attributes:
        problem: what it was written from.
        nodes: what can be rented and what fits on it.
        market: ``n``, whole, of each node, with jobs, types and changes.
        replicas: ``m``, whole, of each kind of replica in each pool of nodes.
        blocks: ``x``, the routing of each workload over replicas.
        splits: ``w``, whole nodes of each pool that are split in each way.
        divided: ``a``, whole accelerators that are divided in each way.
    """

    problem: Problem
    nodes: SharedNodes
    market: PulpModel
    replicas: Sequence[pulp.LpVariable]
    blocks: Sequence[PulpBlock]
    splits: Mapping[tuple[int, Split], pulp.LpVariable]
    divided: Sequence[pulp.LpVariable]

    def solve(
        self,
        solver: str | pulp.LpSolver = "HiGHS",
        *,
        gap: float = 1e-4,
        time_limit_seconds: float = 60.0,
    ) -> "PulpSharedAnswer":
        """Solve the model with any solver that PuLP knows; the answer is packed and rechecked.

        Args:
            solver: a name that PuLP lists, or a solver made by hand, whose own settings count.
            gap: relative distance to the proven bound at which to stop [0..1].
            time_limit_seconds: wall-clock limit [s].

        Raises:
            UnknownNameError: PuLP has no solver of that name.
            InvalidInputError: the solver is not installed, or ended in a way that PuLP cannot
                read.
            PlanCheckError: the answer breaks a row of the problem, or finds no room.
        """
        from costopt.solve.pulp_shared_answer import solve_pulp_shared

        return solve_pulp_shared(self, solver, gap=gap, time_limit_seconds=time_limit_seconds)

    def __str__(self) -> str:
        """Return the program as mathematics: sets, decisions, goal and constraints."""
        from costopt.solve.pulp_shared_mathematics import mathematics

        return mathematics(self)


def write_pulp_shared(
    problem: Problem,
    nodes: SharedNodes,
    node_names: Sequence[str] = (),
    replica_names: Sequence[str] = (),
) -> PulpShared:
    """Write a problem whose workloads share nodes as a PuLP model.

    Args:
        problem: a checked problem; its offers count only through ``nodes``.
        nodes: what can be rented and what fits on it.
        node_names: of the nodes, for the names of variables; numbers where left out.
        replica_names: of the kinds of replicas, likewise.
    """
    blocks = list(_blocks_of_replicas(problem, nodes))
    useful = [most for block in blocks for most in useful_instances(block)]
    most = np.array(useful, dtype=np.int64)[nodes.server]
    of_pool = np.bincount(nodes.home, weights=most, minlength=len(nodes.accelerators))
    market = declared(market_of(problem, nodes), of_pool.astype(np.int64).tolist(), node_names)
    model = market.model
    names = [plain(name) for name in replica_names] or [""] * len(most)
    replicas = [
        model.add_variable(numbered("m", kind, name), 0, upper, pulp.LpInteger)
        for kind, (name, upper) in enumerate(zip(names, most.tolist(), strict=True))
    ]
    written = PulpShared(
        problem=problem,
        nodes=nodes,
        market=market,
        model=model,
        replicas=replicas,
        blocks=tuple(_routed(model, blocks, nodes, replicas)),
        splits=dict(_splits(model, nodes)),
        divided=[
            model.add_variable(f"a_{number}", 0, None, pulp.LpInteger)
            for number in range(len(nodes.partition_home))
        ],
    )
    add_rows(market)
    for block in written.blocks:
        for name, row in block_rows(model, block):
            model += row, name
    for name, row in _packing_rows(written):
        model += row, name
    return written


def _blocks_of_replicas(problem: Problem, nodes: SharedNodes) -> Iterator[ServingBlock]:
    """Yield each workload at the rates of one replica: an instance stands for several."""
    divisor = np.ones(int(problem.first_server[-1]))
    divisor[nodes.server] = nodes.divisor
    for block, (first, last) in zip(
        problem.blocks, pairwise(problem.first_server.tolist()), strict=True
    ):
        yield replace(block, rates=block.rates / divisor[first:last, None])


def _routed(
    model: pulp.LpProblem,
    blocks: Sequence[ServingBlock],
    nodes: SharedNodes,
    replicas: Sequence[pulp.LpVariable],
) -> Iterator[PulpBlock]:
    """Write the routing of each workload over the replicas of its servers."""
    standing: list[list[pulp.LpVariable]] = [[] for block in blocks for _ in block.rates]
    for replica, server in zip(replicas, nodes.server.tolist(), strict=True):
        standing[server].append(replica)
    first = 0
    for index, block in enumerate(blocks):
        last = first + len(block.rates)
        yield write_block(model, str(index), block, standing[first:last])
        first = last


def _splits(
    model: pulp.LpProblem, nodes: SharedNodes
) -> Iterator[tuple[tuple[int, Split], pulp.LpVariable]]:
    """Add ``w`` for each pool and each way to split its nodes."""
    for pool, accelerators in enumerate(nodes.accelerators.tolist()):
        for number, split in enumerate(full_splits(accelerators, _sizes(nodes, pool))):
            yield (
                (pool, split),
                model.add_variable(f"w_{pool}_{number}", 0, None, pulp.LpInteger),
            )


def _sizes(nodes: SharedNodes, pool: int) -> list[int]:
    """Accelerators that something on the nodes of a pool takes whole, largest first."""
    kinds = zip(nodes.home.tolist(), nodes.size.tolist(), strict=True)
    sizes = {size for home, size in kinds if home == pool and size}
    if pool in nodes.partition_home.tolist():
        sizes.add(1)
    return sorted(sizes, reverse=True)


def full_splits(accelerators: int, sizes: Sequence[int]) -> list[Split]:
    """List the ways to split a node into parts so that no further part fits.

    >>> full_splits(6, [3, 2])
    [(3, 3), (3, 2), (2, 2, 2)]
    """
    if not sizes or accelerators < min(sizes):
        return [()]
    largest, *smaller = sizes
    found = []
    for parts in range(accelerators // largest, -1, -1):
        left = accelerators - parts * largest
        rests = full_splits(left, smaller) if smaller else [()]
        found += [(largest,) * parts + rest for rest in rests if left - sum(rest) < min(sizes)]
    return found


def _packing_rows(written: PulpShared) -> Rows:
    """Yield that replicas stand on parts of nodes, and slices on accelerators that are divided."""
    nodes = written.nodes
    homes, slots = nodes.partition_home.tolist(), nodes.partition_slots
    for pool in range(len(nodes.accelerators)):
        own = {split: one for (home, split), one in written.splits.items() if home == pool}
        rented = [
            count
            for count, home in zip(written.market.counts, nodes.pool.tolist(), strict=True)
            if home == pool
        ]
        yield f"split_{pool}", pulp.lpSum(own.values()) <= pulp.lpSum(rented)
        divided = [one for one, home in zip(written.divided, homes, strict=True) if home == pool]
        for size in _sizes(nodes, pool):
            taken = _standing(written, pool, nodes.size == size)
            parts = pulp.lpSum(split.count(size) * one for split, one in own.items())
            on_parts = pulp.lpSum([*taken, *(divided if size == 1 else [])])
            yield f"parts_{pool}_{size}", on_parts <= parts
        for slot in range(slots.shape[1]):
            room = [
                int(held) * one
                for one, home, held in zip(
                    written.divided, homes, slots[:, slot].tolist(), strict=True
                )
                if home == pool and held
            ]
            taken = _standing(written, pool, (nodes.size == 0) & (nodes.slot == slot))
            if taken:
                yield f"slots_{pool}_{slot}", pulp.lpSum(taken) <= pulp.lpSum(room)


def _standing(written: PulpShared, pool: int, chosen: BoolArray) -> list[pulp.LpVariable]:
    """Replicas of some kinds on the nodes of a pool."""
    kinds = np.flatnonzero(chosen & (written.nodes.home == pool))
    return [written.replicas[kind] for kind in kinds.tolist()]
