"""Fleets found for each part of a problem, and the cheapest choice of one for each."""

from dataclasses import dataclass, field

import numpy as np

from costopt.solve.highs import Outcome, run_program, run_relaxed
from costopt.solve.parts import Parts
from costopt.solve.problem import FloatArray, IntArray
from costopt.solve.program import Program
from costopt.solve.solution import Decision

MASTER_SECONDS = 1.0
"""Time for each choice among the fleets [s]."""

MASTER_GAP = 1e-6
"""Relative gap of the choice of whole fleets: it is small, and only a candidate plan."""


@dataclass(slots=True, kw_only=True)
class Fleets:
    """Every fleet found so far.

    The choice among them is ``min sum_f c_f y_f`` with one fleet for each part and
    ``sum_f w_rf y_f <= W_r + s_r``: what is taken beyond a shared limit costs a penalty, so that
    there are prices before there is an answer.

    Attributes:
        parts: what they are fleets of.
        penalty: of one unit beyond each shared row (shared rows,) [currency/h].
        part: whose fleet each is.
        costs: at true prices [currency/h].
        taken: of each shared row (shared rows,) [units].
        decisions: the fleets themselves.
    """

    parts: Parts
    penalty: FloatArray
    part: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    taken: list[FloatArray] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def add(self, part: int, decision: Decision) -> None:
        """Add a fleet of one part."""
        own = self.parts.parts[part]
        self.part.append(part)
        self.costs.append(own.cost(decision))
        self.taken.append(own.taken(decision))
        self.decisions.append(decision)

    def prices(self) -> FloatArray:
        """Worth of one unit more of each shared row where fleets may be mixed (rows,)."""
        program, rows, _ = self._program(integer=False)
        found = run_relaxed(program, time_limit_seconds=MASTER_SECONDS)
        if isinstance(found, Outcome):
            return np.zeros(len(rows))
        # More room never raises the cost, so a price of the other sign is rounding.
        return np.maximum(-found.duals[rows], 0.0)

    def cheapest(self, time_limit_seconds: float) -> Decision | None:
        """Return the cheapest choice of one fleet for each part; None where none fits together."""
        program, _, columns = self._program(integer=True)
        run = run_program(program, gap=MASTER_GAP, time_limit_seconds=time_limit_seconds)
        if run.values is None:
            return None
        chosen = np.flatnonzero(run.values[columns] > 0.5)
        beyond = np.sum([self.taken[fleet] for fleet in chosen], axis=0) - self.parts.uppers
        if (beyond > 1e-9 * np.maximum(self.parts.uppers, 1)).any():
            return None
        by_part = {self.part[fleet]: self.decisions[fleet] for fleet in chosen.tolist()}
        return self.parts.joined([by_part[part] for part in range(len(self.parts.parts))])

    def _program(self, *, integer: bool) -> tuple[Program, IntArray, IntArray]:
        """Write the choice; return it, its shared rows and the columns of its fleets."""
        program = Program()
        columns = program.add_columns(np.array(self.costs), 1, integer=integer)
        beyond = program.add_columns(self.penalty, np.inf, integer=False)
        one_each = program.add_rows(len(self.parts.parts), 1, 1)
        program.add_entries(one_each[np.array(self.part)], columns, 1)
        rows = program.add_rows(len(self.parts.uppers), -np.inf, self.parts.uppers)
        taken = np.stack(self.taken)
        program.add_entries(rows[None, :], columns[:, None], taken)
        program.add_entries(rows, beyond, -1)
        return program, rows, columns
