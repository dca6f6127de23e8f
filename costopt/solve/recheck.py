"""Recheck a decision against the problem as it was handed in, without the program."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from costopt.solve.problem import FloatArray, IntArray, Problem, ServingBlock
from costopt.solve.solution import Decision
from costopt.solve.switching import switching_cost

FEASIBILITY_TOLERANCE: Final = 1e-6
"""Relative excess up to which a limit counts as kept: a server may be exactly full, and the sum
that says so is rounded."""


def total_cost(problem: Problem, decision: Decision) -> float:
    """Cost of what runs and of getting there from what runs now [currency/h]."""
    return running_cost(problem, decision) + switching_cost(problem, decision)


def running_cost(problem: Problem, decision: Decision) -> float:
    """Cost of the counts, the chosen alternatives and their payers, rounded once [currency/h]."""
    rented = np.flatnonzero(decision.counts)
    offers = decision.counts[rented] * problem.price_per_hour[rented]
    jobs = [
        float(choice.cost[alternative])
        for choice, alternative in zip(problem.choices, decision.chosen, strict=True)
    ]
    payers = [
        float(cost) * int(instances)
        for choice, paid in zip(problem.choices, paid_of(problem, decision), strict=True)
        for cost, instances in zip(choice.payers.cost, paid, strict=True)
        if instances
    ]
    return math.fsum([*offers.tolist(), *jobs, *payers])


def paid_of(problem: Problem, decision: Decision) -> tuple[IntArray, ...]:
    """Instances that each payer pays for, by choice; none where no choice has payers."""
    if decision.paid:
        return decision.paid
    return tuple(np.zeros(len(choice.payers), dtype=np.int64) for choice in problem.choices)


def used_of_limits(problem: Problem, decision: Decision) -> FloatArray:
    """What a decision takes of each limit row (rows,) [units]."""
    rented = np.flatnonzero(decision.counts)
    weights = [row.offer_coefficients[rented] for row in problem.rows]
    used = np.array([decision.counts[rented] @ own for own in weights], dtype=np.float64)
    for choice, paid in enumerate(paid_of(problem, decision)):
        used = used + problem.choice_row_coefficients(choice)[decision.chosen[choice]]
        used = used + paid @ problem.payer_row_coefficients(choice)
    return used


def instances_per_server(problem: Problem, counts: IntArray) -> IntArray:
    """Instances of each server, over all its offers (servers,) [1]."""
    per_server = np.zeros(int(problem.first_server[-1]), dtype=np.int64)
    np.add.at(per_server, problem.server, counts)
    return per_server


def violations(problem: Problem, decision: Decision) -> list[str]:
    """Say which demands and limits the decision breaks by more than the tolerance."""
    found = list(_count_violations(problem, decision.counts))
    found += _payer_violations(problem, decision)
    per_server = instances_per_server(problem, decision.counts)
    for index, block in enumerate(problem.blocks):
        first, last = problem.first_server[index : index + 2]
        where = f"block {index}"
        shares = decision.shares[index]
        found += _routing_violations(where, block, shares, per_server[first:last])
    found += _limit_violations(problem, decision)
    return found


def _exceeds(value: FloatArray | float, limit: FloatArray | float) -> np.bool_:
    return np.any(np.asarray(value) > np.asarray(limit) * (1 + FEASIBILITY_TOLERANCE))


def _count_violations(problem: Problem, counts: IntArray) -> Iterator[str]:
    if (counts < 0).any():
        yield "an offer has a negative count"
    if (counts > problem.upper).any():
        yield "an offer has more instances than its upper limit"


def _payer_violations(problem: Problem, decision: Decision) -> Iterator[str]:
    for index, paid in enumerate(paid_of(problem, decision)):
        payers, chosen = problem.choices[index].payers, decision.chosen[index]
        own = payers.alternative == chosen
        if (paid < 0).any() or paid[~own].any():
            yield f"choice {index}: a payer outside of the alternative pays, or one pays for < 0"
        if (paid.sum() != payers.instances[own]).any():
            needed = payers.instances[own][0]
            yield f"choice {index}: {paid.sum()} of {needed} instances are paid for"


def _routing_violations(
    where: str, block: ServingBlock, shares: FloatArray, instances: IntArray
) -> Iterator[str]:
    in_use = np.flatnonzero(shares.any(axis=1))
    shares, rates = shares[in_use], block.rates[in_use]
    wanted = block.demand > 0
    served = shares.sum(axis=0)
    if not np.allclose(served[wanted], 1, rtol=0, atol=FEASIBILITY_TOLERANCE):
        yield f"{where}: a bucket is not served whole"
    if (shares < 0).any() or (shares[:, ~wanted] > 0).any():
        yield f"{where}: a share is negative, or goes to a bucket without demand"
    routed = shares > 0
    if (routed & (rates <= 0)).any():
        yield f"{where}: a share goes to a server that cannot serve the bucket"
        return
    busy = (block.demand * shares / np.where(routed, rates, 1.0)).sum(axis=1)
    if _exceeds(busy, block.max_utilisation[in_use] * instances[in_use]):
        yield f"{where}: a server is loaded beyond its highest utilisation"
    if _exceeds(shares[block.is_spot[in_use]].sum(axis=0), block.max_spot_fraction):
        yield f"{where}: a bucket has more than its allowed share on spot"
    yield from _loss_violations(where, block, shares, block.server_group[in_use])


def _loss_violations(
    where: str, block: ServingBlock, shares: FloatArray, group: IntArray
) -> Iterator[str]:
    at_risk = group >= 0
    groups, number = np.unique(group[at_risk], return_inverse=True)
    if not len(groups):
        return
    carried = np.zeros((len(groups), shares.shape[1]))
    np.add.at(carried, number, shares[at_risk])
    worst = -np.sort(-carried, axis=0)[: block.max_losses].sum(axis=0)
    if block.max_losses and _exceeds(worst, block.max_lost_fraction):
        bucket = int(np.argmax(worst))
        lost = groups[np.argsort(-carried[:, bucket], kind="stable")[: block.max_losses]]
        yield (
            f"{where}: failure groups {sorted(lost.tolist())} carry {worst[bucket]:g} of bucket "
            f"{bucket}, of {block.max_lost_fraction:g} allowed"
        )
    share = carried @ block.demand_shares
    enough = int(np.sum(share >= block.least_carried - FEASIBILITY_TOLERANCE))
    if share.sum() > FEASIBILITY_TOLERANCE and enough < block.min_failure_groups:
        yield (
            f"{where}: {enough} of {block.min_failure_groups} failure groups carry "
            f"{block.least_carried:g} of the demand"
        )


def _limit_violations(problem: Problem, decision: Decision) -> Iterator[str]:
    for row, used in zip(problem.rows, used_of_limits(problem, decision).tolist(), strict=True):
        if _exceeds(used, row.upper):
            yield f"limit {row.name!r}: {used:g} used of {row.upper:g}"
    cost, budget = running_cost(problem, decision), problem.budget_per_hour
    if budget is not None and _exceeds(cost, budget):
        yield f"the cost of {cost:g} is above the budget of {budget:g}"
    types = len(groups_in_use(problem, decision))
    if problem.max_groups is not None and types > problem.max_groups:
        yield f"{types} distinct types in use of {problem.max_groups} allowed"


def groups_in_use(problem: Problem, decision: Decision) -> IntArray:
    """Type groups with an instance or a chosen alternative, ascending."""
    jobs = [
        int(choice.group[alternative])
        for choice, alternative in zip(problem.choices, decision.chosen, strict=True)
    ]
    rented = problem.group[decision.counts > 0]
    return np.unique(np.concatenate([rented, np.array(jobs, dtype=np.int64)]))
