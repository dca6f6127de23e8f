"""Pricing: what an offer would have to cost to be of use, and a bound on every plan."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.alternatives import filled
from costopt.solve.highs import Relaxed
from costopt.solve.problem import FloatArray, IntArray, Problem
from costopt.solve.program import Assembly
from costopt.solve.reduce import ReducedBlock, Reduction

NOT_IN_PROGRAM: Final = np.inf
"""Price of capacity at a server that the solved program has not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Multipliers:
    """Prices of what offers compete for, at least 0 but for those of the demand.

    Attributes:
        demand: ``y``, of each merged bucket served whole, by block [currency/h].
        spot: of each merged bucket's share on spot, by block [currency/h].
        losses: of a failure group's share of a bucket, with group and bucket, by block
            [currency/h].
        limits: of each limit row (rows,) [currency/h per unit].
        budget: of the budget [1].
        capacity: ``m``, of one instance at each server of the reduction; `NOT_IN_PROGRAM` where
            it has none (servers,) [currency/h].
    """

    demand: tuple[FloatArray, ...]
    spot: tuple[FloatArray, ...]
    losses: tuple[tuple[FloatArray, IntArray, IntArray], ...]
    limits: FloatArray
    budget: float
    capacity: FloatArray

    @classmethod
    def of(
        cls, problem: Problem, reduction: Reduction, servers: IntArray, assembly: Assembly,
        relaxed: Relaxed,
    ) -> "Multipliers":  # fmt: skip
        """Read the dual values of a program over some of a reduction's servers.

        Args:
            problem: the problem.
            reduction: the whole reduction.
            servers: server of the reduction that each server of the program is.
            assembly: the program.
            relaxed: its optimum as a linear program.
        """
        duals = relaxed.duals * assembly.price_scale
        rows = assembly.rows
        below = np.maximum(-duals, 0.0)
        nothing = np.zeros(0, dtype=np.int64)
        limits = np.zeros(len(problem.rows))
        for index, row in rows.limits.items():
            limits[index] = below[row] / problem.rows[index].upper
        capacity = np.full(sum(len(block.servers) for block in reduction.blocks), NOT_IN_PROGRAM)
        capacity[servers] = below[rows.capacity]
        budget = 0.0
        if rows.budget is not None and problem.budget_per_hour is not None:
            budget = float(below[rows.budget]) / problem.budget_per_hour
        losses = [rows.losses.get(index, (nothing,) * 3) for index in range(len(rows.demand))]
        return cls(
            demand=tuple(duals[own] for own in rows.demand),
            spot=tuple(
                below[rows.spot[index]] if index in rows.spot else np.zeros(len(own))
                for index, own in enumerate(rows.demand)
            ),
            losses=tuple((below[row], group, bucket) for row, group, bucket in losses),
            limits=limits,
            budget=budget,
            capacity=capacity,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """What the multipliers prove.

    Attributes:
        bound: no plan costs less [currency/h].
        reduced_cost: a plan with one instance of the offer costs at least this much more than
            the bound, where it is above 0 (kept offers,) [currency/h].
    """

    bound: float
    reduced_cost: FloatArray


class Pricing:
    """Prices every offer of a reduction; what does not change between rounds is kept.

    Every row of the program but the capacity rows is moved into the objective at its multiplier
    (rows on types and on the least number of groups are left out, which only lowers the bound).
    What is left falls apart by servers. With ``p_o`` the price of an instance and all that it
    takes, ``v_b`` what serving bucket ``b`` whole is worth (``y_b`` less the prices of spot and
    losses) and ``s`` the highest share that the server may carry, each asks for

        G = max over whole n of  F(sum_o n_o) - sum_o p_o n_o,
        F(N) = max sum_b v_b x_b  with  sum_b L_b x_b <= N, 0 <= x_b <= s,

    and no plan costs less than the constant less the sum of all ``G``. ``F`` is concave and
    ``F(0) = 0``, so ``F(N) <= N V`` with ``V = F(1)``, the value of a first instance, a
    fractional knapsack: ``G <= sum_o U_o max(0, V - p_o)``. And by duality, at any price ``m`` of
    capacity, ``F(N) <= m N + s sum_b max(0, v_b - m L_b)``: ``G <= sum_o U_o max(0, m - p_o) +
    s sum_b max(0, v_b - m L_b)``, where ``L`` may be tightened as in the program. The smaller of
    the two bounds counts. Both are linear in the counts, with slope ``p_o - V`` or ``p_o - m``:
    so a plan with ``n_o`` instances of an offer costs at least that slope, times ``n_o``, more.

    Losses: with ``a_b = max(max_g r_gb, sum_g r_gb / k)`` for the prices ``r`` of the groups'
    shares ``X``, ``sum_g r_gb X_gb`` is at most ``a_b`` times the ``k`` largest shares, so at most
    ``a_b s``: that is the constant they add. Any prices of at least 0 give a valid bound.
    """

    def __init__(self, problem: Problem, reduction: Reduction) -> None:
        self.problem, self.reduction = problem, reduction
        self.prices = problem.price_per_hour[reduction.offers]
        self.weights = problem.row_coefficients[reduction.offers]
        self.blocks = [_PricedBlock(block) for block in reduction.blocks]
        self.first = np.cumsum([0, *(len(block.servers) for block in reduction.blocks)])
        self.offer_class = self._classes()

    def _classes(self) -> IntArray:
        """Number the offers by load, reliability and cap of their servers (kept offers,)."""
        classes = [np.zeros(0, dtype=np.int64)]
        numbered = 0
        for block in self.blocks:
            classes.append(block.place + numbered)
            numbered += len(block.alike_cap)
        return np.concatenate(classes)[self.reduction.server]

    def priced(self, multipliers: Multipliers) -> Priced:
        """Give the bound that the multipliers prove, and every offer's distance from use."""
        full = self.prices * (1 + multipliers.budget) + self.weights @ multipliers.limits
        server, upper = self.reduction.server, self.reduction.upper
        first_values, rests = [np.zeros(0)], [np.zeros(0)]
        constant = self._constant(multipliers)
        for index, block in enumerate(self.blocks):
            capacity = multipliers.capacity[self.first[index] : self.first[index + 1]]
            worth, rest = block.worth(
                multipliers.demand[index], multipliers.spot[index], multipliers.losses[index],
                capacity,
            )  # fmt: skip
            first_values.append(worth)
            rests.append(rest)
        value, rest = np.concatenate(first_values), np.concatenate(rests)
        gain = np.bincount(
            server, upper * np.maximum(value[server] - full, 0), minlength=len(value)
        )
        known = np.isfinite(multipliers.capacity)
        paid = np.where(known, multipliers.capacity, 0.0)
        other = rest + np.bincount(
            server, upper * np.maximum(paid[server] - full, 0), minlength=len(value)
        )
        by_capacity = known & (other < gain)
        slope = np.where(by_capacity, paid, value)
        bound = constant - float(np.where(by_capacity, other, gain).sum())
        return Priced(bound=bound, reduced_cost=full - slope[server])

    def _constant(self, multipliers: Multipliers) -> float:
        """The objective's part that no server decides [currency/h]."""
        problem = self.problem
        total = -float(multipliers.limits @ np.where(multipliers.limits, problem.row_uppers, 0))
        if problem.budget_per_hour is not None and multipliers.budget:
            total -= multipliers.budget * problem.budget_per_hour
        for index, block in enumerate(self.reduction.blocks):
            total += float(multipliers.demand[index].sum())
            total -= block.whole.max_spot_fraction * float(multipliers.spot[index].sum())
            price, _, bucket = multipliers.losses[index]
            if len(price):
                highest = np.zeros(len(multipliers.demand[index]))
                np.maximum.at(highest, bucket, price)
                mean = np.bincount(bucket, price, len(highest)) / block.whole.max_losses
                total -= block.whole.max_lost_fraction * float(np.maximum(highest, mean).sum())
        return total + sum(
            self._choice(choice, multipliers) for choice in range(len(problem.choices))
        )

    def _choice(self, choice: int, multipliers: Multipliers) -> float:
        """The least that a job costs at these prices [currency/h]."""
        problem, kept = self.problem, self.reduction.choices[choice]
        found, payers = problem.choices[choice], problem.choices[choice].payers
        own = problem.choice_row_coefficients(choice) @ multipliers.limits
        cost = found.cost * (1 + multipliers.budget) + own
        taken = problem.payer_row_coefficients(choice)[kept.payers] @ multipliers.limits
        each = payers.cost[kept.payers] * (1 + multipliers.budget) + taken
        of = payers.alternative[kept.payers]
        paid = filled(of, each, kept.most, payers.instances[kept.payers])
        cost += np.bincount(of, paid * each, minlength=len(cost))
        return float(cost[kept.alternatives].min())


class _PricedBlock:
    """A block's servers, those of equal load, reliability and cap priced once."""

    def __init__(self, block: ReducedBlock) -> None:
        self.block = block
        self.group, self.is_spot, self.cap = block.group, block.is_spot, block.most_share
        alike = np.stack([block.kind.astype(np.float64), self.is_spot, self.cap], axis=1)
        distinct, self.place = np.unique(alike, axis=0, return_inverse=True)
        self.place = self.place.ravel()
        self.alike_load = block.kind_load[distinct[:, 0].astype(np.int64)]
        self.alike_spot = distinct[:, 1].astype(bool)
        self.alike_cap = distinct[:, 2]

    def worth(
        self, demand: FloatArray, spot: FloatArray,
        losses: tuple[FloatArray, IntArray, IntArray], capacity: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Value of each server's first instance, and what its buckets earn beyond capacity.

        The second is ``s sum_b max(0, v_b - m L_b)`` (servers,) [currency/h].
        """
        values = demand - np.where(self.alike_spot[:, None], spot, 0.0)
        value = first_instance_value(values, self.alike_load, self.alike_cap)[self.place]
        rest = np.zeros(len(value))
        price, group, bucket = losses
        own = np.flatnonzero(np.isfinite(capacity) | np.isin(self.group, group[price > 0]))
        if not len(own):
            return value, rest
        lost = np.zeros((len(own), len(demand)))
        groups = np.unique(group)
        table = np.zeros((len(groups) + 1, len(demand)))
        np.add.at(table, (np.searchsorted(groups, group), bucket), price)
        place = np.searchsorted(groups, self.group[own])
        inside = (self.group[own] >= 0) & (place < len(groups))
        inside[inside] = groups[place[inside]] == self.group[own][inside]
        lost[inside] = table[place[inside]]
        earned = values[self.place[own]] - lost
        load, cap = self.alike_load[self.place[own]], self.cap[own]
        value[own] = first_instance_value(earned, load, cap)
        total = np.sum(load, axis=1, where=np.isfinite(load))
        tight = load / np.minimum(1, total * cap)[:, None]
        paid = np.where(np.isfinite(capacity[own]), capacity[own], 0.0)
        able = np.isfinite(tight)
        charged = paid[:, None] * np.where(able, tight, 0.0)
        rest[own] = cap * np.maximum(np.where(able, earned - charged, 0.0), 0).sum(axis=1)
        return value, rest


def first_instance_value(values: FloatArray, load: FloatArray, cap: FloatArray) -> FloatArray:
    """Most that one instance can earn: buckets filled in the order of their worth for its load.

    Args:
        values: worth of each bucket served whole (servers, buckets) [currency/h].
        load: instances needed for a whole bucket; ``inf`` = cannot (servers, buckets).
        cap: highest share of any bucket (servers,) [0..1].
    """
    useful = np.isfinite(load) & (values > 0)
    width = np.where(useful, load, 0.0) * cap[:, None]
    gain = np.where(useful, values, 0.0) * cap[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(-np.where(useful, gain / width, 0.0), axis=1, kind="stable")
    width, gain = np.take_along_axis(width, order, 1), np.take_along_axis(gain, order, 1)
    left = 1 - (np.cumsum(width, axis=1) - width)
    part = np.clip(left / np.where(width > 0, width, 1.0), 0, 1)
    earned: FloatArray = (np.where(width > 0, part, 1.0) * gain).sum(axis=1)
    return earned
