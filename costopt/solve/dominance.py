"""Offers that no cheapest plan needs: dearer sources of a server, and dominated offers."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.failure_groups import FailureGroups
from costopt.solve.kinds import Kinds, distinct_rows
from costopt.solve.problem import MOST_INSTANCES, BoolArray, FloatArray, IntArray, Problem
from costopt.solve.switching import with_starts

MOST_COMPARED: Final = 20_000_000
"""Offers held against others before the search for dominated ones ends: about a second."""

ROUNDING: Final = 1e-12
"""Relative rounding error of two divisions and a product in double precision, with room."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beaten:
    """Which offer takes the place of another.

    Attributes:
        by: offer that replaces this one; -1 where none does (offers,).
        count: how many of it replace one of this one; 0 where none does (offers,) [instances].
    """

    by: IntArray
    count: IntArray

    @classmethod
    def nobody(cls, offers: int) -> "Beaten":
        """No offer is beaten yet."""
        return cls(by=np.full(offers, -1), count=np.zeros(offers, dtype=np.int64))

    def note(self, offers: IntArray, by: int, count: IntArray) -> None:
        """Record that `count` instances of offer `by` replace one of each of these offers."""
        self.by[offers] = by
        self.count[offers] = count

    def settled(self) -> "Beaten":
        """The same, where every beaten offer points at one that stays."""
        by, count = self.by, self.count
        while True:
            onward = np.where(by >= 0, by[by], -1)
            moved = onward >= 0
            if not moved.any():
                return Beaten(by=by, count=count)
            by, count = np.where(moved, onward, by), np.where(moved, count * count[by], count)


def dearer_sources(
    problem: Problem, alive: BoolArray, quota: FloatArray, enough: FloatArray
) -> Beaten:
    """Offers of a server that are dearer than a prefix with quota for all it could ever need.

    Sort the offers with the same server and the same coefficients in every limit row by price,
    and keep the shortest prefix with ``sum quota >= N``. A plan that uses a later offer has a
    free place in the prefix, since more than ``N`` instances of a server idle; moving one
    instance there changes no row and raises no cost. The routing stays, and with it every cap on
    spot and on losses and what every failure group carries. Under a limit on distinct types the
    type must be the same too. Where something runs already its offers stay; any other instance
    moves at no higher cost, for a start is saved where at most one is made.

    Args:
        problem: the problem.
        alive: offers still in the running (offers,).
        quota: whole instances allowed; ``inf`` = no limit (offers,) [instances].
        enough: ``N``, most instances of the offer's server that can be loaded (offers,)
            [instances].
    """
    beaten = Beaten.nobody(problem.offer_count)
    kept = np.flatnonzero(alive)
    if not len(kept):
        return beaten
    alike = _alike(problem, kept)
    order = np.lexsort((kept, problem.price_per_hour[kept], alike))
    ordered, alike = kept[order], alike[order]
    room = np.minimum(quota, enough)[ordered]
    before = np.cumsum(room) - room
    starts = np.flatnonzero(np.diff(alike, prepend=-1))
    before -= np.repeat(before[starts], np.diff(starts, append=len(ordered)))
    late = before >= enough[ordered]
    if problem.changes is not None:
        late &= ~problem.changes.is_running[ordered]
    last_kept = np.maximum.accumulate(np.where(late, 0, np.arange(len(ordered))))
    beaten.by[ordered[late]] = ordered[last_kept[late]]
    beaten.count[ordered[late]] = 1
    return beaten


def _alike(problem: Problem, kept: IntArray) -> IntArray:
    """Number of the class of offers that differ in price and quota only (kept,)."""
    columns: list[FloatArray | IntArray] = [problem.server[kept]]
    if problem.max_groups is not None:
        columns.append(problem.group[kept])
    columns.extend(problem.row_coefficients[kept].T)
    return distinct_rows(np.stack(columns, axis=1).astype(np.float64))[1]


def dominated(
    problem: Problem, kinds: tuple[Kinds, ...], alive: BoolArray, plentiful: BoolArray
) -> Beaten:
    """Offers whose instances whole numbers of another offer replace at no higher cost.

    Offer ``j`` replaces ``i`` of the same block with ``m = max_b ceil(L_bj / L_bi)`` instances
    when ``m c_j <= c_i`` and ``m w_rj <= w_ri`` in every limit row: no capacity, row or cost gets
    worse. ``j`` needs quota for all its server can be loaded with, must not be spot in place
    of firm where spot is capped, and must stay in the failure group of ``i`` or be one that is
    never lost (`FailureGroups.may_stand_in`). Offers leave one at a time, so each has a
    replacement that stays. Under a limit on distinct types, a whole type leaves at once, and only
    for one other type, so that the number of types in use cannot rise. Where something runs
    already its offers stay, and ``m (c_j + a) <= c_i + a`` with the cost ``a`` of a start. The
    cheapest offers are tried first, and after `MOST_COMPARED` comparisons none is tried any more:
    what stays then costs time, never the answer.

    Args:
        problem: the problem.
        kinds: servers of equal loads, by block.
        alive: offers still in the running; each can serve some bucket (offers,).
        plentiful: offers whose quota can never bind (offers,).
    """
    rivals = _Rivals(problem, kinds, alive)
    beaten = Beaten.nobody(problem.offer_count)
    for unit in rivals.units_by_price(plentiful):
        if rivals.compared > MOST_COMPARED:
            break
        members = rivals.members(unit)
        if not (rivals.alive[members] & plentiful[members]).any():
            continue
        cover = Beaten.nobody(problem.offer_count)
        for offer in members:
            if not rivals.alive[offer] or not plentiful[offer]:
                continue
            replaced, count = rivals.replaced_by(offer)
            inside = rivals.unit[replaced] == unit
            beaten.note(replaced[inside], offer, count[inside])
            rivals.alive[replaced[inside]] = False
            first = ~inside & (cover.by[replaced] < 0)
            cover.note(replaced[first], offer, count[first])
        leaving = rivals.members_of_covered_units(cover.by >= 0)
        beaten.by[leaving], beaten.count[leaving] = cover.by[leaving], cover.count[leaving]
        rivals.alive[leaving] = False
    return beaten


