"""Changes that make an infeasible request feasible, each proven by planning again."""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil, floor, log10
from typing import Any, Final

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.plan.answer import cost_in_words, lines_in_words
from costopt.planning.search import Found, search
from costopt.workload.limits import DEFAULT_PURCHASE_OPTIONS, LOSSES, Limits
from costopt.workload.request import AnyWorkload, PlanRequest

DROPPED: Final = ("accelerators_per_node", "accelerator_types", "intra_node_interconnect")
"""Fields of a requirement that are dropped one at a time to see whether that helps."""

RAISED: Final = ("max_ttft_ms", "max_tpot_ms", "max_latency_ms", "deadline_hours")
"""Numbers of a workload that are raised one at a time."""

PROMISED: Final = ("limits.served_after_loss", "limits.availability")
"""Shares of a limit on spot losses, of a workload or of the request, that are lowered."""

LOWERED: Final = (
    "vram_gib_per_accelerator",
    "vram_gib_total",
    "tflops_total",
    "traffic.requests_per_second",
    "samples_per_second",
    "demand_per_second",
    *PROMISED,
)
"""Numbers of a workload that are lowered one at a time."""

MOST_CHANGED: Final = 64.0
"""Factor up to which a number is raised or lowered."""

CLOSE: Final = 1.02
"""Ratio of the values that help and that do not, at which the search for the smallest ends."""

DIGITS: Final = 3
"""Digits of a value that is tried, so that what is shown is what was planned."""

ROUNDING: Final = 1e-9
"""Part of a last digit that is rounding."""

MOST_OFFERS_NAMED: Final = 2
"""Offers that name the plan which a change leads to."""


def helpful_changes(request: PlanRequest, catalog: Catalog) -> tuple[str, ...]:
    """Say which single change makes a request feasible, and which do not.

    Args:
        request: infeasible as it stands.
        catalog: offers and facts.
    """
    helping: list[str] = []
    useless: list[str] = []
    for name, changed in [*_without_limits(request), *_without_fields(request)]:
        found = _try(changed, catalog)
        if found is None:
            useless.append(name)
        else:
            helping.append(f"{_freed(request, name, found)}: {_plan_in_words(changed, found)}")
    for name, value, up, changed_to in _numbers(request):
        sentence = _smallest_change(name, value, up, changed_to, catalog)
        if sentence:
            helping.append(sentence)
        else:
            useless.append(name)
    if useless:
        helping.append(f"changing only {' or only '.join(useless)} does not help")
    return tuple(helping)


def changed_plan(
    request: PlanRequest, position: int, workload: AnyWorkload, catalog: Catalog
) -> str:
    """Plan a request with one workload changed; empty where it has no answer either.

    Args:
        request: infeasible as it stands.
        position: of the workload.
        workload: what takes its place.
        catalog: offers and facts.
    """
    changed = _with_workload(request, position, workload)
    found = _try(changed, catalog)
    return "" if found is None else _plan_in_words(changed, found)


def _freed(request: PlanRequest, name: str, found: Found) -> str:
    """Name a limit that is left out; of a budget for all workloads, what it must be at least."""
    own = any(workload.limits.budget is not None for workload in request.workloads)
    if name != "limits.budget" or own:
        return f"without {name}"
    cost = sum(line.line_cost_total for item in found.operated for line in item.lines)
    return f"limits.budget of {ceil(100 * cost - ROUNDING) / 100:,.2f}"


def _try(request: PlanRequest, catalog: Catalog) -> Found | None:
    """Plan a changed request; None when it has no answer either."""
    try:
        found = search(all_candidates(request, catalog), request, catalog)
    except CostoptError:
        return None
    return found if found.solution.cost is not None else None


def _without_limits(request: PlanRequest) -> Iterator[tuple[str, PlanRequest]]:
    """Yield the request without each of its limits, one at a time."""
    for field, info in Limits.model_fields.items():
        if field == LOSSES[1]:
            continue
        free = info.get_default()
        every = [request.limits, *(workload.limits for workload in request.workloads)]
        if all(_is_free(field, getattr(limits, field), free) for limits in every):
            continue
        workloads = (
            workload.model_copy(update={"limits": workload.limits.without(field)})
            for workload in request.workloads
        )
        changes = {"limits": request.limits.without(field), "workloads": tuple(workloads)}
        changed = request.model_copy(update=changes)
        if changed != request:
            yield f"limits.{field}", changed


