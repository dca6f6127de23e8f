"""Limits of a request eased step by step: promises, quotas, spot, numbers of types."""

from collections.abc import Iterator
from functools import partial
from math import floor
from typing import Final

from costopt.explain.change_of_request import MOST_CHANGED, ROUNDING, Change, by_ratio
from costopt.planning.tries import with_limits
from costopt.workload.counted import CountedLimit
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest

PROMISED: Final = ("served_after_loss", "availability")
"""Shares of limits on spot losses that are lowered."""

MOST_MORE: Final = 4096
"""Instances up to which a quota is raised [1]."""


def owners_of(request: PlanRequest) -> list[tuple[int | None, Limits]]:
    """Return the limits of the request and of each workload, by its position.

    Args:
        request: the question.
    """
    own = [(index, workload.limits) for index, workload in enumerate(request.workloads)]
    return [(None, request.limits), *own]


def promise_changes(request: PlanRequest) -> Iterator[Change]:
    """Yield each share that is promised of spot losses, lowered."""
    for owner, limits in owners_of(request):
        prefix = "" if owner is None else f"{request.named_workloads[owner][0]}: "
        for field in PROMISED:
            value = getattr(limits, field)
            if value is not None:
                change = partial(_with_promise, owner, field)
                yield by_ratio(f"{prefix}limits.{field}", float(value), change, up=False)


def _with_promise(owner: int | None, field: str, value: float, asked: PlanRequest) -> PlanRequest:
    limits = asked.limits if owner is None else asked.workloads[owner].limits
    return with_limits(asked, owner, limits.model_copy(update={field: value}))


def quota_changes(request: PlanRequest) -> Iterator[Change]:
    """Yield each quota, raised one instance, or one unit, after the other."""
    for owner, limits in owners_of(request):
        for counted in limits.counted:
            if not counted.is_of_commitment:
                prefix = "" if owner is None else f"{request.named_workloads[owner][0]}: "
                yield _quota(prefix, owner, counted)


def _quota(prefix: str, owner: int | None, counted: CountedLimit) -> Change:
    name = f"{prefix}limits.{counted.name}"

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        limits = asked.limits if owner is None else asked.workloads[owner].limits
        quotas = dict(getattr(limits, counted.unit.field))
        more = counted.allowed + step
        quotas[counted.key] = int(more) if counted.unit.is_whole else more
        return with_limits(asked, owner, limits.model_copy(update={counted.unit.field: quotas}))

    return Change(
        name=name,
        eased=partial(at, MOST_MORE),
        steps=MOST_MORE,
        at=at,
        said=lambda step: f"{name} of {counted.allowed + step:,.10g} (+{step:,})",
    )


def spot_changes(request: PlanRequest) -> Iterator[Change]:
    """Yield the share of spot, raised one percentage point after the other, of all limits."""
    least = min(limits.max_spot_fraction for _, limits in owners_of(request))
    if least >= 1:
        return
    first = floor(100 * least + ROUNDING)

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        allowed = min((first + step) / 100, 1.0)
        for owner, limits in owners_of(asked):
            more = max(limits.max_spot_fraction, allowed)
            eased = limits.model_copy(update={"max_spot_fraction": more})
            asked = with_limits(asked, owner, eased)
        return asked

    yield Change(
        name="limits.max_spot_fraction",
        eased=partial(at, 100 - first),
        steps=100 - first,
        at=at,
        said=lambda step: f"limits.max_spot_fraction of {(first + step) / 100:g}",
    )


def type_changes(request: PlanRequest) -> Iterator[Change]:
    """Yield the number of instance types, raised one after the other."""
    for owner, limits in owners_of(request):
        allowed = limits.max_distinct_types
        if allowed is not None:
            yield _more_types(owner, allowed)


def _more_types(owner: int | None, allowed: int) -> Change:
    def at(step: int, asked: PlanRequest) -> PlanRequest:
        limits = asked.limits if owner is None else asked.workloads[owner].limits
        more = limits.model_copy(update={"max_distinct_types": allowed + step})
        return with_limits(asked, owner, more)

    return Change(
        name="limits.max_distinct_types",
        eased=partial(at, int(MOST_CHANGED)),
        steps=int(MOST_CHANGED),
        at=at,
        said=lambda step: f"limits.max_distinct_types of {allowed + step}",
    )
