"""Fleets: counts of servers that serve a block up to a demand factor, with the routing for it.

Hours differ in a block's demand by a factor alone, so that a fleet found for one hour serves
every hour up to its largest factor, by the same shares.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costopt.solve.hours.columns import CellColumns
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.loss_rows import cap_losses
from costopt.solve.hours.program import ArrayProgram, HoursProgram
from costopt.solve.hours.serving_rows import numbered
from costopt.solve.problem import BoolArray, FloatArray, IntArray, ServingBlock

FULL: Final = 1 - 1e-9
"""Part of the largest factor that a fleet is trusted with, against the solver's rounding."""


@dataclass(slots=True, kw_only=True, eq=False)
class Fleets:
    """Fleets of one block that have been found.

    Attributes:
        block: the block.
        load: instances needed to serve a whole bucket at a factor of 1 (servers, buckets).
        counts: instances of each server, by fleet.
        factors: largest demand factor that each fleet serves.
        shares: share of each bucket that each server takes, by fleet (servers, buckets).
        known: fleets found, by their counts.
    """

    block: ServingBlock
    load: FloatArray
    counts: list[IntArray] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    shares: list[FloatArray] = field(default_factory=list)
    known: dict[tuple[int, ...], int] = field(default_factory=dict)

    def add(self, counts: IntArray, served: float) -> float:
        """Note a fleet; give the largest factor that it serves.

        Args:
            counts: instances of each server (servers,).
            served: factor that it was found to serve [1].
        """
        key = tuple(counts.tolist())
        if key not in self.known:
            factor, shares = largest_factor(self.block, self.load, counts)
            self.known[key] = len(self.counts)
            self.counts.append(counts)
            self.factors.append(factor * FULL)
            self.shares.append(shares)
        number = self.known[key]
        # What the solver served by its tolerance is worth no second fleet.
        if served * FULL <= self.factors[number]:
            self.factors[number] = max(self.factors[number], served)
        return self.factors[number]


def largest_factor(
    block: ServingBlock, load: FloatArray, counts: IntArray
) -> tuple[float, FloatArray]:
    """Largest factor on a block's demand that a fleet serves, and the shares that do it.

    Minimises the busiest server's use ``t``: ``sum_k x_bk = 1``, ``sum_b L_bk x_bk <= t n_k``,
    spot share and losses capped; the factor is ``1 / t``. A factor of 0 means that the fleet
    cannot serve.
    """
    shares = np.zeros(load.shape)
    able: BoolArray = np.isfinite(load) & (counts > 0)[:, None]
    server, bucket = np.nonzero(able)
    wanted = np.flatnonzero(block.demand > 0)
    if not able[:, wanted].any(axis=0).all():
        return 0.0, shares
    program = HoursProgram(hour_weight=np.ones(1))
    busiest = program.add_linking(cost=np.ones(1), upper=np.inf)
    routed = program.add_linking(cost=np.zeros(len(server)), upper=block.most_share[server])
    number, first = numbered(bucket)
    served = program.add_rows(np.zeros_like(first), lower=1, upper=1)
    program.add_entries(served[number], routed, 1)
    capacity = program.add_rows(np.zeros_like(counts), upper=0)
    program.add_entries(capacity[server], routed, load[server, bucket])
    program.add_entries(capacity, busiest, -counts)
    if block.max_spot_fraction < 1:
        capped = program.add_rows(np.zeros_like(first), upper=block.max_spot_fraction)
        spot = block.is_spot[server]
        program.add_entries(capped[number[spot]], routed[spot], 1)
    once = np.zeros_like(server)
    cells = CellColumns(item=bucket, within=server, kind=once, columns=routed)
    cap_losses(program, block, cells)
    values = _least(program.finished())
    if values is None or values[busiest[0]] <= 0:
        return 0.0, shares
    shares[server, bucket] = values[routed]
    return 1 / float(values[busiest[0]]), shares


def _least(program: ArrayProgram) -> FloatArray | None:
    """Values at the least objective; None where nothing is feasible."""
    if program.integer.any():
        return minimise_whole(program, gap=0.0, time_limit_seconds=np.inf).values
    return minimise_linear(program, time_limit_seconds=np.inf).values
