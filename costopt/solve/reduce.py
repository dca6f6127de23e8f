"""Lossless reduction: what the solver need not see, and how to map its answer back."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.alternatives import ROUNDING, ReducedChoice, reduced_choice
from costopt.solve.dominance import Beaten, dearer_sources, dominated
from costopt.solve.problem import (
    MOST_INSTANCES,
    BoolArray,
    FloatArray,
    IntArray,
    Problem,
    ServingBlock,
)
from costopt.solve.solution import DropReason, Drops
from costopt.solve.switching import most_useful

KEY_BITS: Final = 40
"""Bits of a mantissa that count when columns are compared: 2^-40 is 1e-12 relative."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReducedBlock:
    """A serving block without the servers and buckets that decide nothing.

    Attributes:
        load: instances needed to serve a whole bucket, utilisation included; ``inf`` = cannot
            (kept servers, merged buckets) [instances].
        is_spot: True where the server can be reclaimed (kept servers,).
        max_spot_fraction: highest share of any bucket on spot servers [0..1].
        servers: where the kept servers stand in the block (kept servers,).
        bucket: merged bucket of each bucket of the block; -1 = no demand (buckets,).
    """

    load: FloatArray
    is_spot: BoolArray
    max_spot_fraction: float
    servers: IntArray
    bucket: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """What is left to decide, in an order that does not depend on the order of the input.

    Attributes:
        offers: where the kept offers stand in the problem (kept offers,).
        server: server of each, counted over the reduced blocks (kept offers,).
        upper: most instances that can be of use, finite and whole (kept offers,) [instances].
        blocks: the reduced serving blocks.
        choices: what is left of each job.
        unserved: (block, bucket) pairs that the offers within their own limits cannot serve.
        impossible_choices: choices without an alternative within its own limits.
        drops: why the other offers were left out.
    """

    offers: IntArray
    server: IntArray
    upper: FloatArray
    blocks: tuple[ReducedBlock, ...]
    choices: tuple[ReducedChoice, ...]
    unserved: tuple[tuple[int, int], ...]
    impossible_choices: tuple[int, ...]
    drops: Drops

    @property
    def alternatives(self) -> tuple[IntArray, ...]:
        """For each choice, the alternatives kept."""
        return tuple(choice.alternatives for choice in self.choices)


def reduce_problem(problem: Problem, *, prune: bool = True) -> Reduction:
    """Leave out what cannot be in a plan, and what no cheapest plan needs.

    Always: offers that serve nothing or that their own limits forbid, buckets without demand,
    and counts above ``N = ceil(sum_b L_b)``, beyond which instances of a server only idle
    (``L_b`` counts by the spot cap on capped spot servers). With `prune` also: dearer sources
    of a server, dominated offers, dearer alternatives of a job, and buckets whose loads are
    proportional, which share one routing. Offers of what runs already stay: to give one up may
    cost more than the other saves.

    Args:
        problem: a checked problem.
        prune: False keeps everything that is not forbidden, to audit the reduction.
    """
    loads = tuple(instances_needed(block) for block in problem.blocks)
    quota = np.floor(problem.upper)
    enough = _most_useful(problem, loads)
    useful = most_useful(problem, enough)
    upper, reason = _own_limits(problem, loads, np.minimum(quota, useful))
    alive = reason == DropReason.KEPT
    unserved = tuple(_unserved(problem, loads, alive))
    beaten = Beaten.nobody(problem.offer_count)
    if prune:
        dearer = dearer_sources(problem, alive, quota, enough)
        alive &= dearer.by < 0
        weaker = dominated(problem, loads, alive, quota >= enough)
        alive &= weaker.by < 0
        reason[dearer.by >= 0] = DropReason.CHEAPER_SOURCE
        reason[weaker.by >= 0] = DropReason.DOMINATED
        beaten = _merged(dearer, weaker).settled()
    offers = _ordered(problem, loads, np.flatnonzero(alive))
    blocks, server = _reduced_blocks(problem, loads, offers, prune=prune)
    choices = range(len(problem.choices))
    reduced = tuple(reduced_choice(problem, choice, prune=prune) for choice in choices)
    return Reduction(
        offers=offers,
        server=server,
        upper=upper[offers],
        blocks=blocks,
        choices=reduced,
        unserved=unserved,
        impossible_choices=tuple(one for one in choices if not len(reduced[one].alternatives)),
        drops=Drops(reason=reason, beaten_by=beaten.by, beaten_by_count=beaten.count),
    )