def _is_free(field: str, value: object, free: object) -> bool:
    """Return whether a limit allows whatever it allows when it is left out."""
    if field == "purchase_options" and isinstance(value, tuple):
        return set(value) >= set(DEFAULT_PURCHASE_OPTIONS)
    return value == free


def _without_fields(request: PlanRequest) -> Iterator[tuple[str, PlanRequest]]:
    """Yield the request without each condition of its requirements, one at a time."""
    for index, (name, workload) in enumerate(request.named_workloads):
        for field in DROPPED:
            if getattr(workload, field, None) is not None:
                yield (
                    _named(request, name, field),
                    _with_workload(request, index, workload.model_copy(update={field: None})),
                )


def _numbers(
    request: PlanRequest,
) -> Iterator[tuple[str, float, bool, Callable[[float], PlanRequest]]]:
    """Yield each number that may be eased: name, value, whether up, and how to set it."""
    for index, (name, workload) in enumerate(request.named_workloads):
        for path in (*RAISED, *LOWERED):
            value: Any = workload
            for part in path.split("."):
                value = getattr(value, part, None)
            if value is None:
                continue

            def changed_to(value: float, index: int = index, path: str = path) -> PlanRequest:
                workload = _with_number(request.workloads[index], path, value)
                return _with_workload(request, index, workload)

            yield _named(request, name, path), value, path in RAISED, changed_to
    for path in PROMISED:
        shared = getattr(request.limits, path.removeprefix("limits."))
        if shared is not None:
            yield path, shared, False, partial(_with_number, request, path)


def _named(request: PlanRequest, workload: str, field: str) -> str:
    """Name a field, with its workload where there are several."""
    return f"{workload}: {field}" if len(request.workloads) > 1 else field


def _with_number(record: Any, path: str, value: float) -> Any:
    """Return a record with one number changed, in the record itself or one level down."""
    first, _, rest = path.partition(".")
    changed = _with_number(getattr(record, first), rest, value) if rest else value
    return record.model_copy(update={first: changed})


def _with_workload(request: PlanRequest, index: int, workload: AnyWorkload) -> PlanRequest:
    workloads = list(request.workloads)
    workloads[index] = workload
    return request.model_copy(update={"workloads": tuple(workloads)})


def _smallest_change(
    name: str,
    value: float,
    up: bool,
    changed_to: Callable[[float], PlanRequest],
    catalog: Catalog,
) -> str:
    """Return the value nearest to today's that helps, in words; empty when none up to 64 times.

    Args:
        name: of the number.
        value: as it stands.
        up: whether raising it eases it; lowering otherwise.
        changed_to: value -> the request with it.
        catalog: offers and facts.
    """
    useless, helps = 1.0, MOST_CHANGED
    trial = _eased(value, helps, up)
    found = _try(changed_to(trial), catalog)
    if found is None:
        return ""
    best, plan = trial, found
    while helps / useless > CLOSE:
        middle = (useless * helps) ** 0.5
        trial = _eased(value, middle, up)
        found = _try(changed_to(trial), catalog)
        if found is None:
            useless = middle
        else:
            helps, best, plan = middle, trial, found
    return f"{name} of {best:,.10g}: {_plan_in_words(changed_to(best), plan)}"


def _eased(value: float, factor: float, up: bool) -> float:
    """Multiply or divide a number by a factor, rounded to three digits on the easier side."""
    exact = value * factor if up else value / factor
    places = DIGITS - 1 - floor(log10(exact))
    step: float = 10.0**-places
    whole = ceil(exact / step - ROUNDING) if up else floor(exact / step + ROUNDING)
    return round(whole * step, max(places, 0))


def _plan_in_words(request: PlanRequest, found: Found) -> str:
    """Name the lines of a plan and its cost."""
    lines = [line for item in found.operated for line in item.lines]
    cost = cost_in_words(
        sum(line.line_cost_total for line in lines),
        request.currency,
        request.horizon_hours,
        [item.duration_hours for item in found.operated],
    )
    return f"{lines_in_words(lines, MOST_OFFERS_NAMED)}, {cost}"
