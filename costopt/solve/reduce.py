"""Lossless reduction: what the solver need not see, and how to map its answer back."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.alternatives import ROUNDING, ReducedChoice, reduced_choice
from costopt.solve.dominance import Beaten, dearer_sources, dominated
from costopt.solve.failure_groups import most_carried
from costopt.solve.kinds import Kinds
from costopt.solve.problem import (
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
        kind_load: instances needed to serve a whole bucket, utilisation included; ``inf`` =
            cannot (kinds, merged buckets) [instances].
        kind: kind of each server (kept servers,).
        whole: the block as it was handed in, which has the limits on spot and on losses.
        servers: where the kept servers stand in the block (kept servers,).
        bucket: merged bucket of each bucket of the block; -1 = no demand (buckets,).
    """

    kind_load: FloatArray
    kind: IntArray
    whole: ServingBlock
    servers: IntArray
    bucket: IntArray

    @property
    def load(self) -> FloatArray:
        """Instances needed to serve a whole bucket (kept servers, merged buckets) [instances]."""
        return self.kind_load[self.kind]

    @property
    def tight_load(self) -> FloatArray:
        """Loads of servers that one instance could never fill, raised so that theirs is full.

        ``L / min(1, T)`` with ``T`` the most that the server can be loaded with, caps included:
        as a row of the program it cuts off no whole count (kept servers, merged buckets)
        [instances].
        """
        total = np.sum(self.kind_load, axis=1, where=np.isfinite(self.kind_load))[self.kind]
        tight: FloatArray = self.load / np.minimum(1, total * self.most_share)[:, None]
        return tight

    @property
    def is_spot(self) -> BoolArray:
        """True where the server can be reclaimed (kept servers,)."""
        return self.whole.is_spot[self.servers]

    @property
    def most_share(self) -> FloatArray:
        """Highest share of any bucket that each server may carry alone (kept servers,) [0..1]."""
        return self.whole.most_share[self.servers]

    @property
    def demand_shares(self) -> FloatArray:
        """Part of the demand that each merged bucket is (merged buckets,) [0..1]."""
        wanted = np.flatnonzero(self.bucket >= 0)
        weights = self.whole.demand_shares[wanted]
        shares = np.zeros(self.kind_load.shape[1])
        np.add.at(shares, self.bucket[wanted], weights)
        return shares

    @property
    def group(self) -> IntArray:
        """Failure group of each server; -1 = never lost (kept servers,)."""
        return self.whole.server_group[self.servers]


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
    (``L_b`` counts by the share that the server may carry). With `prune` also: dearer sources
    of a server, dominated offers, dearer alternatives of a job, and buckets whose loads are
    proportional, which share one routing. That routing is the mean of theirs, weighted by load,
    so it keeps every cap that is convex in the shares: those on spot and on losses are; where
    groups are counted by what they carry, buckets stay apart. Offers of what runs already stay:
    to give one up may cost more than the other saves.

    Args:
        problem: a checked problem.
        prune: False keeps everything that is not forbidden, to audit the reduction.
    """
    kinds = tuple(Kinds.of(block) for block in problem.blocks)
    quota = np.floor(problem.upper)
    enough = _most_useful(problem, kinds)
    useful = most_useful(problem, enough)
    upper, reason = _own_limits(problem, kinds, np.minimum(quota, useful))
    alive = reason == DropReason.KEPT
    unserved = tuple(_unserved(problem, kinds, alive))
    beaten = Beaten.nobody(problem.offer_count)
    if prune:
        dearer = dearer_sources(problem, alive, quota, enough)
        alive &= dearer.by < 0
        weaker = dominated(problem, kinds, alive, quota >= enough)
        alive &= weaker.by < 0
        reason[dearer.by >= 0] = DropReason.CHEAPER_SOURCE
        reason[weaker.by >= 0] = DropReason.DOMINATED
        beaten = _merged(dearer, weaker).settled()
    offers = _ordered(problem, kinds, np.flatnonzero(alive))
    blocks, server = _reduced_blocks(problem, kinds, offers, prune=prune)
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
    """Instances that each server needs to serve a whole bucket (servers, buckets) [instances]."""
    kinds = Kinds.of(block)
    return kinds.load[kinds.number]


def _most_useful(problem: Problem, kinds: tuple[Kinds, ...]) -> FloatArray:
    """Most instances of each offer's server that can be loaded (offers,) [instances]."""
    totals = []
    for block, kind in zip(problem.blocks, kinds, strict=True):
        total = np.sum(kind.load, axis=1, where=np.isfinite(kind.load))
        totals.append(total[kind.number] * block.most_share)
    most: FloatArray = np.ceil(np.concatenate([*totals, np.zeros(0)]))[problem.server]
    return most


