"""Kinds: servers of equal rates, so that a hundred thousand of them cost no more than a few."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.solve.problem import MOST_INSTANCES, FloatArray, IntArray, ServingBlock

HASH_SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kinds:
    """Loads of a block's servers, each distinct row of them once.

    Attributes:
        load: instances needed to serve a whole bucket, ``inf`` = cannot (kinds, buckets)
            [instances].
        number: kind of each server (servers,).
    """

    load: FloatArray
    number: IntArray

    @classmethod
    def of(cls, block: ServingBlock) -> "Kinds":
        """Give ``L = demand / (rate * max_utilisation)`` for each kind of server.

        It is ``inf`` where a server cannot serve. A bucket without demand needs nothing from
        anybody; it is ``inf`` too, so that it asks for no routing.
        """
        _, of_rates = distinct_rows(block.rates)
        first, number = distinct_rows(np.column_stack([of_rates, block.max_utilisation]))
        rates, utilisation = block.rates[first], block.max_utilisation[first]
        able = (rates > 0) & (block.demand > 0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            load = block.demand / (rates * utilisation[:, None])
        return cls(load=np.where(able & (load <= MOST_INSTANCES), load, np.inf), number=number)


def distinct_rows(values: NDArray[np.float64] | NDArray[np.int64]) -> tuple[IntArray, IntArray]:
    """Number the distinct rows of a table: where each first stands, and which one each row is.

    Rows are told apart by a hash of their bits and then compared with the first of their hash,
    which is some twenty times faster than sorting whole rows.

    Args:
        values: the table (rows, columns).
    """
    table = np.ascontiguousarray(values)
    if not table.size:
        first = np.zeros(min(len(table), 1), dtype=np.int64)
        return first, np.zeros(len(table), dtype=np.int64)
    weights = np.random.default_rng(HASH_SEED).integers(1, 2**63, table.shape[1], dtype=np.uint64)
    odd = weights | np.uint64(1)
    keys = table.view(np.uint64) @ odd
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    if not np.array_equal(table, table[first[number]]):
        _, first, number = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first, dtype=np.int64), np.asarray(number, dtype=np.int64).ravel()
