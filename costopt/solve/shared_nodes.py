"""SharedNodes: instances that run replicas of several servers side by side, in arrays."""

from dataclasses import dataclass, replace

import numpy as np

from costopt.solve.changes import Changes
from costopt.solve.problem import IntArray, Problem, ServingBlock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedNodes:
    """Which instances can be rented, and which replicas each of them can hold.

    Nodes with the same accelerators and the same possible replicas form a pool: a replica may
    stand on any node of its pool. A kind is a server's replica in one pool. It takes whole
    accelerators of a node, or one slot of an accelerator that is divided by a partition.

    Attributes:
        offer: offer of the problem whose price and limits a node has (nodes,).
        pool: pool of each node (nodes,).
        accelerators: of one node of each pool (pools,) [1].
        server: server that a replica adds to, over all blocks (kinds,).
        home: pool in which the replica stands (kinds,).
        size: whole accelerators that it takes; 0 for a slot (kinds,) [1].
        slot: kind of slot that it takes; -1 for whole accelerators (kinds,).
        divisor: replicas that an instance of the server stands for (kinds,) [1].
        partition_home: pool whose accelerators can be divided that way (partitions,).
        partition_slots: slots that one divided accelerator gives (partitions, slots) [1].
    """

    offer: IntArray
    pool: IntArray
    accelerators: IntArray
    server: IntArray
    home: IntArray
    size: IntArray
    slot: IntArray
    divisor: IntArray
    partition_home: IntArray
    partition_slots: IntArray

    def with_kinds(self, kept: IntArray) -> "SharedNodes":
        """Return the same nodes with only these kinds of replicas."""
        return replace(
            self,
            server=self.server[kept],
            home=self.home[kept],
            size=self.size[kept],
            slot=self.slot[kept],
            divisor=self.divisor[kept],
        )

    def with_nodes(self, kept: IntArray) -> "SharedNodes":
        """Return the same kinds with only these nodes to rent."""
        return replace(self, offer=self.offer[kept], pool=self.pool[kept])


def market_of(problem: Problem, nodes: SharedNodes) -> Problem:
    """Return the problem with nodes in place of its offers; nothing is served by them."""
    offer, pools = nodes.offer, len(nodes.accelerators)
    nothing = ServingBlock(
        demand=np.zeros(0),
        rates=np.zeros((pools, 0)),
        max_utilisation=np.ones(pools),
        is_spot=np.zeros(pools, dtype=np.bool_),
    )
    return replace(
        problem,
        price_per_hour=problem.price_per_hour[offer],
        server=nodes.pool,
        upper=problem.upper[offer],
        group=problem.group[offer],
        blocks=(nothing,),
        rows=tuple(
            replace(row, offer_coefficients=row.offer_coefficients[offer]) for row in problem.rows
        ),
        changes=_of_offers(problem.changes, offer),
    )


def _of_offers(changes: Changes | None, offer: IntArray) -> Changes | None:
    """What runs already, by node in place of by offer."""
    if changes is None:
        return None
    return replace(changes, kind=changes.kind[offer], instances=changes.rented[offer])


def replicas_of(problem: Problem, nodes: SharedNodes) -> Problem:
    """Return the problem with replicas in place of its offers: what they serve, at no cost.

    A replica serves the rate of an instance over the replicas that an instance stands for. The
    limits hold for what the jobs take of them; what nodes take of them, and what changes of what
    runs already, is the market's.
    """
    kinds = len(nodes.server)
    return replace(
        problem,
        price_per_hour=np.zeros(kinds),
        server=nodes.server,
        upper=np.full(kinds, np.inf),
        group=np.zeros(kinds, dtype=np.int64),
        blocks=tuple(_by_replica(problem, nodes)),
        rows=tuple(replace(row, offer_coefficients=np.zeros(kinds)) for row in problem.rows),
        changes=None,
    )


def _by_replica(problem: Problem, nodes: SharedNodes) -> list[ServingBlock]:
    """Blocks whose rates are those of one replica."""
    divisor = np.ones(int(problem.first_server[-1]))
    divisor[nodes.server] = nodes.divisor
    first = problem.first_server
    return [
        replace(block, rates=block.rates / divisor[first[index] : first[index + 1]][:, None])
        for index, block in enumerate(problem.blocks)
    ]
