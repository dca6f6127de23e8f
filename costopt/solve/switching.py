"""Starting and stopping: what a decision's changes cost, and prices that hold start costs."""

from dataclasses import replace

import numpy as np

from costopt.solve.changes import NEW, Changes, GangChanges
from costopt.solve.problem import BoolArray, Choice, FloatArray, Problem
from costopt.solve.solution import Decision


def switching_cost(problem: Problem, decision: Decision) -> float:
    """Cost of getting from what runs to a decision; 0 where nothing is said to run [currency/h].

    ``a (new + sum_k max(n_k - r_k, 0)) + b sum_k max(r_k - n_k, 0)``
    """
    changes = problem.changes
    if changes is None:
        return 0.0
    used = np.zeros(len(changes.running) + 1, dtype=np.int64)
    np.add.at(used, changes.kind, decision.counts * changes.rented)
    for gang, chosen in zip(changes.gangs, decision.chosen, strict=True):
        used[:-1] += gang.running[chosen]
        used[NEW] += gang.new[chosen]
    for gang, paid in zip(changes.gangs, decision.paid, strict=False):
        np.add.at(used, gang.payer_kind, paid)
    beyond = used[:-1] - changes.running
    started = int(used[NEW] + np.maximum(beyond, 0).sum())
    return changes.start_cost * started + changes.stop_cost * int(np.maximum(-beyond, 0).sum())


def with_starts(problem: Problem, *, of_running: bool) -> Problem:
    """Return the problem with the cost of a start in its prices, and without its budget.

    Args:
        problem: the problem.
        of_running: True charges every instance as one that is started, which is the most that
            taking one can cost; False only those of kinds that do not run, as the program does.
    """
    changes = problem.changes
    if changes is None:
        return problem
    charged = of_running | ~changes.is_running
    pairs = zip(problem.choices, changes.gangs, strict=True)
    return replace(
        problem,
        price_per_hour=problem.price_per_hour + changes.start_cost * charged * changes.rented,
        choices=tuple(
            _charged(choice, gang, changes, of_running=of_running) for choice, gang in pairs
        ),
        budget_per_hour=None,
    )


def _charged(choice: Choice, gang: GangChanges, changes: Changes, *, of_running: bool) -> Choice:
    started = gang.instances if of_running else gang.new
    payers = of_running | (gang.payer_kind == NEW)
    return replace(
        choice,
        cost=choice.cost + changes.start_cost * started,
        payers=replace(choice.payers, cost=choice.payers.cost + changes.start_cost * payers),
    )


def touches_running(problem: Problem, choice: int) -> BoolArray:
    """Return which alternatives of a job use instances of a kind that runs (alternatives,)."""
    alternatives = len(problem.choices[choice].cost)
    if problem.changes is None:
        return np.zeros(alternatives, dtype=np.bool_)
    gang = problem.changes.gangs[choice]
    touches: BoolArray = np.asarray(gang.running.any(axis=1), dtype=np.bool_)
    of = problem.choices[choice].payers.alternative
    touches[of[gang.payer_kind != NEW]] = True
    return touches


def most_useful(problem: Problem, enough: FloatArray) -> FloatArray:
    """Return the most instances of each offer that can be of use (offers,) [instances].

    Keeping an idle instance is of use where stopping it costs more than letting it run, as long
    as it can serve anything at all.

    Args:
        problem: the problem.
        enough: most instances of each offer's server that can be loaded (offers,) [instances].
    """
    if problem.changes is None:
        return enough
    kept = np.maximum(enough, problem.changes.running_of_offer)
    return np.where(enough > 0, kept, enough)
