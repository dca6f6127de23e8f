"""The relaxed program: what a problem would cost if instances could be rented in parts."""

from typing import Final

from costopt.solve.assembly import assemble
from costopt.solve.highs import Outcome, run_relaxed
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import check_problem
from costopt.solve.reduce import reduce_problem

RELAXED_SECONDS: Final = 10.0
"""Time after which a relaxed program counts as one without an answer [s]."""


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
    found = run_relaxed(assembly.program, time_limit_seconds=RELAXED_SECONDS)
    return None if isinstance(found, Outcome) else found.objective * assembly.price_scale
