"""Changes to a request that may let it have an answer: limits, conditions and numbers eased."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from costopt.explain.change_of_request import RATIO_STEPS, STEP, Change, by_ratio
from costopt.explain.limit_changes import (
    PROMISED,
    owners_of,
    promise_changes,
    quota_changes,
    spot_changes,
    type_changes,
)
from costopt.planning.tries import with_limits, with_workload
from costopt.workload.counted import QUOTA_FIELDS
from costopt.workload.limits import DEFAULT_PURCHASE_OPTIONS, Limits
from costopt.workload.request import PlanRequest

DROPPED: Final = ("accelerators_per_node", "accelerator_types", "intra_node_interconnect")
"""Fields of a requirement that are dropped one at a time to see whether that helps."""

RAISED: Final = ("max_ttft_ms", "max_tpot_ms", "max_latency_ms", "deadline_hours")
"""Numbers of a workload that are raised one at a time."""

SERVED: Final = ("traffic.requests_per_second", "samples_per_second", "demand_per_second")
"""Rates that a workload asks for; lowering them changes nothing about what an instance does."""

LOWERED: Final = (
    "vram_gib_per_accelerator",
    "vram_gib_total",
    "tflops_total",
    *SERVED,
)
"""Numbers of a workload that are lowered one at a time."""


def changes_of(request: PlanRequest) -> tuple[Change, ...]:
    """Return everything that may be eased, what people give up last at the front.

    Args:
        request: infeasible as it stands.
    """
    sums = (*QUOTA_FIELDS, *PROMISED, "budget", "max_distinct_types", "max_spot_fraction")
    limits = [field for field in Limits.model_fields if field not in sums]
    return (
        *(_without(request, field) for field in limits if _limits(request, field)),
        *_conditions(request),
        *_numbers(request, LOWERED, up=False),
        *_numbers(request, RAISED, up=True),
        *promise_changes(request),
        *spot_changes(request),
        *type_changes(request),
        *quota_changes(request),
        *(_without(request, field) for field in ("budget",) if _limits(request, field)),
    )


def joint_demand(request: PlanRequest) -> Change | None:
    """Return the change of all rates that several workloads ask for; None with fewer than two."""
    own = [change for change in _numbers(request, SERVED, up=False) if change.at is not None]
    if len(own) < 2:
        return None

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        for change in own:
            if change.at is not None:
                asked = change.at(step, asked)
        return asked

    return Change(
        name="every demand together",
        eased=partial(at, RATIO_STEPS),
        steps=RATIO_STEPS,
        at=at,
        said=lambda step: f"every demand at {100 / STEP**step:.1f} %",
        is_demand=True,
    )


def _limits(request: PlanRequest, field: str) -> bool:
    """Return whether a field of any limits stands in the way of anything."""
    free = Limits.model_fields[field].get_default()
    return any(
        not _is_free(field, getattr(limits, field), free)
        and getattr(limits.without(field), field) != getattr(limits, field)
        for _, limits in owners_of(request)
    )


def _is_free(field: str, value: object, free: object) -> bool:
    """Return whether a limit allows whatever it allows when it is left out."""
    if field == "purchase_options" and isinstance(value, tuple):
        return set(value) >= set(DEFAULT_PURCHASE_OPTIONS)
    return value == free


def _without(request: PlanRequest, field: str) -> Change:
    """Leave one limit out, of the request and of every workload."""

    def eased(asked: PlanRequest) -> PlanRequest:
        for owner, limits in owners_of(asked):
            asked = with_limits(asked, owner, limits.without(field))
        return asked

    return Change(name=f"limits.{field}", eased=eased)


def _conditions(request: PlanRequest) -> Iterator[Change]:
    """Yield each condition of the requirements, left out."""
    for index, (name, workload) in enumerate(request.named_workloads):
        for field in DROPPED:
            if getattr(workload, field, None) is not None:
                yield Change(
                    name=_named(request, name, field),
                    eased=partial(_with_number, index, field, None),
                )


def _numbers(request: PlanRequest, paths: Sequence[str], *, up: bool) -> Iterator[Change]:
    """Yield each number that may be eased."""
    for index, (name, workload) in enumerate(request.named_workloads):
        for path in paths:
            value: Any = workload
            for part in path.split("."):
                value = getattr(value, part, None)
            if value is not None:
                yield by_ratio(
                    _named(request, name, path),
                    float(value),
                    partial(_with_number, index, path),
                    up=up,
                    is_demand=path in SERVED,
                )


def _named(request: PlanRequest, workload: str, field: str) -> str:
    """Name a field, with its workload where there are several."""
    return f"{workload}: {field}" if len(request.workloads) > 1 else field


def _with_number(index: int, path: str, value: float | None, asked: PlanRequest) -> PlanRequest:
    return with_workload(asked, index, _replaced(asked.workloads[index], path, value))


def _replaced(record: Any, path: str, value: float | None) -> Any:
    """Return a record with one number changed, in the record itself or one level down."""
    first, _, rest = path.partition(".")
    changed = _replaced(getattr(record, first), rest, value) if rest else value
    return record.model_copy(update={first: changed})
