"""Easings: a request with one limit let out by one more unit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.catalog.offer_keys import OfferNames
from costopt.planning.tries import with_limits, with_workload
from costopt.workload.counted import INSTANCES, CountedLimit
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest

MORE_MS: Final = 10.0
"""Step of a latency limit [ms]."""

MORE_SHARE: Final = 0.01
"""Step of a share, and of a budget as a part of it [1]."""

MORE_HOURS: Final = 1.0
"""Step of a deadline [h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Easing:
    """One limit of a request, let out by one more unit.

    Attributes:
        key: of the limit, as ``limit_key`` writes it.
        limit: what the limit is called, and how much it allows.
        step: how much more is allowed.
        request: with the limit let out.
    """

    key: str
    limit: str
    step: str
    request: PlanRequest


def limit_key(owner: int | None, field: str, key: str = "") -> str:
    """Name a limit of a request.

    Args:
        owner: position of the workload whose limit it is; None for the request's own.
        field: of the limits or of the workload.
        key: of a quota.
    """
    return f"{'' if owner is None else owner}:{field}:{key}"


def easings(request: PlanRequest, workloads: Sequence[NamedWorkload]) -> Iterator[Easing]:
    """Yield a request with each of its limits let out by one more unit, one at a time.

    Args:
        request: the question.
        workloads: with their candidates.
    """
    yield from _of_limits(request, None, request.limits, workloads)
    for position, item in enumerate(workloads):
        workload = request.workloads[position]
        yield from _of_limits(request, position, workload.limits, [item])
        yield from _of_workload(request, position, workload)


def _of_limits(
    request: PlanRequest, owner: int | None, limits: Limits, workloads: Sequence[NamedWorkload]
) -> Iterator[Easing]:
    """Yield quotas, budget, share of spot and number of types, each let out."""
    for counted in limits.counted:
        step = _quota_step(counted, workloads)
        if counted.is_of_commitment or step is None:
            continue
        quotas = dict(getattr(limits, counted.unit.field))
        more = counted.allowed + step
        quotas[counted.key] = int(more) if counted.unit.is_whole else more
        changed = limits.model_copy(update={counted.unit.field: quotas})
        yield Easing(
            key=limit_key(owner, counted.unit.field, counted.key),
            limit=f"{counted.name} of {counted.unit.amount(counted.allowed)}",
            step="one more" if counted.unit is INSTANCES else f"{counted.unit.amount(step)} more",
            request=with_limits(request, owner, changed),
        )
    steps: tuple[tuple[str, float | int | None, str], ...] = (
        ("budget", limits.budget and limits.budget * (1 + MORE_SHARE), "1 % more"),
        ("max_spot_fraction", _more_spot(limits), "1 percentage point more"),
        ("max_distinct_types", limits.max_distinct_types and limits.max_distinct_types + 1,
         "one more"),
    )  # fmt: skip
    for field, value, words in steps:
        if value:
            yield Easing(
                key=limit_key(owner, field),
                limit=f"{field} of {getattr(limits, field):,.10g}",
                step=words,
                request=with_limits(request, owner, limits.model_copy(update={field: value})),
            )


def _quota_step(counted: CountedLimit, workloads: Sequence[NamedWorkload]) -> float | None:
    """Return what one more instance takes of a quota; None where it concerns no candidate."""
    taken = [
        counted.weights(offers, OfferNames.of(offers))
        for offers in (item.candidates.offers for item in workloads)
        if len(offers)
    ]
    weights = np.concatenate([*taken, np.zeros(0)])
    least = float(np.min(weights, where=weights > 0, initial=np.inf))
    return least if np.isfinite(least) else None


def _more_spot(limits: Limits) -> float | None:
    """Return a larger share of spot; None where none or all is allowed."""
    if not 0 < limits.max_spot_fraction < 1:
        return None
    return min(limits.max_spot_fraction + MORE_SHARE, 1.0)


def _of_workload(request: PlanRequest, position: int, workload: AnyWorkload) -> Iterator[Easing]:
    """Yield latencies, deadline and planned utilisation, each let out."""
    steps: tuple[tuple[str, float, str], ...] = (
        ("max_ttft_ms", MORE_MS, "10 ms more"),
        ("max_tpot_ms", MORE_MS, "10 ms more"),
        ("max_latency_ms", MORE_MS, "10 ms more"),
        ("deadline_hours", MORE_HOURS, "one hour more"),
        ("max_utilisation", MORE_SHARE, "1 percentage point more"),
    )
    for field, step, words in steps:
        value: Any = getattr(workload, field, None)
        if value is None or (field == "max_utilisation" and value + step > 1):
            continue
        changed = workload.model_copy(update={field: value + step})
        yield Easing(
            key=limit_key(position, field),
            limit=f"{field} of {value:,.10g}",
            step=words,
            request=with_workload(request, position, changed),
        )
