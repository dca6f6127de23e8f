"""Sifting: large problems through the few offers that matter, with a bound on all of them."""

import logging
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.answer import Found, checked_decision
from costopt.solve.assembly import assemble
from costopt.solve.highs import Outcome, Relaxed, Start, run_program, run_relaxed
from costopt.solve.pricing import Multipliers, Priced, Pricing
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem
from costopt.solve.program import Assembly
from costopt.solve.recheck import total_cost
from costopt.solve.reduce import Reduction
from costopt.solve.solution import Decision

logger = logging.getLogger(__name__)

ADDED_OF_CLASS: Final = 5
"""Offers of one class that the linear program starts with, and that a round adds to it."""

MOST_ROUNDS: Final = 20
"""Rounds of pricing, after which the best bound found so far has to do."""

NEGLIGIBLE: Final = 1e-7
"""Saving, relative to an offer's price, that is taken for the solver's rounding."""

CONVERGED: Final = 0.05
"""Part of the gap asked for that may lie between the linear program and the bound on all."""

MARGINS: Final = (0.01, 0.04)
"""Reduced cost, relative to its price, up to which an offer enters a restricted search. Source:
own trials over 100,000 synthetic offers; wider ones found no cheaper plan within the gap."""

OWN_GAP: Final = 0.25
"""Part of the gap asked for at which a restricted search ends for want of anything better."""


