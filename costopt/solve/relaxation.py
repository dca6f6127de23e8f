"""The relaxed program: what a problem would cost if instances could be rented in parts."""

import numpy as np

from costopt.solve.assembly import assemble
from costopt.solve.highs import run_relaxed
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import check_problem
from costopt.solve.reduce import reduce_problem


def relaxed_cost(problem: Problem) -> float | None:
    """Cost of the cheapest decision in parts of instances; None where there is none [currency/h].

    It is a lower bound on the cost in whole instances. With the whole counts fixed nothing would
    be left to pay for, since routing is free: limits get no price from that program.

    Args:
        problem: what is to be decided.

    Raises:
        InvalidInputError: the problem breaks a rule.
    """
    check_problem(problem)
    reduction = reduce_problem(problem)
    if reduction.unserved or reduction.impossible_choices:
        return None
    assembly = assemble(problem, reduction)
    if not assembly.program.column_count:
        return 0.0
    values = run_relaxed(assembly.program).values
    if values is None:
        return None
    return float(np.concatenate(assembly.program.costs) @ values) * assembly.price_scale
