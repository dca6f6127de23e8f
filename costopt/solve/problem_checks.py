"""Reject a Problem whose arrays disagree, or hold numbers that no plan can mean."""

import sys
from collections.abc import Hashable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costopt.errors import InvalidInputError
from costopt.solve.changes import NEW, Changes
from costopt.solve.problem import Choice, LimitRow, Payers, Problem, ServingBlock

LISTED_POSITIONS: Final = 3
"""How many offending positions one sentence names before it counts the rest."""


def check_problem(problem: Problem) -> None:
    """Raise one error that lists every broken rule of the problem.

    Raises:
        InvalidInputError: an array has the wrong shape, a number is NaN, negative or infinite
            where that has no meaning, or an index points nowhere.
    """
    found = list(_shape_problems(problem))
    if not found:
        found = list(_value_problems(problem))
    if found:
        raise InvalidInputError("Problem", found)


def check_effort(subject: str, gap: float, time_limit_seconds: float) -> None:
    """Raise when the gap or the time limit is not a number that a solve can keep.

    Args:
        subject: whose settings they are, for the message.
        gap: relative distance between cost and bound at which to stop [1].
        time_limit_seconds: wall-clock limit of the solve [s].

    Raises:
        InvalidInputError: the gap is outside 0 <= gap < 1, or the limit is not positive.
    """
    found = []
    if not is_number_between(gap, 0, 1) or gap == 1:
        found.append(f"gap is {gap!r}; it must be a number of at least 0 and below 1")
    longest = sys.float_info.max
    if not is_number_between(time_limit_seconds, 0, longest) or time_limit_seconds == 0:
        found.append(f"time_limit_seconds is {time_limit_seconds!r}; it must be finite, above 0")
    if found:
        raise InvalidInputError(subject, found)


def bad_numbers(
    field: str,
    values: NDArray[Any],
    bad: NDArray[np.bool_],
    rule: str,
    labels: Sequence[Sequence[Hashable]] = (),
) -> list[str]:
    """One sentence that names the first positions where a rule is broken; none if all is well.

    Args:
        field: name of the array in messages.
        values: the array.
        bad: True where the rule is broken, same shape.
        rule: what a value must be.
        labels: names of the positions along each axis; positions count from 0 without them.
    """
    where = [tuple(map(int, position)) for position in np.argwhere(bad)]
    if not where:
        return []
    names = labels or [range(size) for size in values.shape]
    shown = [
        f"{field}{_subscript(position, names)} is {values[position].item()}"
        for position in where[:LISTED_POSITIONS]
    ]
    more = f" and {len(where) - len(shown)} more" if len(where) > len(shown) else ""
    return [f"{', '.join(shown)}{more}; {rule}"]


def _subscript(position: Sequence[int], names: Sequence[Sequence[Hashable]]) -> str:
    parts = [repr(axis[index]) for index, axis in zip(position, names, strict=True)]
    return f"[{', '.join(parts)}]" if parts else ""


def is_number_between(value: object, low: float, high: float) -> bool:
    """Whether the value is a real number in low..high; text and NaN are not."""
    return isinstance(value, Real) and low <= float(value) <= high


def _shape(field: str, values: NDArray[Any], expected: tuple[int, ...]) -> Iterator[str]:
    if np.shape(values) != expected:
        yield f"{field} has shape {np.shape(values)}; it must have {expected}"


def _whole(field: str, values: NDArray[Any]) -> Iterator[str]:
    if not np.issubdtype(values.dtype, np.integer):
        yield f"{field} must hold whole numbers"


