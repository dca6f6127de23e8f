"""Reject an HourlyProblem whose arrays disagree, or hold numbers that no plan can mean."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costopt.errors import InvalidInputError
from costopt.solve.hours.changes import NOT_COUNTED
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import bad_numbers, check_problem

ROUNDING: Final = 1e-9
"""Relative rounding error that two sums of the same money may differ by."""


def check_hourly_problem(problem: HourlyProblem) -> None:
    """Raise one error that lists every broken rule of the problem.

    Raises:
        InvalidInputError: an array has the wrong shape, a number is NaN, negative or infinite
            where that has no meaning, an index points nowhere, or hours are used as a sequence
            and differ in weight.
    """
    found = list(_shape_problems(problem))
    if not found:
        found = [*_index_problems(problem), *_value_problems(problem), *_time_problems(problem)]
    if found:
        raise InvalidInputError("HourlyProblem", found)
    _check_one_hour(problem)


def _check_one_hour(problem: HourlyProblem) -> None:
    """Hold what every hour shares against the rules of a problem without hours."""
    serving = problem.server >= 0
    rows = tuple(
        type(row)(
            name=row.name, offer_coefficients=row.offer_coefficients[serving], upper=row.upper
        )
        for row in problem.rows
    )
    check_problem(
        Problem(
            price_per_hour=problem.price_per_hour[serving],
            server=problem.server[serving],
            upper=problem.upper[serving],
            group=np.arange(int(serving.sum())),
            blocks=problem.blocks,
            rows=rows,
        )
    )


Expected = Iterator[tuple[str, NDArray[Any], tuple[int, ...]]]


def _commitment_shapes(problem: HourlyProblem) -> Expected:
    offers, hours = len(problem.price_per_hour), len(problem.weight)
    quantities, spends, resources = problem.quantities, problem.spends, problem.resources
    yield "quantities.upper", quantities.upper, (len(quantities),)
    if quantities.available is not None:
        yield "quantities.available", quantities.available, (len(quantities), hours)
    if len(spends):
        lines = len(spends.other_price)
        yield "spends.upper", spends.upper, (len(spends),)
        yield "spends.owned", spends.owned, (len(spends), hours)
        yield "spends.rate", spends.rate, (len(spends), offers)
        yield "spends.other_usage", spends.other_usage, (lines, hours)
        yield "spends.other_rate", spends.other_rate, (len(spends), lines)
    if len(resources):
        kinds = len(resources.price)
        yield "resources.upper", resources.upper, (len(resources),)
        yield "resources.amounts", resources.amounts, (len(resources), kinds)
        yield "resources.needs", resources.needs, (offers, kinds)
        if resources.available is not None:
            yield "resources.available", resources.available, (len(resources), hours)


def _whole_shapes(problem: HourlyProblem) -> Expected:
    for budget in problem.budgets:
        sizes = {
            "price_per_hour": len(problem.price_per_hour),
            "quantities": len(problem.quantities),
            "spends": len(problem.spends),
            "resources": len(problem.resources),
            "amounts": len(problem.resources.price),
        }
        for name, size in sizes.items():
            yield f"budget {budget.name!r} {name}", getattr(budget, name), (size,)
    if problem.types is not None:
        yield "types.group", problem.types.group, (len(problem.price_per_hour),)


def _expected_shapes(problem: HourlyProblem) -> Expected:
    offers, hours = len(problem.price_per_hour), len(problem.weight)
    for name in ("server", "upper", "quantity"):
        yield name, getattr(problem, name), (offers,)
    yield "demand_factor", problem.demand_factor, (len(problem.blocks), hours)
    for row in problem.rows:
        yield f"row {row.name!r} offer_coefficients", row.offer_coefficients, (offers,)
    yield from _commitment_shapes(problem)
    yield from _whole_shapes(problem)
    yield from _work_shapes(problem)
    if problem.sequence is not None:
        yield "sequence.start_up_hours", problem.sequence.start_up_hours, (offers,)
        yield "sequence.min_up_hours", problem.sequence.min_up_hours, (offers,)
    if problem.changes is not None:
        yield "changes.kind", problem.changes.kind, (offers,)
    if problem.scenarios is not None:
        yield "scenarios.scenario", problem.scenarios.scenario, (hours,)


def _work_shapes(problem: HourlyProblem) -> Expected:
    offers, work = len(problem.price_per_hour), problem.work
    if len(work):
        for name in ("release", "deadline"):
            yield f"work.{name}", getattr(work, name), (len(work),)
        for name in ("job", "rate"):
            yield f"work.{name}", getattr(work, name), (offers,)
    if len(problem.gangs):
        yield "gangs.configuration", problem.gangs.configuration, (offers,)
        for name in ("lost_hours", "task"):
            yield f"gangs.{name}", getattr(problem.gangs, name), (len(problem.gangs.size),)


def _shape_problems(problem: HourlyProblem) -> Iterator[str]:
    if np.ndim(problem.price_per_hour) != 1 or np.ndim(problem.weight) != 1:
        yield "price_per_hour and weight must have one number for each offer and each hour"
        return
    if not len(problem.weight):
        yield "weight is empty; there must be at least one hour"
    for name, values, expected in _expected_shapes(problem):
        if np.shape(values) != expected:
            yield f"{name} has shape {np.shape(values)}; it must have {expected}"


def _index_problems(problem: HourlyProblem) -> Iterator[str]:
    ranges = [
        ("server", problem.server, -1, int(problem.first_server[-1])),
        ("quantity", problem.quantity, -1, len(problem.quantities)),
        ("scenario", problem.scenario, 0, len(problem.probability)),
    ]
    if len(problem.work):
        ranges.append(("work.job", problem.work.job, -1, len(problem.work)))
    if problem.changes is not None:
        ranges.append(
            ("changes.kind", problem.changes.kind, NOT_COUNTED, len(problem.changes.running))
        )
    if len(problem.gangs):
        gangs = problem.gangs
        ranges.append(("gangs.configuration", gangs.configuration, -1, len(gangs.size)))
        ranges.append(("gangs.task", gangs.task, 0, len(gangs)))
        ranges.append(("gangs.job", gangs.job, -1, len(problem.work)))
    for name, values, low, end in ranges:
        outside = (values < low) | (values >= end)
        yield from bad_numbers(name, values, outside, f"it must be in {low}..{end - 1}")
    if problem.rows and any(row.choice_coefficients for row in problem.rows):
        yield "rows hold coefficients of choices; there are none over hours"


def _value_problems(problem: HourlyProblem) -> Iterator[str]:
    spends, resources, work = problem.spends, problem.resources, problem.work
    amounts = {
        "price_per_hour": problem.price_per_hour,
        "weight": problem.weight,
        "demand_factor": problem.demand_factor,
        "quantities.cost": problem.quantities.cost,
        "spends.cost": spends.cost,
        "spends.owned": spends.owned,
        "spends.other_usage": spends.other_usage,
        "spends.other_price": spends.other_price,
        "resources.cost": resources.cost,
        "resources.amounts": resources.amounts,
        "resources.price": resources.price,
        "resources.needs": resources.needs,
        "work.rate": work.rate,
        "gangs.lost_hours": problem.gangs.lost_hours,
        "scenarios.probability": problem.probability,
    }
    if problem.changes is not None:
        amounts["changes.running"] = problem.changes.running
        amounts["changes.start_cost"] = np.array([problem.changes.start_cost])
        amounts["changes.stop_cost"] = np.array([problem.changes.stop_cost])
    for name, values in amounts.items():
        good = (values >= 0) & np.isfinite(values)
        yield from bad_numbers(name, values, ~good, "it must be at least 0 and finite")
    for budget in problem.budgets:
        paid = (budget.price_per_hour, budget.quantities, budget.spends, budget.resources)
        values = np.concatenate([*paid, budget.amounts, [budget.upper]])
        good = (values >= 0) & np.isfinite(values)
        name = f"budget {budget.name!r}"
        yield from bad_numbers(name, values, ~good, "it must be at least 0 and finite")
    uppers = {
        "upper": problem.upper,
        "quantities.upper": problem.quantities.upper,
        "spends.upper": spends.upper,
        "resources.upper": resources.upper,
    }
    for name, values in uppers.items():
        yield from bad_numbers(name, values, ~(values >= 0), "it must be at least 0")
    yield from bad_numbers("work.amount", work.amount, ~(work.amount > 0), "it must be above 0")
    size = problem.gangs.size
    yield from bad_numbers("gangs.size", size, ~(size > 0), "it must be above 0")
    yield from _rate_problems(problem)


def _rate_problems(problem: HourlyProblem) -> Iterator[str]:
    spends, resources = problem.spends, problem.resources
    if len(spends):
        pairs = (
            ("spends.rate", spends.rate, problem.price_per_hour),
            ("spends.other_rate", spends.other_rate, spends.other_price),
        )
        for name, rate, price in pairs:
            bad = (rate < 0) | (rate > price * (1 + ROUNDING))
            rule = "a rate must be in 0..price; NaN = not eligible"
            yield from bad_numbers(name, rate, bad, rule)
    if not len(resources):
        return
    billed = resources.needs @ resources.price
    above = billed > problem.price_per_hour * (1 + ROUNDING)
    rule = "what may be covered must not cost more than the whole offer"
    yield from bad_numbers("resources.needs @ price", billed, above, rule)
    if len(spends):
        both = (resources.needs > 0).any(axis=1) & np.isfinite(spends.rate).any(axis=0)
        for offer in np.flatnonzero(both)[:1].tolist():
            yield (
                f"offer {offer} is eligible to spend commitments and to resource commitments; "
                "leave the less specific one out"
            )


def _time_problems(problem: HourlyProblem) -> Iterator[str]:
    if problem.hours_are_coupled and np.ptp(problem.weight) > 0:
        yield "weight differs between hours that follow each other; it must be the same"
    if len(problem.work):
        empty = problem.work.release >= problem.work.deadline
        rule = "it must be before the deadline"
        yield from bad_numbers("work.release", problem.work.release, empty, rule)
    if problem.sequence is not None:
        for name in ("start_up_hours", "min_up_hours"):
            values = getattr(problem.sequence, name)
            good = (values >= 0) & np.isfinite(values)
            yield from bad_numbers(f"sequence.{name}", values, ~good, "it must be at least 0")
    scenarios = problem.scenarios
    if scenarios is None:
        return
    total = float(scenarios.probability.sum())
    if abs(total - 1) > ROUNDING:
        yield f"scenarios.probability adds up to {total}; it must add up to 1"
    if not 0 <= scenarios.tail_weight <= 1:
        yield f"scenarios.tail_weight is {scenarios.tail_weight}; it must be in 0..1"
    if not 0 <= scenarios.tail_level < 1:
        yield f"scenarios.tail_level is {scenarios.tail_level}; it must be at least 0, below 1"