class _Rivals:
    """Offers still in the running, with the figures by which one replaces another."""

    def __init__(self, problem: Problem, kinds: tuple[Kinds, ...], alive: BoolArray) -> None:
        self.alive = alive.copy()
        self.price = with_starts(problem, of_running=True).price_per_hour
        self.stays = np.zeros(problem.offer_count, dtype=bool)
        if problem.changes is not None:
            self.stays = problem.changes.is_running
        self.weights = problem.row_coefficients
        self.block = problem.offer_block
        self.kinds = kinds
        numbers = np.concatenate([kind.number for kind in kinds] or [np.zeros(0, np.int64)])
        self.kind = numbers[problem.server]
        self.ratios: dict[tuple[int, int], FloatArray] = {}
        self.compared = 0
        spot = np.concatenate([block.is_spot for block in problem.blocks] or [np.zeros(0, bool)])
        caps = np.array([block.max_spot_fraction for block in problem.blocks])
        self.spot = spot[problem.server]
        self.capped_spot = self.spot & (caps[self.block] < 1)
        self.failure = FailureGroups.of(problem)
        self.everyone = np.flatnonzero(alive)
        group = self.failure.group[self.everyone]
        self.by_group = self.everyone[np.argsort(group, kind="stable")]
        numbers_of_groups = np.arange(int(group.max(initial=-1)) + 2)
        self.first_of_group = np.searchsorted(np.sort(group), numbers_of_groups)
        by_type = problem.max_groups is not None
        own = problem.group if by_type else np.arange(problem.offer_count)
        self.unit = np.unique(own, return_inverse=True)[1]
        taken = np.concatenate([choice.group for choice in problem.choices] or [own[:0]])
        self.bound = np.isin(own, taken) if by_type else np.zeros(len(own), dtype=bool)
        self.by_unit = np.lexsort((self.price, self.unit))
        self.first = np.searchsorted(self.unit[self.by_unit], np.arange(self.unit.size + 1))

    def units_by_price(self, plentiful: BoolArray) -> IntArray:
        """Units that may replace others, cheapest first: the cheap ones beat the most."""
        group = self.failure.group
        members = np.bincount(group[self.alive] + 1, minlength=int(group.max(initial=-1)) + 2)
        alone = (group >= 0) & (members[group + 1] == 1)
        kept = np.flatnonzero(self.alive & plentiful & ~alone)
        by_price = self.unit[kept[np.argsort(self.price[kept], kind="stable")]]
        _, first = np.unique(by_price, return_index=True)
        return by_price[np.sort(first)]

    def members(self, unit: int) -> IntArray:
        """Offers of one unit, cheapest first."""
        return self.by_unit[self.first[unit] : self.first[unit + 1]]

    def replaced_by(self, offer: int) -> tuple[IntArray, IntArray]:
        """Offers that whole instances of this one replace, and how many each takes."""
        block = int(self.block[offer])
        price = self.price[offer]
        others = self.in_reach(offer)
        fits = self.alive[others] & (self.block[others] == block) & (self.price[others] >= price)
        if self.capped_spot[offer]:
            fits &= self.spot[others]
        fits &= ~self.stays[others]
        fits &= (others != offer) & self.failure.may_stand_in(np.array([offer]), others)
        rivals = others[fits]
        self.compared += len(others)
        ratio = self.ratio(block, int(self.kind[offer]))[self.kind[rivals]]
        count = np.maximum(np.ceil(ratio * (1 - ROUNDING)), 1)
        count = np.minimum(count, MOST_INSTANCES + 1)
        fits = (count <= MOST_INSTANCES) & (count * price <= self.price[rivals])
        fits &= (count[:, None] * self.weights[offer] <= self.weights[rivals]).all(axis=1)
        return rivals[fits], count[fits].astype(np.int64)

    def in_reach(self, offer: int) -> IntArray:
        """Offers that this one could replace: those of its failure group, or all."""
        group = self.failure.group[offer]
        if group < 0:
            return self.everyone
        return self.by_group[self.first_of_group[group] : self.first_of_group[group + 1]]

    def ratio(self, block: int, kind: int) -> FloatArray:
        """Most of each bucket's load ratio of this kind to every kind of the block (kinds,)."""
        if (block, kind) not in self.ratios:
            load, own = self.kinds[block].load, self.kinds[block].load[kind]
            serves = np.isfinite(own)
            speeds = 1 / load
            ratio = (speeds[:, serves] * own[serves]).max(axis=1, initial=0)
            ratio[(speeds[:, ~serves] > 0).any(axis=1)] = np.inf
            self.ratios[block, kind] = ratio
        return self.ratios[block, kind]

    def members_of_covered_units(self, covered: BoolArray) -> IntArray:
        """Offers of the units that are covered whole and that no job's alternative shares."""
        open_offers = self.alive & (~covered | self.bound)
        is_open = np.zeros(self.unit.size + 1, dtype=bool)
        is_open[self.unit[open_offers]] = True
        return np.flatnonzero(self.alive & ~is_open[self.unit])