def instances_needed(block: ServingBlock) -> FloatArray:
    """Give ``L = demand / (rate * max_utilisation)``; ``inf`` where a server cannot serve.

    A bucket without demand needs nothing from anybody; it is ``inf`` too, so that it asks for
    no routing (servers, buckets) [instances].
    """
    able = (block.rates > 0) & (block.demand > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        load = block.demand / (block.rates * block.max_utilisation[:, None])
    return np.where(able & (load <= MOST_INSTANCES), load, np.inf)


def _most_useful(problem: Problem, loads: tuple[FloatArray, ...]) -> FloatArray:
    """Most instances of each offer's server that can be loaded (offers,) [instances]."""
    totals = []
    for block, load in zip(problem.blocks, loads, strict=True):
        cap = np.where(block.is_spot, block.max_spot_fraction, 1.0)
        totals.append(np.sum(load, axis=1, where=np.isfinite(load)) * cap)
    most: FloatArray = np.ceil(np.concatenate([*totals, np.zeros(0)]))[problem.server]
    return most


def _own_limits(
    problem: Problem, loads: tuple[FloatArray, ...], upper: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Counts that each offer's own limits leave, and why an offer is out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        per_row = problem.row_uppers * (1 + ROUNDING) / problem.row_coefficients
        room = np.where(problem.row_coefficients > 0, per_row, np.inf).min(axis=1, initial=np.inf)
        budget = np.inf if problem.budget_per_hour is None else problem.budget_per_hour
        affordable = budget * (1 + ROUNDING) / problem.price_per_hour
    affordable = np.where(problem.price_per_hour > 0, affordable, np.inf)
    serves = [np.isfinite(load).any(axis=1) for load in loads]
    spot = [block.is_spot & (block.max_spot_fraction == 0) for block in problem.blocks]
    nothing = np.zeros(0, dtype=bool)
    reasons = {
        DropReason.SERVES_NOTHING: ~np.concatenate([*serves, nothing])[problem.server],
        DropReason.SPOT_EXCLUDED: np.concatenate([*spot, nothing])[problem.server],
        DropReason.NO_QUOTA: problem.upper < 1,
        DropReason.OVER_LIMIT: room < 1,
        DropReason.OVER_BUDGET: affordable < 1,
    }
    codes = [np.int64(reason) for reason in reasons]
    reason = np.select(list(reasons.values()), codes, default=np.int64(DropReason.KEPT))
    return np.floor(np.minimum(np.minimum(upper, room), affordable)), reason


def _unserved(
    problem: Problem, loads: tuple[FloatArray, ...], alive: BoolArray
) -> list[tuple[int, int]]:
    """Buckets with demand that the offers left cannot serve whole."""
    found = []
    first = problem.first_server
    for index, (block, load) in enumerate(zip(problem.blocks, loads, strict=True)):
        servers = problem.server[alive & (problem.offer_block == index)] - first[index]
        offered = np.zeros(len(block.is_spot), dtype=bool)
        offered[servers] = True
        able = np.isfinite(load) & offered[:, None]
        firm, spot = able[~block.is_spot].any(axis=0), able[block.is_spot].any(axis=0)
        served = firm | (spot & (block.max_spot_fraction == 1))
        found += [(index, int(bucket)) for bucket in np.flatnonzero((block.demand > 0) & ~served)]
    return found


def _merged(dearer: Beaten, weaker: Beaten) -> Beaten:
    is_weaker = weaker.by >= 0
    return Beaten(
        by=np.where(is_weaker, weaker.by, dearer.by),
        count=np.where(is_weaker, weaker.count, dearer.count),
    )


def _ordered(problem: Problem, loads: tuple[FloatArray, ...], kept: IntArray) -> IntArray:
    """Sort offers by what they are, so that the order of the input does not matter."""
    block = problem.offer_block[kept]
    local = problem.server[kept] - problem.first_server[block]
    widest = max((load.shape[1] for load in loads), default=0)
    profile = np.full((len(kept), widest), np.inf)
    for index, load in enumerate(loads):
        mine = block == index
        profile[mine, : load.shape[1]] = np.sort(load, axis=1)[local[mine]]
    keys = (kept, *profile.T[::-1], problem.upper[kept], problem.price_per_hour[kept], block)
    return kept[np.lexsort(keys)]


def _reduced_blocks(
    problem: Problem, loads: tuple[FloatArray, ...], offers: IntArray, *, prune: bool
) -> tuple[tuple[ReducedBlock, ...], IntArray]:
    """Reduced blocks, and the server of each kept offer counted over them."""
    blocks: list[ReducedBlock] = []
    number = np.full(int(problem.first_server[-1]), -1)
    numbered = 0
    for index, (block, load) in enumerate(zip(problem.blocks, loads, strict=True)):
        first = problem.first_server[index]
        mine = problem.server[offers[problem.offer_block[offers] == index]] - first
        _, appearance = np.unique(mine, return_index=True)
        servers = mine[np.sort(appearance)]
        number[first + servers] = np.arange(numbered, numbered + len(servers))
        numbered += len(servers)
        bucket, merged = _merge_buckets(load[servers], block.demand > 0, prune=prune)
        blocks.append(
            ReducedBlock(
                load=merged,
                is_spot=block.is_spot[servers],
                max_spot_fraction=block.max_spot_fraction,
                servers=servers,
                bucket=bucket,
            )
        )
    return tuple(blocks), number[problem.server[offers]]


def _merge_buckets(
    load: FloatArray, has_demand: BoolArray, *, prune: bool
) -> tuple[IntArray, FloatArray]:
    """Number the merged bucket of each bucket, and add up the loads of those merged."""
    bucket = np.full(len(has_demand), -1)
    wanted = np.flatnonzero(has_demand)
    if not prune or not len(load):
        bucket[wanted] = np.arange(len(wanted))
        return bucket, load[:, wanted]
    columns = load[:, wanted]
    heaviest = np.max(columns, axis=0, where=np.isfinite(columns), initial=0)
    mantissa, exponent = np.frexp(columns / np.where(heaviest > 0, heaviest, 1))
    key = np.ldexp(np.round(np.ldexp(mantissa, KEY_BITS)), exponent - KEY_BITS)
    _, first, number = np.unique(key, axis=1, return_index=True, return_inverse=True)
    bucket[wanted] = number
    merged = np.zeros((len(load), len(first)))
    np.add.at(merged.T, np.ravel(number), columns.T)
    return bucket, merged
