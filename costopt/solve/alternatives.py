"""Alternatives of a job that the solver need see, and how much each of their payers may pay."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem
from costopt.solve.switching import touches_running, with_starts

ROUNDING: Final = 1e-9
"""Relative room for rounding when a limit is divided into whole instances."""

MOST_RIVALS: Final = 64
"""Alternatives at one payer that others are held against; more would cost more than they save."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReducedChoice:
    """What is left of one job.

    Attributes:
        alternatives: where the kept alternatives stand in the choice (kept alternatives,).
        payers: where their payers stand among those of the choice (kept payers,).
        most: instances that each may pay for, whole (kept payers,) [1].
    """

    alternatives: IntArray
    payers: IntArray
    most: FloatArray


def reduced_choice(problem: Problem, choice: int, *, prune: bool) -> ReducedChoice:
    """Leave out alternatives beyond the limits; with `prune`, what a cheaper one stands in for.

    Alternatives on what runs already stay. The others cost what they do with every instance
    started, and so at most does what stands in for them.

    Args:
        problem: a checked problem.
        choice: position of the job.
        prune: False keeps everything that is not forbidden.
    """
    least = _Least(problem, choice)
    kept = np.flatnonzero(least.fits)
    if prune and len(kept):
        running = kept[touches_running(problem, choice)[kept]]
        found = _without_dearer(problem, choice, kept, least)
        kept = np.unique(np.concatenate([running, found]))
    stays = np.isin(problem.choices[choice].payers.alternative, kept) & (least.most >= 1)
    payers = np.flatnonzero(stays)
    return ReducedChoice(alternatives=kept, payers=payers, most=least.most[payers])


def _without_dearer(problem: Problem, choice: int, kept: IntArray, least: "_Least") -> IntArray:
    """Return the alternatives that nothing cheaper stands in for."""
    if problem.changes is not None:
        problem = with_starts(problem, of_running=True)
        least = _Least(problem, choice)
    kept = _cheapest_of_each_kind(problem, choice, kept, least)
    if least.is_shared.any():
        kept = kept[~_beaten(problem, choice, kept, least)]
    return kept


class _Least:
    """The least that each alternative of a job can cost and take of the limits.

    Attributes:
        most: instances that each payer may pay for within the limits (payers,) [1].
        is_shared: which alternatives have payers (alternatives,).
        cost: of each at its cheapest payers (alternatives,) [currency/h].
        weights: taken of each limit at the payers that take least (alternatives, rows).
        fits: which of them keep every limit, alone (alternatives,).
    """

    def __init__(self, problem: Problem, choice: int) -> None:
        found, payers = problem.choices[choice], problem.choices[choice].payers
        count, of = len(found.cost), payers.alternative
        own = problem.choice_row_coefficients(choice)
        taken = problem.payer_row_coefficients(choice)
        uppers = problem.row_uppers * (1 + ROUNDING)
        self.most = _most(taken, uppers - own[of], payers.instances)
        needed = np.zeros(count)
        needed[of] = payers.instances
        self.is_shared = needed > 0
        lightest = np.full((count, taken.shape[1]), np.inf)
        np.minimum.at(lightest, of, taken)
        shared = np.where(self.is_shared[:, None], lightest, 0.0) * needed[:, None]
        self.weights = own + shared
        paid = filled(of, payers.cost, self.most, payers.instances)
        self.cost = found.cost + np.bincount(of, weights=paid * payers.cost, minlength=count)
        enough = np.bincount(of, weights=paid, minlength=count) >= needed
        self.fits: BoolArray = enough & (self.weights <= uppers).all(axis=1)
        if problem.budget_per_hour is not None:
            self.fits &= self.cost <= problem.budget_per_hour * (1 + ROUNDING)


def _most(taken: FloatArray, left: FloatArray, instances: IntArray) -> FloatArray:
    """Instances that each payer may pay for within every limit alone (payers,) [1]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(taken > 0, left / taken, np.inf).min(axis=1, initial=np.inf)
    most: FloatArray = np.floor(np.clip(room, 0, instances))
    return most


def filled(of: IntArray, cost: FloatArray, most: FloatArray, instances: IntArray) -> FloatArray:
    """Instances that each payer pays for when the cheapest pay for all they may (payers,) [1]."""
    order = np.lexsort((cost, of))
    room = most[order]
    before = np.cumsum(room) - room
    starts = np.flatnonzero(np.diff(of[order], prepend=-1))
    before -= np.repeat(before[starts], np.diff(starts, append=len(order)))
    paid = np.zeros(len(of))
    paid[order] = np.clip(instances[order] - before, 0, room)
    return paid


def _cheapest_of_each_kind(
    problem: Problem, choice: int, kept: IntArray, least: _Least
) -> IntArray:
    """Keep the cheapest of the alternatives that differ in cost only, and all that are shared."""
    alone = kept[~least.is_shared[kept]]
    cost = problem.choices[choice].cost
    group = _groups(problem, choice)[alone]
    order = np.lexsort((alone, cost[alone]))
    kinds = np.column_stack([group, least.weights[alone]])[order]
    _, cheapest = np.unique(kinds, axis=0, return_index=True)
    return np.concatenate([alone[order[np.sort(cheapest)]], kept[least.is_shared[kept]]])


def _beaten(problem: Problem, choice: int, kept: IntArray, least: _Least) -> BoolArray:
    """Return which alternatives another one at a single payer undercuts, whatever they run on.

    That one costs less than the least they can, and takes no more of any limit.
    """
    found, payers = problem.choices[choice], problem.choices[choice].payers
    alone = kept[~least.is_shared[kept]]
    whole = np.flatnonzero((least.most == payers.instances) & np.isin(payers.alternative, kept))
    of = payers.alternative[whole]
    taken = payers.instances[whole, None] * problem.payer_row_coefficients(choice)[whole]
    cost = np.concatenate(
        [found.cost[alone], found.cost[of] + payers.instances[whole] * payers.cost[whole]]
    )
    weights = np.concatenate(
        [least.weights[alone], problem.choice_row_coefficients(choice)[of] + taken]
    )
    groups = _groups(problem, choice)
    group = groups[np.concatenate([alone, of])]
    order = np.argsort(cost, kind="stable")
    kinds = np.column_stack([group, weights])[order]
    _, cheapest = np.unique(kinds, axis=0, return_index=True)
    beaten = np.zeros(len(kept), dtype=np.bool_)
    for rival in order[np.sort(cheapest)][:MOST_RIVALS]:
        lighter = (weights[rival] <= least.weights[kept]).all(axis=1)
        cheaper = cost[rival] < least.cost[kept] * (1 - ROUNDING)
        beaten |= lighter & cheaper & (group[rival] == groups[kept])
    return beaten


def _groups(problem: Problem, choice: int) -> IntArray:
    """Return the type group of each alternative where types are limited; else one for all."""
    group = problem.choices[choice].group
    return group if problem.max_groups is not None else np.zeros_like(group)
