"""Rows of a PuLP model on the plan as a whole: what may be paid, and how many types may run."""

import pulp

from costopt.solve.hours.pulp_model import PulpHours, rounds_of
from costopt.solve.hours.whole_limits import Budget
from costopt.solve.pulp_block import Rows
from costopt.solve.pulp_program import numbered, plain, weighted


def whole_rows(written: PulpHours) -> Rows:
    """Yield budgets, and the limit on distinct types.

    Args:
        written: the model, with all of its columns; these rows add those of types.
    """
    yield from _budget_rows(written)
    yield from _type_rows(written)


def _budget_rows(written: PulpHours) -> Rows:
    """Yield ``commitments + sum_t h_t paid_t <= B`` for each budget and scenario."""
    problem = written.problem
    for number, budget in enumerate(problem.budgets):
        committed = weighted(budget.quantities, written.quantities)
        committed += weighted(budget.spends, written.spends)
        committed += weighted(budget.resources, written.resources)
        for scenario, hours in enumerate(rounds_of(problem)):
            paid = [
                float(problem.weight[hour]) * _counted(written, budget, hour) for hour in hours
            ]
            name = numbered("budget", f"{number}_{scenario}", plain(budget.name))
            yield name, pulp.lpSum([*committed, *paid]) <= budget.upper


def _counted(written: PulpHours, budget: Budget, hour: int) -> pulp.LpAffineExpression:
    """Return what a budget counts in an hour: what no commitment covers, and starts."""
    price, sequence = budget.price_per_hour, written.problem.sequence
    terms = [float(price[offer]) * one for offer, one in written.counts[hour].items()]
    terms += [-float(price[offer]) * one for (_, offer), one in written.covered[hour].items()]
    terms += [-float(budget.amounts[item]) * one for item, one in written.amounts[hour].items()]
    if sequence is not None:
        charged = price * sequence.start_up_hours
        terms += [float(charged[offer]) * one for offer, one in written.started[hour].items()]
    return pulp.lpSum(terms)


def _type_rows(written: PulpHours) -> Rows:
    """Yield that what runs is of a type in use, and how many types may be."""
    limit = written.problem.types
    if limit is None:
        return
    used = {
        group: written.model.add_variable(f"type_in_use_{group}", 0, 1, pulp.LpBinary)
        for group in sorted({*limit.group.tolist()})
    }
    for hour, running in enumerate(written.counts):
        for offer, count in running.items():
            most = (count.upBound or 0) * used[int(limit.group[offer])]
            yield f"type_{hour}_{offer}", count <= most
    yield "types", pulp.lpSum(used.values()) <= limit.most
