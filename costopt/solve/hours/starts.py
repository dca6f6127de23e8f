"""Where a search by parts starts: commitments rounded, and types that may run picked."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.whole_rows import server_types
from costopt.solve.problem import FloatArray, IntArray

MOST_STARTS: Final = 6
"""Sets of types from which a search starts, at most [1]."""


def starting_points(hours: Decomposed, values: FloatArray) -> list[FloatArray]:
    """Give whole commitments near those of the linear program, once for each set of types.

    Args:
        hours: the problem, taken apart.
        values: of the linear program (columns,).
    """
    rounded = np.where(hours.assembly.program.integer, np.round(values), values)
    types = hours.problem.types
    if types is None:
        return [rounded]
    points = []
    for chosen in _sets_of_types(_carried(hours, values), types.most):
        point = rounded.copy()
        point[hours.assembly.columns.types] = 0
        point[hours.assembly.columns.types[chosen]] = 1
        points.append(point)
    return points


def _carried(hours: Decomposed, values: FloatArray) -> FloatArray:
    """Demand that each type carries over all hours in the linear program (types,) [h]."""
    problem = hours.problem
    of_server = server_types(problem)
    carried = np.zeros(len(hours.assembly.columns.types))
    for block, routing in enumerate(hours.assembly.columns.routing):
        own = of_server[problem.first_server[block] + routing.within]
        cells = np.flatnonzero(own >= 0)
        kind, bucket = routing.kind[cells], routing.item[cells]
        amount = values[routing.columns[cells]] * problem.blocks[block].demand_shares[bucket]
        amount = amount * hours.reach.factor[block, kind] * hours.kinds.expected_weight[kind]
        np.add.at(carried, own[cells], amount)
    return carried


def _sets_of_types(carried: FloatArray, most: int) -> Iterator[IntArray]:
    """Yield the types that carry most, then the same with the last one exchanged.

    >>> [chosen.tolist() for chosen in _sets_of_types(np.array([1.0, 5.0, 3.0, 0.5]), 2)]
    [[1, 2], [1, 0], [1, 3]]
    """
    order = np.argsort(-carried, kind="stable")
    first = order[: most - 1]
    for last in order[most - 1 :][:MOST_STARTS]:
        yield np.append(first, last)
    if len(order) < most:
        yield order