def _shape_problems(problem: Problem) -> Iterator[str]:
    offers = np.shape(problem.price_per_hour)
    if len(offers) != 1:
        yield f"price_per_hour has shape {offers}; it must have one number for each offer"
        return
    for field in ("server", "upper", "group"):
        yield from _shape(field, getattr(problem, field), offers)
    yield from _whole("server", problem.server)
    yield from _whole("group", problem.group)
    for index, block in enumerate(problem.blocks):
        yield from _block_shape_problems(f"blocks[{index}]", block)
    for index, choice in enumerate(problem.choices):
        if np.ndim(choice.cost) != 1:
            yield f"choices[{index}].cost must have one number for each alternative"
        yield from _shape(f"choices[{index}].group", choice.group, np.shape(choice.cost))
        yield from _whole(f"choices[{index}].group", choice.group)
        yield from _payer_shape_problems(f"choices[{index}].payers", choice.payers)
    sizes = [np.shape(choice.cost) for choice in problem.choices]
    for row in problem.rows:
        yield from _shape(f"row {row.name!r} offer_coefficients", row.offer_coefficients, offers)
        if len(row.choice_coefficients) != len(sizes):
            yield f"row {row.name!r} covers {len(row.choice_coefficients)} of {len(sizes)} choices"
            continue
        for index, (weights, size) in enumerate(zip(row.choice_coefficients, sizes, strict=True)):
            yield from _shape(f"row {row.name!r} choice_coefficients[{index}]", weights, size)
        yield from _payer_row_problems(row, [len(choice.payers) for choice in problem.choices])
    if problem.changes is not None:
        yield from _change_shape_problems(problem, problem.changes)


def _payer_shape_problems(name: str, payers: Payers) -> Iterator[str]:
    for field in ("instances", "cost"):
        yield from _shape(f"{name}.{field}", getattr(payers, field), np.shape(payers.alternative))
    yield from _whole(f"{name}.alternative", payers.alternative)
    yield from _whole(f"{name}.instances", payers.instances)


def _payer_row_problems(row: LimitRow, payers: Sequence[int]) -> Iterator[str]:
    if not any(payers) and not row.payer_coefficients:
        return
    if len(row.payer_coefficients) != len(payers):
        covered = len(row.payer_coefficients)
        yield f"row {row.name!r} covers the payers of {covered} of {len(payers)} choices"
        return
    for index, (weights, size) in enumerate(zip(row.payer_coefficients, payers, strict=True)):
        yield from _shape(f"row {row.name!r} payer_coefficients[{index}]", weights, (size,))


def _change_shape_problems(problem: Problem, changes: Changes) -> Iterator[str]:
    yield from _shape("changes.kind", changes.kind, (problem.offer_count,))
    yield from _shape("changes.instances", changes.rented, (problem.offer_count,))
    yield from _whole("changes.instances", changes.rented)
    yield from _whole("changes.kind", changes.kind)
    if len(changes.gangs) != len(problem.choices):
        yield f"changes cover {len(changes.gangs)} of {len(problem.choices)} choices"
        return
    kinds = len(changes.running)
    for index, (gang, choice) in enumerate(zip(changes.gangs, problem.choices, strict=True)):
        name, alternatives = f"changes.gangs[{index}]", len(choice.cost)
        yield from _shape(f"{name}.running", gang.running, (alternatives, kinds))
        yield from _shape(f"{name}.new", gang.new, (alternatives,))
        yield from _shape(f"{name}.payer_kind", gang.payer_kind, (len(choice.payers),))


def _block_shape_problems(name: str, block: ServingBlock) -> Iterator[str]:
    if np.ndim(block.rates) != 2:
        yield f"{name}.rates must have two axes, servers and buckets"
        return
    servers, buckets = np.shape(block.rates)
    yield from _shape(f"{name}.demand", block.demand, (buckets,))
    yield from _shape(f"{name}.max_utilisation", block.max_utilisation, (servers,))
    yield from _shape(f"{name}.is_spot", block.is_spot, (servers,))
    if block.is_spot.dtype != np.bool_:
        yield f"{name}.is_spot must hold truth values"
    if block.failure_group is not None:
        yield from _shape(f"{name}.failure_group", block.failure_group, (servers,))
        yield from _whole(f"{name}.failure_group", block.failure_group)


