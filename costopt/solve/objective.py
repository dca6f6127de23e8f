"""Cost: the scale in which the solver sees it, and the budget that may bound it."""

from collections.abc import Sequence

import numpy as np

from costopt.solve.problem import FloatArray, Problem
from costopt.solve.program import Assembly


def price_scale(costs: Sequence[FloatArray]) -> float:
    """Give the smallest cost above 0; 1 where everything is free.

    The solver's tolerances are absolute, so it gets prices in units of the cheapest: cents and
    millions are then solved alike.
    """
    positive = [cost[cost > 0] for cost in costs]
    return min((float(cost.min()) for cost in positive if len(cost)), default=1.0)


def respect_budget(assembly: Assembly, problem: Problem) -> None:
    """Add the whole cost ``<= budget``, scaled to 1 on the right.

    A budget of 0 needs no row: whatever costs something has been left out already.
    """
    budget = problem.budget_per_hour
    if budget is None or budget in (0, np.inf):
        return
    program = assembly.program
    cost = np.concatenate(program.costs) * assembly.price_scale
    row = program.add_rows(1, -np.inf, 1)
    assembly.rows.budget = int(row[0])
    program.add_entries(row, np.arange(len(cost)), cost / budget)
