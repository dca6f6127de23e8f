"""Changes to a request that may let it have an answer: limits, conditions and numbers eased."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, floor, log10
from typing import Any, Final

from costopt.planning.tries import with_limits, with_workload
from costopt.workload.counted import QUOTA_FIELDS, CountedLimit
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

PROMISED: Final = ("served_after_loss", "availability")
"""Shares of limits on spot losses that are lowered."""

MOST_CHANGED: Final = 64.0
"""Factor up to which a number is raised or lowered."""

MOST_MORE: Final = 4096
"""Instances up to which a quota is raised [1]."""

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
        *_promises(request),
        *_spot(request),
        *_distinct_types(request),
        *_quotas(request),
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


def _owners(request: PlanRequest) -> list[tuple[int | None, Limits]]:
    """Return the limits of the request and of each workload."""
    own = [(index, workload.limits) for index, workload in enumerate(request.workloads)]
    return [(None, request.limits), *own]


def _limits(request: PlanRequest, field: str) -> bool:
    """Return whether a field of any limits stands in the way of anything."""
    free = Limits.model_fields[field].get_default()
    return any(
        not _is_free(field, getattr(limits, field), free)
        and getattr(limits.without(field), field) != getattr(limits, field)
        for _, limits in _owners(request)
    )


def _is_free(field: str, value: object, free: object) -> bool:
    """Return whether a limit allows whatever it allows when it is left out."""
    if field == "purchase_options" and isinstance(value, tuple):
        return set(value) >= set(DEFAULT_PURCHASE_OPTIONS)
    return value == free


def _without(request: PlanRequest, field: str) -> Change:
    """Leave one limit out, of the request and of every workload."""

    def eased(asked: PlanRequest) -> PlanRequest:
        for owner, limits in _owners(asked):
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
                yield _number(_named(request, name, path), index, path, float(value), up=up)


def _number(name: str, index: int, path: str, value: float, *, up: bool) -> Change:
    def value_at(step: int) -> float:
        return value if step == 0 else rounded(value, min(STEP**step, MOST_CHANGED), up=up)

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        return _with_number(index, path, value_at(step), asked)

    return Change(
        name=name,
        eased=partial(at, RATIO_STEPS),
        steps=RATIO_STEPS,
        at=at,
        said=lambda step: f"{name} of {value_at(step):,.10g}",
        is_demand=path in SERVED,
    )


def _promises(request: PlanRequest) -> Iterator[Change]:
    """Yield each share that is promised of spot losses, lowered."""
    for owner, limits in _owners(request):
        prefix = "" if owner is None else f"{request.named_workloads[owner][0]}: "
        for field in PROMISED:
            value = getattr(limits, field)
            if value is not None:
                yield _promise(f"{prefix}limits.{field}", owner, field, float(value))


def _promise(name: str, owner: int | None, field: str, value: float) -> Change:
    def value_at(step: int) -> float:
        lowered = rounded(value, min(STEP**step, MOST_CHANGED), up=False)
        return value if step == 0 else lowered

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        limits = asked.limits if owner is None else asked.workloads[owner].limits
        return with_limits(asked, owner, limits.model_copy(update={field: value_at(step)}))

    return Change(
        name=name,
        eased=partial(at, RATIO_STEPS),
        steps=RATIO_STEPS,
        at=at,
        said=lambda step: f"{name} of {value_at(step):,.10g}",
    )


def _quotas(request: PlanRequest) -> Iterator[Change]:
    """Yield each quota, raised one instance, or one unit, after the other."""
    for owner, limits in _owners(request):
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


def _spot(request: PlanRequest) -> Iterator[Change]:
    """Yield the share of spot, raised one percentage point after the other, of all limits."""
    least = min(limits.max_spot_fraction for _, limits in _owners(request))
    if least >= 1:
        return
    first = floor(100 * least + ROUNDING)

    def at(step: int, asked: PlanRequest) -> PlanRequest:
        allowed = min((first + step) / 100, 1.0)
        for owner, limits in _owners(asked):
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


def _distinct_types(request: PlanRequest) -> Iterator[Change]:
    """Yield the number of instance types, raised one after the other."""
    for owner, limits in _owners(request):
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
