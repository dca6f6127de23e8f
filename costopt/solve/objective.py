"""Cost: the scale in which the solver sees it, and the budget that may bound it."""

from collections.abc import Sequence

import numpy as np

from costopt.solve.problem import FloatArray, Problem
from costopt.solve.program import Assembly
from costopt.solve.reduce import Reduction


def price_scale(costs: Sequence[FloatArray]) -> float:
    """Give the smallest cost above 0; 1 where everything is free.

    The solver's tolerances are absolute, so it gets prices in units of the cheapest: cents and
    millions are then solved alike.
    """
    positive = [cost[cost > 0] for cost in costs]
    return min((float(cost.min()) for cost in positive if len(cost)), default=1.0)


def respect_budget(assembly: Assembly, problem: Problem, reduction: Reduction) -> None:
    """Add the cost of what runs ``<= budget``, scaled to 1 on the right.

    A budget of 0 needs no row: whatever costs something has been left out already.
    """
    budget = problem.budget_per_hour
    if budget is None or budget in (0, np.inf):
        return
    program = assembly.program
    row = program.add_rows(1, -np.inf, 1)
    assembly.rows.budget = int(row[0])
    offers = problem.price_per_hour[reduction.offers]
    program.add_entries(row, assembly.counts, offers / budget)
    jobs = zip(
        problem.choices, reduction.choices, assembly.alternatives, assembly.payers, strict=True
    )
    for choice, kept, alternatives, payers in jobs:
        program.add_entries(row, alternatives, choice.cost[kept.alternatives] / budget)
        program.add_entries(row, payers, choice.payers.cost[kept.payers] / budget)