def _value_problems(problem: Problem) -> Iterator[str]:
    yield from _amounts("price_per_hour", problem.price_per_hour)
    yield from _amounts("upper", problem.upper, allow_infinite=True)
    servers = int(problem.first_server[-1])
    outside = (problem.server < 0) | (problem.server >= servers)
    rule = f"there are {servers} servers, counted from 0"
    yield from bad_numbers("server", problem.server, outside, rule)
    for index, block in enumerate(problem.blocks):
        yield from _block_value_problems(f"blocks[{index}]", block)
    for index, choice in enumerate(problem.choices):
        yield from _amounts(f"choices[{index}].cost", choice.cost)
        yield from _payer_value_problems(f"choices[{index}].payers", choice)
    for row in problem.rows:
        yield from _amounts(f"row {row.name!r} upper", np.asarray(row.upper), allow_infinite=True)
        own = (row.offer_coefficients, *row.choice_coefficients, *row.payer_coefficients)
        for weights in own:
            yield from _amounts(f"row {row.name!r} coefficients", weights)
    if problem.budget_per_hour is not None:
        budget = np.asarray(problem.budget_per_hour)
        yield from _amounts("budget_per_hour", budget, allow_infinite=True)
    if problem.max_groups is not None and problem.max_groups < 1:
        yield f"max_groups is {problem.max_groups}; it must be at least 1"
    if problem.changes is not None:
        yield from _change_value_problems(problem.changes)


def _change_value_problems(changes: Changes) -> Iterator[str]:
    kinds = len(changes.running)
    rule = f"there are {kinds} running kinds, counted from 0; {NEW} is none of them"
    for kind in (changes.kind, *(gang.payer_kind for gang in changes.gangs)):
        yield from bad_numbers("changes.kind", kind, (kind < NEW) | (kind >= kinds), rule)
    few = changes.rented < 1
    yield from bad_numbers("changes.instances", changes.rented, few, "it must be at least 1")
    few = changes.running < 1
    yield from bad_numbers("changes.running", changes.running, few, "it must be at least 1")
    for field in ("start_cost", "stop_cost"):
        yield from _amounts(f"changes.{field}", np.asarray(getattr(changes, field)))


def _payer_value_problems(name: str, choice: Choice) -> Iterator[str]:
    payers, alternatives = choice.payers, len(choice.cost)
    outside = (payers.alternative < 0) | (payers.alternative >= alternatives)
    rule = f"there are {alternatives} alternatives, counted from 0"
    yield from bad_numbers(f"{name}.alternative", payers.alternative, outside, rule)
    few = payers.instances < 1
    yield from bad_numbers(f"{name}.instances", payers.instances, few, "it must be at least 1")
    yield from _amounts(f"{name}.cost", payers.cost)
    pairs = np.unique(np.stack([payers.alternative, payers.instances], axis=1), axis=0)
    if len(pairs) != len(np.unique(payers.alternative)):
        yield f"{name}.instances differs between the payers of one alternative"


def _block_value_problems(name: str, block: ServingBlock) -> Iterator[str]:
    yield from _amounts(f"{name}.demand", block.demand)
    yield from _amounts(f"{name}.rates", block.rates)
    usable = (block.max_utilisation > 0) & (block.max_utilisation <= 1)
    rule = "it must be above 0 and at most 1"
    yield from bad_numbers(f"{name}.max_utilisation", block.max_utilisation, ~usable, rule)
    if not 0 <= block.max_spot_fraction <= 1:
        yield f"{name}.max_spot_fraction is {block.max_spot_fraction}; it must be in 0..1"
    yield from _loss_value_problems(name, block)


def _loss_value_problems(name: str, block: ServingBlock) -> Iterator[str]:
    if not 0 <= block.max_lost_fraction <= 1:
        yield f"{name}.max_lost_fraction is {block.max_lost_fraction}; it must be in 0..1"
    for field in ("max_losses", "min_failure_groups"):
        count = getattr(block, field)
        if not isinstance(count, Integral) or count < 0:
            yield f"{name}.{field} is {count!r}; it must be a whole number of at least 0"
    if block.failure_group is not None:
        outside = block.failure_group < -1
        rule = "a group counts from 0, and -1 stands for a server that is never lost"
        yield from bad_numbers(f"{name}.failure_group", block.failure_group, outside, rule)
    elif block.max_losses != 0 or block.min_failure_groups != 0:
        yield (
            f"{name} limits losses (max_losses {block.max_losses}, min_failure_groups "
            f"{block.min_failure_groups}) without failure_group; name the group of each server"
        )


def _amounts(field: str, values: NDArray[Any], *, allow_infinite: bool = False) -> Iterator[str]:
    highest = "" if allow_infinite else " and finite"
    fits = (values >= 0) & (allow_infinite | np.isfinite(values))
    yield from bad_numbers(field, values, ~fits, f"it must be at least 0{highest}")