PART_OF_TIME: Final = 0.25
"""Part of the time left that a restricted search may take; its bound proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """A program over some of the kept offers.

    Attributes:
        reduction: what it decides.
        assembly: the program.
        servers: server of the whole reduction that each of its servers is.
    """

    reduction: Reduction
    assembly: Assembly
    servers: IntArray


def sift(problem: Problem, reduction: Reduction, *, gap: float, deadline: float) -> Found:
    """Find the cheapest decision within the gap without writing the program of all offers.

    1. The linear program of the cheapest few offers of each class is solved, all other offers are
       priced at its dual values (`Pricing`), those that would pay enter, and so on. Each round
       proves a bound on all offers; the best one counts.
    2. The integer program of the offers that nearly pay gives a plan, in a narrow and then in a
       wider margin, and is the answer once its cost is within the gap of the bound.
    3. Otherwise every offer leaves whose reduced cost is above what the plan costs beyond the
       bound: no plan with one of it is cheaper than that plan. Counts shrink by the same rule.
       The program of the rest is solved, and its bound holds for all plans cheaper than this one.

    So the bound is always that of the whole problem. Without a plan from the second step, the
    third solves the program of all offers.

    Args:
        problem: a checked problem.
        reduction: what is left of it; every bucket has a server and every job an alternative.
        gap: relative distance between cost and proven bound at which to stop [1].
        deadline: reading of the clock at which to stop [s].
    """
    search = _Sifting(problem, reduction, gap, deadline)
    if not search.converge():
        return search.found
    for margin in MARGINS:
        if search.finished:
            return search.found
        search.search_near(margin)
    if not search.finished:
        search.search_rest()
    return search.found


class _Sifting:
    """State of one search: the best bound and the best decision so far.

    Attributes:
        found: both, as the caller gets them.
    """

    def __init__(
        self, problem: Problem, reduction: Reduction, gap: float, deadline: float
    ) -> None:
        self.problem, self.reduction, self.gap, self.deadline = problem, reduction, gap, deadline
        self.pricing = Pricing(problem, reduction)
        self.prices = self.pricing.prices
        self.found = Found(decision=None, bound=0.0)
        self.cost = np.inf
        self.priced = Priced(bound=0.0, reduced_cost=np.full(len(self.prices), -np.inf))
        self.tried = 0

    @property
    def finished(self) -> bool:
        """Whether the decision is within the gap, or time is over."""
        near = np.isfinite(self.cost) and self.cost - self.priced.bound <= self.gap * self.cost
        return bool(near) or perf_counter() >= self.deadline

    def converge(self) -> bool:
        """Solve the linear program over all offers; False when that is all there is to say."""
        rank = rank_in_class(self.pricing.offer_class, self.prices)
        inside = rank < ADDED_OF_CLASS
        wide = ADDED_OF_CLASS
        for _ in range(MOST_ROUNDS):
            part = self._part(np.flatnonzero(inside), self.reduction.upper)
            relaxed = run_relaxed(part.assembly.program, time_limit_seconds=self._left())
            if relaxed is Outcome.INFEASIBLE:
                if inside.all():
                    self.found = Found(decision=None, bound=None)
                    return False
                wide *= 8
                inside |= rank < wide
                continue
            if not isinstance(relaxed, Relaxed):
                return False
            entering = self._priced(part, relaxed, inside)
            if not len(entering):
                break
            inside[entering] = True
        else:
            return bool(np.isfinite(self.priced.reduced_cost).all())
        self._round_up(part, relaxed)
        return True

    def _priced(self, part: _Part, relaxed: Relaxed, inside: BoolArray) -> IntArray:
        """Keep the bound of a round, and give the offers that would pay."""
        duals = Multipliers.of(self.problem, self.reduction, part.servers, part.assembly, relaxed)
        priced = self.pricing.priced(duals)
        if priced.bound > self.priced.bound or not np.isfinite(self.priced.reduced_cost).all():
            self.priced = priced
            self.found = replace(self.found, bound=max(priced.bound, 0.0))
        reached = relaxed.objective * part.assembly.price_scale
        if reached - self.priced.bound <= CONVERGED * self.gap * reached:
            return np.zeros(0, dtype=np.int64)
        saves = priced.reduced_cost < -NEGLIGIBLE * self.prices
        paying = np.flatnonzero(~inside & saves)
        rank = rank_in_class(self.pricing.offer_class[paying], priced.reduced_cost[paying])
        return paying[rank < ADDED_OF_CLASS]

    def _round_up(self, part: _Part, relaxed: Relaxed) -> None:
        """Keep the plan whose counts are those of the linear program, rounded up, if it is one."""
        values = relaxed.values.copy()
        counts = part.assembly.counts
        values[counts] = np.ceil(values[counts] * (1 - NEGLIGIBLE))
        if part.assembly.program.allows(values):
            self._keep(part, values)

    def search_near(self, margin: float) -> None:
        """Search for a plan among the offers whose reduced cost is within a margin."""
        near = np.flatnonzero(self.priced.reduced_cost <= margin * self.prices)
        if len(near) <= self.tried:
            return
        self.tried = len(near)
        part = self._part(near, self.reduction.upper)
        self._search(part, OWN_GAP * self.gap, PART_OF_TIME * self._left())

    def search_rest(self) -> None:
        """Search among all offers that a cheaper plan could have, and keep the bound found."""
        room = (self.cost - self.priced.bound) * (1 + NEGLIGIBLE)
        upper = self.reduction.upper
        if np.isfinite(room):
            with np.errstate(divide="ignore", invalid="ignore"):
                most = np.floor(room / np.maximum(self.priced.reduced_cost, 0))
            upper = np.minimum(upper, np.where(self.priced.reduced_cost > 0, most, np.inf))
        left = np.flatnonzero(upper >= 1)
        logger.info("%d of %d offers are left to search", len(left), len(upper))
        bound = self._search(self._part(left, upper), self.gap, self._left())
        if bound is None:
            if not np.isfinite(self.cost):
                self.found = Found(decision=None, bound=None)
            return
        proven = max(self.priced.bound, min(bound, self.cost))
        self.found = replace(self.found, bound=max(proven, 0.0))

    def _search(self, part: _Part, gap: float, seconds: float) -> float | None:
        """Search a part for a cheaper plan; give its own bound, None where it has no plan."""
        scale = part.assembly.price_scale
        run = run_program(
            part.assembly.program,
            gap=gap,
            time_limit_seconds=seconds,
            good_enough=self.priced.bound / (1 - self.gap) / scale,
            start=self._start(part),
        )
        if run.values is not None:
            self._keep(part, run.values)
        return None if run.outcome is Outcome.INFEASIBLE else run.bound * scale

    def _keep(self, part: _Part, values: FloatArray) -> None:
        """Keep the decision that the values stand for where it is the cheapest so far."""
        columns = np.concatenate(part.assembly.program.costs)
        if float(columns @ values) * part.assembly.price_scale >= self.cost:
            return
        decision = checked_decision(self.problem, part.reduction, part.assembly, values)
        self.found = replace(self.found, decision=decision)
        self.cost = total_cost(self.problem, decision)

    def _start(self, part: _Part) -> Start | None:
        """The best decision so far in the whole columns of a part, where it fits in there."""
        decision: Decision | None = self.found.decision
        if decision is None:
            return None
        counts = decision.counts[part.reduction.offers]
        if counts.sum() != decision.counts.sum() or self.problem.choices:
            return None
        return Start(columns=part.assembly.counts, values=counts.astype(np.float64))

    def _part(self, places: IntArray, upper: FloatArray) -> _Part:
        reduction, servers = restricted(self.reduction, places, upper)
        return _Part(
            reduction=reduction, servers=servers, assembly=assemble(self.problem, reduction)
        )

    def _left(self) -> float:
        return max(self.deadline - perf_counter(), 0.0)


def restricted(
    reduction: Reduction, places: IntArray, upper: FloatArray
) -> tuple[Reduction, IntArray]:
    """Reduction to some of the kept offers, and which servers are left of it.

    Args:
        reduction: the whole one.
        places: where the offers stand in it.
        upper: most instances of each of its offers (kept offers,) [instances].
    """
    servers, number = np.unique(reduction.server[places], return_inverse=True)
    first = np.cumsum([0, *(len(block.servers) for block in reduction.blocks)])
    blocks = []
    for index, block in enumerate(reduction.blocks):
        own = servers[(servers >= first[index]) & (servers < first[index + 1])] - first[index]
        blocks.append(replace(block, kind=block.kind[own], servers=block.servers[own]))
    part = replace(
        reduction,
        offers=reduction.offers[places],
        server=number,
        upper=upper[places],
        blocks=tuple(blocks),
    )
    return part, servers


def rank_in_class(classes: IntArray, key: FloatArray) -> IntArray:
    """Rank of each element among those of its class by its key, from 0 (elements,)."""
    order = np.lexsort((key, classes))
    starts = np.flatnonzero(np.diff(classes[order], prepend=-1))
    rank = np.empty(len(classes), dtype=np.int64)
    sizes = np.diff(starts, append=len(classes))
    rank[order] = np.arange(len(classes)) - np.repeat(starts, sizes)
    return rank
