"""Change: one thing of a request that may be eased, at once or step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil, floor, log10
from typing import Final

from costopt.workload.request import PlanRequest

MOST_CHANGED: Final = 64.0
"""Factor up to which a number is raised or lowered."""

DIGITS: Final = 3
"""Digits of a value that is tried, so that what is shown is what was planned."""

ROUNDING: Final = 1e-9
"""Part of a last digit that is rounding."""

Changed = Callable[[PlanRequest], PlanRequest]
"""A request -> the request with a change made to it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """One thing that may be eased.

    Attributes:
        name: of the limit, condition or number.
        eased: makes it as easy as it can be.
        steps: for a number, steps up to the easiest value: 0 is as it stands; 0 otherwise [1].
        at: for a number, makes it as easy as a step says.
        said: for a number, what the request then says, such as ``max_ttft_ms of 2,000``.
        is_demand: True for a rate that a workload asks for.
    """

    name: str
    eased: Changed
    steps: int = 0
    at: Callable[[int, PlanRequest], PlanRequest] | None = None
    said: Callable[[int], str] | None = None
    is_demand: bool = False


STEP: Final = 1.02
"""Ratio of two values of a number that are tried one after the other."""

RATIO_STEPS: Final = ceil(210.1)
"""Steps of that ratio up to the largest change: 1.02 ** 211 > 64."""


def rounded(value: float, factor: float, *, up: bool) -> float:
    """Multiply or divide a number by a factor, rounded to three digits on the easier side.

    Args:
        value: as it stands.
        factor: at least 1 [1].
        up: whether raising it eases it; lowering otherwise.
    """
    exact = value * factor if up else value / factor
    places = DIGITS - 1 - floor(log10(exact))
    step: float = 10.0**-places
    whole = ceil(exact / step - ROUNDING) if up else floor(exact / step + ROUNDING)
    return round(whole * step, max(places, 0))


def by_ratio(
    name: str,
    value: float,
    change: Callable[[float, PlanRequest], PlanRequest],
    *,
    up: bool,
    is_demand: bool = False,
) -> Change:
    """Return the change of a number that is raised, or lowered, by one ratio after the other.

    Args:
        name: of the number.
        value: as it stands.
        change: puts another value in its place.
        up: whether raising it eases it; lowering otherwise.
        is_demand: True for a rate that a workload asks for.
    """

    def value_at(step: int) -> float:
        return value if step == 0 else rounded(value, min(STEP**step, MOST_CHANGED), up=up)

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        return change(value_at(step), asked)

    return Change(
        name=name,
        eased=partial(at, RATIO_STEPS),
        steps=RATIO_STEPS,
        at=at,
        said=lambda step: f"{name} of {value_at(step):,.10g}",
        is_demand=is_demand,
    )