def _own_limits(
    problem: Problem, kinds: tuple[Kinds, ...], upper: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Counts that each offer's own limits leave, and why an offer is out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        per_row = problem.row_uppers * (1 + ROUNDING) / problem.row_coefficients
        room = np.where(problem.row_coefficients > 0, per_row, np.inf).min(axis=1, initial=np.inf)
        budget = np.inf if problem.budget_per_hour is None else problem.budget_per_hour
        affordable = budget * (1 + ROUNDING) / problem.price_per_hour
    affordable = np.where(problem.price_per_hour > 0, affordable, np.inf)
    serves = [np.any(np.isfinite(kind.load), axis=1)[kind.number] for kind in kinds]
    spot = [block.is_spot & (block.max_spot_fraction == 0) for block in problem.blocks]
    lost = [block.most_share == 0 for block in problem.blocks]
    nothing = np.zeros(0, dtype=bool)
    reasons = {
        DropReason.SERVES_NOTHING: ~np.concatenate([*serves, nothing])[problem.server],
        DropReason.SPOT_EXCLUDED: np.concatenate([*spot, nothing])[problem.server],
        DropReason.LOSS_EXCLUDED: np.concatenate([*lost, nothing])[problem.server],
        DropReason.NO_QUOTA: problem.upper < 1,
        DropReason.OVER_LIMIT: room < 1,
        DropReason.OVER_BUDGET: affordable < 1,
    }
    codes = [np.int64(reason) for reason in reasons]
    reason = np.select(list(reasons.values()), codes, default=np.int64(DropReason.KEPT))
    return np.floor(np.minimum(np.minimum(upper, room), affordable)), reason


def _unserved(
    problem: Problem, kinds: tuple[Kinds, ...], alive: BoolArray
) -> list[tuple[int, int]]:
    """Buckets with demand that the offers left cannot serve whole."""
    found = []
    first = problem.first_server
    for index, (block, kind) in enumerate(zip(problem.blocks, kinds, strict=True)):
        servers = problem.server[alive & (problem.offer_block == index)] - first[index]
        offered = np.zeros(len(block.is_spot), dtype=bool)
        offered[servers] = True
        able = np.isfinite(kind.load)[kind.number] & offered[:, None]
        firm = most_carried(block, able & ~block.is_spot[:, None])
        spot = most_carried(block, able & block.is_spot[:, None])
        served = firm + np.minimum(spot, block.max_spot_fraction) >= 1 - ROUNDING
        found += [(index, int(bucket)) for bucket in np.flatnonzero((block.demand > 0) & ~served)]
    return found


def _merged(dearer: Beaten, weaker: Beaten) -> Beaten:
    is_weaker = weaker.by >= 0
    return Beaten(
        by=np.where(is_weaker, weaker.by, dearer.by),
        count=np.where(is_weaker, weaker.count, dearer.count),
    )


def _ordered(problem: Problem, kinds: tuple[Kinds, ...], kept: IntArray) -> IntArray:
    """Sort offers by what they are, so that the order of the input does not matter."""
    block = problem.offer_block[kept]
    local = problem.server[kept] - problem.first_server[block]
    rank = np.zeros(len(kept), dtype=np.int64)
    for index, kind in enumerate(kinds):
        mine = block == index
        _, of_kind = np.unique(np.sort(kind.load, axis=1), axis=0, return_inverse=True)
        rank[mine] = np.ravel(of_kind)[kind.number[local[mine]]]
    keys = (kept, rank, problem.upper[kept], problem.price_per_hour[kept], block)
    return kept[np.lexsort(keys)]


def _reduced_blocks(
    problem: Problem, kinds: tuple[Kinds, ...], offers: IntArray, *, prune: bool
) -> tuple[tuple[ReducedBlock, ...], IntArray]:
    """Reduced blocks, and the server of each kept offer counted over them."""
    blocks: list[ReducedBlock] = []
    number = np.full(int(problem.first_server[-1]), -1)
    numbered = 0
    for index, (block, kind) in enumerate(zip(problem.blocks, kinds, strict=True)):
        first = problem.first_server[index]
        mine = problem.server[offers[problem.offer_block[offers] == index]] - first
        servers, _ = _by_appearance(mine)
        number[first + servers] = np.arange(numbered, numbered + len(servers))
        numbered += len(servers)
        present, of_server = _by_appearance(kind.number[servers])
        merging = prune and block.min_failure_groups <= 1
        bucket, merged = _merge_buckets(kind.load[present], block.demand > 0, prune=merging)
        blocks.append(
            ReducedBlock(
                kind_load=merged,
                kind=of_server,
                whole=block,
                servers=servers,
                bucket=bucket,
            )
        )
    return tuple(blocks), number[problem.server[offers]]


def _by_appearance(numbers: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct numbers in the order in which they first appear, and where each stands there."""
    distinct, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return distinct[order], np.argsort(order)[place]


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
