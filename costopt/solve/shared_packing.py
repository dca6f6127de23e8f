"""From counts of replicas to nodes: which replicas stand together on which node."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from costopt.errors import PlanCheckError
from costopt.solve.problem import IntArray
from costopt.solve.shared_nodes import SharedNodes

Item = tuple[int, tuple[int, ...]]
"""Accelerators that something takes, and the kinds that stand there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedNodes:
    """Nodes that hold the same replicas.

    Attributes:
        node: which node is rented, as a position among the nodes.
        count: how many of them [1].
        replicas: kind -> replicas on each of them, by rising kind.
    """

    node: int
    count: int
    replicas: tuple[tuple[int, int], ...]


def packed(
    nodes: SharedNodes,
    counts: IntArray,
    replicas: IntArray,
    partitions: IntArray,
    splits: dict[int, list[tuple[int, ...]]],
) -> tuple[PackedNodes, ...]:
    """Put replicas on nodes, the largest first, and nodes that hold the same together.

    Of the nodes rented in a pool the dearest come last, so that those left empty are dropped.

    Args:
        nodes: which replicas fit where; of one pool the cheapest node first.
        counts: nodes rented (nodes,) [1].
        replicas: of each kind (kinds,) [1].
        partitions: accelerators divided each way (partitions,) [1].
        splits: pool -> parts of each of its nodes, for pools whose sizes do not divide each other.

    Raises:
        PlanCheckError: they do not fit.
    """
    found: list[PackedNodes] = []
    for pool in np.unique(nodes.home[replicas > 0]).tolist():
        items = [*_slices(nodes, pool, replicas, partitions), *_whole(nodes, pool, replicas)]
        items.sort(key=lambda item: (-item[0], item[1]))
        room = [[int(nodes.accelerators[pool])]] * int(counts[nodes.pool == pool].sum())
        held = _placed(items, [list(parts) for parts in splits.get(pool, room)])
        rented = np.repeat(np.arange(len(counts)), np.where(nodes.pool == pool, counts, 0))
        contents = Counter(zip(rented.tolist(), sorted(held, reverse=True), strict=False))
        found += [
            PackedNodes(node=node, count=count, replicas=tuple(sorted(Counter(kinds).items())))
            for (node, kinds), count in sorted(contents.items())
        ]
    return tuple(found)


def _whole(nodes: SharedNodes, pool: int, replicas: IntArray) -> Iterator[Item]:
    """Replicas of a pool that take whole accelerators."""
    for kind in np.flatnonzero((nodes.home == pool) & (nodes.size > 0)).tolist():
        yield from [(int(nodes.size[kind]), (kind,))] * int(replicas[kind])


def _slices(
    nodes: SharedNodes, pool: int, replicas: IntArray, partitions: IntArray
) -> Iterator[Item]:
    """Divided accelerators of a pool with the slices that stand in their slots."""
    waiting: dict[int, list[int]] = {}
    for kind in np.flatnonzero((nodes.home == pool) & (nodes.slot >= 0)).tolist():
        waiting.setdefault(int(nodes.slot[kind]), []).extend([kind] * int(replicas[kind]))
    for partition in np.flatnonzero(nodes.partition_home == pool).tolist():
        for _ in range(int(partitions[partition])):
            slots = enumerate(nodes.partition_slots[partition].tolist())
            inside = tuple(
                waiting[slot].pop(0)
                for slot, room in slots
                for _ in range(min(room, len(waiting.get(slot, ()))))
            )
            if inside:
                yield (1, inside)
    if any(waiting.values()):
        raise PlanCheckError(["more slices than slots were planned on a node"])


def _placed(items: list[Item], rooms: list[list[int]]) -> list[tuple[int, ...]]:
    """Put each item into the first part with room for it; return what each node holds.

    Raises:
        PlanCheckError: an item finds no room.
    """
    held: list[list[int]] = [[] for _ in rooms]
    first = 0
    for size, kinds in items:
        while first < len(rooms) and not any(rooms[first]):
            first += 1
        open_nodes = range(first, len(rooms))
        node = next((n for n in open_nodes if max(rooms[n]) >= size), None)
        if node is None:
            raise PlanCheckError(["more replicas than accelerators were planned on a node"])
        parts = rooms[node]
        parts[parts.index(min(part for part in parts if part >= size))] -= size
        held[node] += kinds
    return [tuple(kinds) for kinds in held if kinds]
