"""The decision over hours taken apart: the whole program, and one for each kind of hour."""

from dataclasses import dataclass, replace

import numpy as np

from costopt.solve.hours.assembly import HoursAssembly, assemble_hours
from costopt.solve.hours.kinds import HourKinds, what_decides
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING
from costopt.solve.hours.reach import Reach
from costopt.solve.hours.split import HourPrograms, split_by_hour
from costopt.solve.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decomposed:
    """A problem and its programs.

    Attributes:
        problem: the problem.
        kinds: its kinds of hours.
        reach: loads, demand factors and largest useful counts.
        assembly: the program over all hours.
        programs: the programs of the kinds of hours.
        terms: kinds with an equal number differ in demand only (kinds,).
    """

    problem: HourlyProblem
    kinds: HourKinds
    reach: Reach
    assembly: HoursAssembly
    programs: HourPrograms
    terms: IntArray

    @property
    def linking_rows(self) -> BoolArray:
        """Rows that tie hours to each other or to commitments (rows,)."""
        program = self.assembly.program
        tied: BoolArray = self.assembly.row_kind == LINKING
        linking = self.assembly.column_kind[program.entry_column] == LINKING
        tied[program.entry_row[linking]] = True
        return tied

    def committed_servers(self, linking: FloatArray) -> FloatArray:
        """Instances of each server that commitments could pay for (servers,) [1]."""
        problem = self.problem
        held = np.zeros(int(problem.first_server[-1]))
        on = np.flatnonzero((problem.quantity >= 0) & (problem.server >= 0))
        quantities = linking[self.assembly.columns.quantities]
        np.add.at(held, problem.server[on], quantities[problem.quantity[on]])
        return held

    def priced_by_changes(self, row_prices: FloatArray) -> "Decomposed":
        """The same, an hour of each offer at its price with what it changes of what ran before.

        Hours that are searched one by one do not see what ties them, so the prices of the linear
        program stand in for it: what ran before gets cheaper, all else dearer. The whole program
        stays as it is.

        Args:
            row_prices: prices of all rows in the linear program (rows,).
        """
        changes, counts = self.problem.changes, self.assembly.columns.counts
        if changes is None:
            return self
        rows = self.assembly.changes
        worth = -row_prices[rows.rows] * rows.per_unit
        dearer = np.zeros(self.problem.offer_count)
        own = changes.counted
        dearer[own] = np.maximum(worth[changes.kind[own]], -self.problem.price_per_hour[own])
        price = self.assembly.price.copy()
        price[counts.columns] += dearer[counts.item]
        beside = self.problem.price_per_hour + dearer
        return replace(
            self,
            problem=replace(self.problem, price_per_hour=beside),
            assembly=replace(self.assembly, price=price),
        )


def take_apart(problem: HourlyProblem, kinds: HourKinds, reach: Reach) -> Decomposed:
    """Write the whole program and cut it into one for each kind of hour."""
    assembly = assemble_hours(problem, kinds, reach)
    factors = len(problem.blocks)
    features = what_decides(problem)[factors:, kinds.example]
    _, terms = np.unique(features, axis=1, return_inverse=True)
    return Decomposed(
        problem=problem,
        kinds=kinds,
        reach=reach,
        assembly=assembly,
        programs=split_by_hour(assembly, len(kinds)),
        terms=np.ravel(terms),
    )
