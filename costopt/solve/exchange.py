"""Tie rule: idle instances go, and fewer instances do the same work at no higher cost."""

from dataclasses import replace
from typing import Final

import numpy as np

from costopt.solve.failure_groups import FailureGroups
from costopt.solve.kinds import Kinds
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem
from costopt.solve.recheck import (
    groups_in_use,
    instances_per_server,
    total_cost,
    used_of_limits,
)
from costopt.solve.solution import Decision

ROUNDING: Final = 1e-9
"""Relative rounding error that counts neither as load nor as cost."""


def tidied(problem: Problem, decision: Decision) -> Decision:
    """Give a decision with no idle instance, and with fewer instances where that costs nothing.

    An exchange gives ``p`` instances of one offer for ``q < p`` of another that carry their load
    within every limit and cost no more. A solver stops within its gap and knows no preference
    among plans of equal cost, so both steps can find something; neither raises the cost. Where
    something runs already a step may cost more in changes than it saves; the decision then stays
    as it is.
    """
    if problem.changes is not None and problem.changes.is_frozen:
        return decision
    tidy = _Tidying(problem)
    found = tidy.without_idle(decision)
    while (better := tidy.exchanged(found)) is not None:
        found = better
    if problem.changes is None:
        return found
    return min(decision, found, key=lambda one: total_cost(problem, one))


class _Tidying:
    """The problem's figures that both steps look up again and again."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.block = problem.offer_block
        self.local = problem.server - problem.first_server[self.block]
        self.kinds = tuple(Kinds.of(block) for block in problem.blocks)
        self.weights = problem.row_coefficients
        self.uppers = problem.row_uppers
        self.failure = FailureGroups.of(problem)

    def without_idle(self, decision: Decision) -> Decision:
        """Give back instances that the routing leaves without load, dearest first."""
        busy = [np.zeros(0)]
        for kinds, share in zip(self.kinds, decision.shares, strict=True):
            routed = np.flatnonzero(share.any(axis=1))
            load = kinds.load[kinds.number[routed]]
            taken = np.where(share[routed] > 0, load, 0) * share[routed]
            own = np.zeros(len(share))
            own[routed] = taken.sum(axis=1)
            busy.append(own)
        needed = np.ceil(np.concatenate(busy) * (1 - ROUNDING))
        spare = instances_per_server(self.problem, decision.counts) - needed
        counts = decision.counts.copy()
        for server in np.flatnonzero(spare > 0):
            offers = np.flatnonzero((self.problem.server == server) & (counts > 0))
            dearest = offers[np.argsort(-self.problem.price_per_hour[offers], kind="stable")]
            before = np.cumsum(counts[dearest]) - counts[dearest]
            returned = np.clip(spare[server] - before, 0, counts[dearest])
            counts[dearest] -= returned.astype(np.int64)
        return replace(decision, counts=counts)

    def exchanged(self, decision: Decision) -> Decision | None:
        """Make the exchange that saves most instances of the first offer that has one."""
        prices = self.problem.price_per_hour
        for offer in np.flatnonzero(decision.counts > 1).tolist():
            others = self._others(decision, offer)
            given, taken = self._exchanges(decision, offer, others)
            if not len(given):
                continue
            cost = taken * prices[others] - given * prices[offer]
            pick = int(np.lexsort((cost, taken - given))[0])
            if given[pick] > taken[pick]:
                swap = (offer, int(others[pick]), int(given[pick]), int(taken[pick]))
                return self._made(decision, *swap)
        return None

    def _others(self, decision: Decision, offer: int) -> IntArray:
        """Offers of other servers that could take over: same block, class and price range."""
        problem = self.problem
        worth = decision.counts[offer] * problem.price_per_hour[offer]
        fits = (self.block == self.block[offer]) & (problem.server != problem.server[offer])
        fits &= problem.price_per_hour <= worth
        fits &= self.failure.may_stand_in(np.arange(problem.offer_count), np.array([offer]))
        block = problem.blocks[self.block[offer]]
        if block.max_spot_fraction < 1 and not block.is_spot[self.local[offer]]:
            firm = np.flatnonzero(fits)
            fits[firm] = ~block.is_spot[self.local[firm]]
        return np.flatnonzero(fits)

    def _exchanges(
        self, decision: Decision, offer: int, others: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Instances given and taken for each other offer; 0 and 0 where nothing is gained."""
        kinds = self.kinds[self.block[offer]]
        routed = decision.shares[self.block[offer]][self.local[offer]] > 0
        own = kinds.load[kinds.number[self.local[offer]], routed]
        of_kind = (kinds.load[:, routed] / own).max(axis=1, initial=0)
        ratio = of_kind[kinds.number[self.local[others]]]
        held = int(decision.counts[offer])
        room = np.floor(self.problem.upper[others]) - decision.counts[others]
        useful = (ratio > 0) & (ratio < 1)
        ratio = np.where(useful, ratio, 1)
        all_given = np.where(useful, held, 0)
        all_taken = np.ceil(all_given * ratio * (1 - ROUNDING))
        full_taken = np.minimum(np.floor(all_given * ratio * (1 + ROUNDING)), room)
        full_given = np.floor(full_taken / ratio * (1 + ROUNDING))
        fits_all = (all_taken <= room) & self._allowed(
            decision, offer, others, all_given, all_taken
        )
        fits_full = self._allowed(decision, offer, others, full_given, full_taken)
        given = np.where(fits_all, all_given, np.where(fits_full, full_given, 0))
        taken = np.where(fits_all, all_taken, np.where(fits_full, full_taken, 0))
        return given.astype(np.int64), taken.astype(np.int64)

    def _allowed(
        self,
        decision: Decision,
        offer: int,
        others: IntArray,
        given: FloatArray,
        taken: FloatArray,
    ) -> BoolArray:
        """Whether the exchange keeps every limit and does not raise the cost."""
        problem = self.problem
        price = problem.price_per_hour
        allowed: BoolArray = taken * price[others] <= given * price[offer] * (1 + ROUNDING)
        used = used_of_limits(problem, decision)
        change = taken[:, None] * self.weights[others] - given[:, None] * self.weights[offer]
        allowed &= ((change <= 0) | (used + change <= self.uppers)).all(axis=1)
        if problem.max_groups is None:
            return allowed
        in_use = groups_in_use(problem, decision)
        opened = ~np.isin(problem.group[others], in_use)
        allowed &= len(in_use) + opened <= problem.max_groups
        return allowed

    def _made(
        self, decision: Decision, offer: int, other: int, given: int, taken: int
    ) -> Decision:
        """Move the load of the instances given to those taken."""
        counts = decision.counts.copy()
        on_server = counts[self.problem.server == self.problem.server[offer]].sum()
        counts[offer] -= given
        counts[other] += taken
        shares = list(decision.shares)
        moved = shares[self.block[offer]].copy()
        leaving = moved[self.local[offer]] * (given / on_server)
        moved[self.local[offer]] -= leaving
        moved[self.local[other]] += leaving
        shares[self.block[offer]] = moved
        return replace(decision, counts=counts, shares=tuple(shares))
