"""The bill: what commitments cover in the provider's order, and what is left to pay."""

import math

import numpy as np

from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.solution import Commitments, Coverage, HourlyCosts, HourlyDecision
from costopt.solve.hours.whole_limits import Budget
from costopt.solve.problem import FloatArray, IntArray


def covered_by(problem: HourlyProblem, counts: IntArray, commitments: Commitments) -> Coverage:
    """Apply commitments to usage hour by hour, unused commitment being lost.

    Resource commitments cover what is needed up to what they hold. Plans apply in their order,
    each first to the usage with the highest saving ``1 - rate / price``, then, of equal savings,
    to the lowest rate. For one plan this greedy order is the cheapest way to use it: it fills a
    fractional knapsack.

    Source: AWS Savings Plans user guide, "Understanding how Savings Plans apply to your usage".

    Args:
        problem: the problem.
        counts: instances of each offer (offers, hours) [1].
        commitments: what is committed.
    """
    spends, hours = problem.spends, problem.hour_count
    price = np.concatenate([problem.price_per_hour, spends.other_price])
    other_usage = spends.other_usage if len(spends) else np.zeros((0, hours))
    left = np.concatenate([charged_hours(problem, counts), other_usage])
    covered = np.zeros((len(spends), *left.shape))
    for plan in range(len(spends)):
        rate = np.concatenate([spends.rate[plan], spends.other_rate[plan]])
        money = commitments.spends[plan] + spends.owned[plan]
        covered[plan] = _greedy(price, rate, left, money)
        left = left - covered[plan]
    offers = problem.offer_count
    return Coverage(
        spends=covered[:, :offers],
        others=covered[:, offers:],
        resources=_resources_covered(problem, counts, commitments),
    )


def _greedy(
    price: FloatArray, rate: FloatArray, usage: FloatArray, money: FloatArray
) -> FloatArray:
    """Usage that one plan covers (items, hours) [units]."""
    covered = np.zeros(usage.shape)
    eligible = np.flatnonzero(np.isfinite(rate) & (price > 0))
    saving = 1 - rate[eligible] / price[eligible]
    ordered = eligible[np.lexsort((rate[eligible], -saving))]
    ordered_rate = rate[ordered][:, None]
    wanted = usage[ordered] * ordered_rate
    spent_before = np.cumsum(wanted, axis=0) - wanted
    paid = np.clip(money - spent_before, 0, wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(wanted > 0, paid / wanted, 1.0)
    covered[ordered] = usage[ordered] * part
    return covered


def _resources_covered(
    problem: HourlyProblem, counts: IntArray, commitments: Commitments
) -> FloatArray:
    resources = problem.resources
    if not len(resources):
        return np.zeros((0, problem.hour_count))
    units = np.repeat(commitments.resources[:, None], problem.hour_count, axis=1)
    if resources.available is not None:
        units = units * resources.available
    needed = resources.needs.T @ charged_hours(problem, counts)
    covered: FloatArray = np.minimum(resources.amounts.T @ units, needed)
    return covered


def starts_of(problem: HourlyProblem, counts: IntArray) -> IntArray:
    """Instances of each offer started in each hour; the round repeats (offers, hours) [1]."""
    started = np.zeros_like(counts)
    for one in range(len(problem.probability)):
        mine = np.flatnonzero(problem.scenario == one)
        started[:, mine] = counts[:, mine] - np.roll(counts[:, mine], 1, axis=1)
    return np.maximum(started, 0)


def charged_hours(problem: HourlyProblem, counts: IntArray) -> FloatArray:
    """Instance-hours charged in each hour, those of starts included (offers, hours) [h]."""
    charged = counts.astype(np.float64)
    if problem.sequence is not None:
        charged += problem.start_up_hours[:, None] * starts_of(problem, counts)
    return charged


def costs_of(
    problem: HourlyProblem, counts: IntArray, commitments: Commitments, coverage: Coverage
) -> HourlyCosts:
    """Add up what commitments cost and what is left to pay by the hour.

    The tail ``CVaR_a`` is the mean of the dearest ``1 - a`` of probability.
    Source: Rockafellar and Uryasev, "Optimization of conditional value-at-risk", 2000.
    """
    hourly, others = hourly_charges(problem, counts, coverage)
    probability = problem.probability
    by_scenario, others_by_scenario = (
        np.where(problem.scenario == np.arange(len(probability))[:, None], cost, 0)
        @ problem.weight
        for cost in (hourly + others, others)
    )
    committed = math.fsum(
        [
            float(commitments.quantities @ problem.quantities.cost),
            float(commitments.spends @ problem.spends.cost),
            float(commitments.resources @ problem.resources.cost),
        ]
    )
    mean = float(probability @ by_scenario)
    weight = problem.tail_weight
    tail = _tail(problem, by_scenario) if weight else 0.0
    changes = 0.0
    if problem.changes is not None:
        changes = problem.changes.cost(counts, problem.weight * probability[problem.scenario])
    return HourlyCosts(
        commitments=committed,
        by_scenario=by_scenario,
        others_by_scenario=others_by_scenario,
        expected=committed + changes + mean,
        objective=committed + changes + (1 - weight) * mean + weight * tail,
        changes=changes,
    )


def hourly_charges(
    problem: HourlyProblem, counts: IntArray, coverage: Coverage
) -> tuple[FloatArray, FloatArray]:
    """What is left to pay in each hour for our instances and for other usage (hours,), (hours,).

    Both in [currency/h].
    """
    charged = charged_hours(problem, counts) - coverage.spends.sum(axis=0)
    hourly: FloatArray = problem.price_per_hour @ charged
    hourly = hourly - problem.resources.price @ coverage.resources
    others = np.zeros(problem.hour_count)
    if len(problem.spends):
        uncovered = problem.spends.other_usage - coverage.others.sum(axis=0)
        others = problem.spends.other_price @ uncovered
    return hourly, others


def paid_of(
    problem: HourlyProblem, budget: Budget, decision: HourlyDecision, coverage: Coverage
) -> FloatArray:
    """What a budget counts in each scenario: commitments whole, and charges by the hour.

    Args:
        problem: the problem.
        budget: whose prices count.
        decision: what runs and what is committed.
        coverage: what commitments pay for.

    Returns:
        Shape (scenarios,) [currency].
    """
    charged = decision.counts - coverage.spends.sum(axis=0)
    hourly = budget.price_per_hour @ charged - budget.amounts @ coverage.resources
    if problem.sequence is not None:
        starts = problem.sequence.start_up_hours * budget.price_per_hour
        hourly = hourly + starts @ starts_of(problem, decision.counts)
    committed = decision.commitments
    total = float(committed.quantities @ budget.quantities)
    total += float(committed.spends @ budget.spends)
    total += float(committed.resources @ budget.resources)
    scenarios = np.arange(len(problem.probability))[:, None]
    by_scenario: FloatArray = np.where(problem.scenario == scenarios, hourly, 0) @ problem.weight
    return by_scenario + total


def _tail(problem: HourlyProblem, by_scenario: FloatArray) -> float:
    """Mean of the dearest ``1 - a`` of probability [currency]."""
    level = 0.0 if problem.scenarios is None else problem.scenarios.tail_level
    dearest = np.argsort(-by_scenario, kind="stable")
    probability = problem.probability[dearest]
    inside = np.clip(1 - level - (np.cumsum(probability) - probability), 0, probability)
    return float(inside @ by_scenario[dearest]) / (1 - level)
