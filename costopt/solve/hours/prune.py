"""Offers that no cheapest plan over hours needs."""

import numpy as np

from costopt.solve.dominance import dominated
from costopt.solve.hours.problem import HourlyProblem, Sequence
from costopt.solve.hours.reach import Reach
from costopt.solve.kinds import Kinds
from costopt.solve.problem import BoolArray, FloatArray, LimitRow, Problem


def needed_offers(problem: HourlyProblem, reach: Reach) -> BoolArray:
    """Offers that are left when those replaced by whole numbers of another are out (offers,).

    Offer ``j`` replaces ``i`` with ``m`` instances as in `costopt.solve.dominance.dominated`: no
    bucket is served more slowly and ``m c_j <= c_i``. Over hours ``m`` of ``j`` must not take
    more than one ``i`` of anything else either: of a limit, of a commitment, of a plan's money,
    of start-up costs and minimum-up time, of starts beside what ran before, whose offers stay.
    The ratios of loads are the same in every hour, since
    hours differ in demand by a factor. Offers whose needs resource commitments may cover stay.
    """
    needed = np.asarray(reach.upper.any(axis=1))
    serving = np.flatnonzero(needed & (problem.server >= 0))
    runs_elsewhere = len(problem.work) or len(problem.gangs)
    if not len(serving) or (problem.types is not None and runs_elsewhere):
        # What a job or a gang runs on keeps its type in use, whatever replaces it elsewhere.
        return needed
    rows = tuple(
        LimitRow(name="what an instance takes", offer_coefficients=taken[serving], upper=np.inf)
        for taken in _takings(problem)
    )
    one_hour = Problem(
        price_per_hour=problem.price_per_hour[serving],
        server=problem.server[serving],
        upper=problem.upper[serving],
        group=np.arange(len(serving)) if problem.types is None else problem.types.group[serving],
        blocks=problem.blocks,
        rows=rows,
        max_groups=None if problem.types is None else problem.types.most,
    )
    most = np.inf if problem.sequence is not None else reach.useful[serving].max(axis=1)
    plentiful = np.floor(problem.upper[serving]) >= most
    alive = np.ones(len(serving), dtype=bool)
    kinds = tuple(Kinds.of(block) for block in problem.blocks)
    beaten = dominated(one_hour, kinds, alive, plentiful).by >= 0
    if len(problem.resources):
        beaten &= ~(problem.resources.needs[serving] > 0).any(axis=1)
    if problem.changes is not None:
        beaten &= ~problem.changes.has_run[serving]
    needed[serving[beaten]] = False
    return needed


def _takings(problem: HourlyProblem) -> list[FloatArray]:
    """What one instance of each offer takes of everything that is not its price (offers,)."""
    takings = [row.offer_coefficients for row in problem.rows]
    takings += _commitment_takings(problem)
    takings += [budget.price_per_hour for budget in problem.budgets]
    takings += [np.where(np.isnan(rate), np.inf, rate) for rate in problem.spends.rate]
    if problem.sequence is not None:
        takings += _starting_takings(problem, problem.sequence)
    if problem.changes is not None and problem.changes.start_cost > 0:
        takings.append(np.ones(problem.offer_count))
    return takings


def _starting_takings(problem: HourlyProblem, sequence: Sequence) -> list[FloatArray]:
    """What one instance of each offer takes of money and time when it starts (offers,).

    Where the time is the same for all, ``m`` instances take it side by side, and no longer than
    one does: it keeps none of them from replacing.
    """
    takings = []
    hours = sequence.start_up_hours
    if len(np.unique(hours)) > 1:
        rates = (np.where(np.isnan(rate), np.inf, rate * hours) for rate in problem.spends.rate)
        takings += [hours * problem.price_per_hour, *rates]
    if len(np.unique(sequence.min_up_hours)) > 1:
        takings.append(sequence.min_up_hours.astype(np.float64))
    return takings


def _commitment_takings(problem: HourlyProblem) -> list[FloatArray]:
    """What one instance of each offer takes of commitments of whole instances (offers,).

    A commitment that one offer alone draws on, and that can be bought without limit for all
    hours, is bought as needed: its instances take its cost. All others are kept apart.
    """
    quantities = problem.quantities
    on = problem.quantity >= 0
    draws = np.bincount(problem.quantity[on], minlength=len(quantities))
    as_needed = (draws == 1) & np.isinf(quantities.upper)
    if quantities.available is not None:
        as_needed &= quantities.available.all(axis=1)
    cost = np.zeros(problem.offer_count)
    cost[on] = np.where(as_needed, quantities.cost, 0)[problem.quantity[on]]
    apart = [
        (problem.quantity == commitment).astype(np.float64)
        for commitment in np.flatnonzero(~as_needed).tolist()
    ]
    return [cost, *apart]
