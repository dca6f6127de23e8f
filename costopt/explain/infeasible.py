"""Changes that make an infeasible request feasible, each proven by planning again."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.plan.words import hours_in_words, money, payment_in_words
from costopt.planning.search import Found, search
from costopt.units import HOURS_PER_MONTH
from costopt.workload.limits import DEFAULT_PURCHASE_OPTIONS, Limits
from costopt.workload.request import AnyWorkload, PlanRequest

LIST_LIMITS: Final = (
    "providers",
    "regions",
    "countries",
    "instance_types",
    "families",
    "accelerator_types",
    "vendors",
    "min_vcpus_per_accelerator",
    "min_memory_gib_per_accelerator",
    "intra_node_interconnect",
    "inter_node_fabric",
    "term_years",
    "quota",
    "budget",
    "max_distinct_types",
)
"""Limits that are dropped one at a time to see whether that helps."""

SLACK_FIELDS: Final = ("max_ttft_ms", "max_tpot_ms", "max_latency_ms", "deadline_hours")
"""Numbers of a workload that are raised one at a time."""

MOST_RAISED: Final = 64.0
"""Factor up to which such a number is raised."""

HALVINGS: Final = 5
"""Steps that narrow the smallest factor that helps, to within 3 % of its logarithm."""


def helpful_changes(request: PlanRequest, catalog: Catalog) -> tuple[str, ...]:
    """Say which single change makes a request feasible, and which do not.

    Args:
        request: infeasible as it stands.
        catalog: offers and facts.
    """
    helping: list[str] = []
    useless: list[str] = []
    for name, changed in [*_dropped(request), *_spot_allowed(request)]:
        found = _try(changed, catalog)
        if found is None:
            useless.append(name)
        else:
            helping.append(f"without {name}: {_plan_in_words(changed, found)}")
    for name, raised in _raisable(request):
        sentence = _smallest_raise(name, raised, catalog)
        if sentence:
            helping.append(sentence)
        else:
            useless.append(name)
    if useless:
        helping.append(f"changing only {' or only '.join(useless)} does not help")
    return tuple(helping)


def _try(request: PlanRequest, catalog: Catalog) -> Found | None:
    """Plan a changed request; None when it has no answer either."""
    try:
        found = search(all_candidates(request, catalog), request, catalog)
    except CostoptError:
        return None
    return found if found.solution.cost is not None else None


def _dropped(request: PlanRequest) -> Iterator[tuple[str, PlanRequest]]:
    """Yield the request without each of its limits, one at a time."""
    for field in LIST_LIMITS:
        own = [getattr(workload.limits, field) for workload in request.workloads]
        if getattr(request.limits, field) is None and all(value is None for value in own):
            continue
        yield (
            f"limits.{field}",
            request.model_copy(
                update={
                    "limits": request.limits.model_copy(update={field: None}),
                    "workloads": tuple(
                        _with_limits(workload, {field: None}) for workload in request.workloads
                    ),
                }
            ),
        )


def _spot_allowed(request: PlanRequest) -> Iterator[tuple[str, PlanRequest]]:
    """Yield the request with every default purchase option, where it allows fewer."""
    options = request.limits.purchase_options
    if options is not None and set(options) < set(DEFAULT_PURCHASE_OPTIONS):
        limits = request.limits.model_copy(update={"purchase_options": None})
        yield "limits.purchase_options", request.model_copy(update={"limits": limits})


def _with_limits(workload: AnyWorkload, changes: dict[str, Any]) -> AnyWorkload:
    limits: Limits = workload.limits.model_copy(update=changes)
    return workload.model_copy(update={"limits": limits})


def _raisable(
    request: PlanRequest,
) -> Iterator[tuple[str, Callable[[float], tuple[PlanRequest, float]]]]:
    """Yield each number that may be raised, with a function from a factor to the request."""
    for index, workload in enumerate(request.workloads):
        for field in SLACK_FIELDS:
            value = getattr(workload, field, None)
            if value is None:
                continue

            def raised(
                factor: float, index: int = index, field: str = field, value: float = value
            ) -> tuple[PlanRequest, float]:
                workloads = list(request.workloads)
                workloads[index] = workloads[index].model_copy(update={field: value * factor})
                return request.model_copy(update={"workloads": tuple(workloads)}), value * factor

            yield field, raised


def _smallest_raise(
    name: str, raised: Callable[[float], tuple[PlanRequest, float]], catalog: Catalog
) -> str:
    """Return the smallest value that helps, in words; empty when none up to 64 times does."""
    request, value = raised(MOST_RAISED)
    found = _try(request, catalog)
    if found is None:
        return ""
    low, high = 1.0, MOST_RAISED
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        trial, figure = raised(middle)
        outcome = _try(trial, catalog)
        if outcome is None:
            low = middle
        else:
            high, request, value, found = middle, trial, figure, outcome
    shown = hours_in_words(value) if name == "deadline_hours" else f"{value:,.0f}"
    return f"{name} of {shown}: {_plan_in_words(request, found)}"


def _plan_in_words(request: PlanRequest, found: Found) -> str:
    """Name the lines of a plan and its cost."""
    lines = [line for item in found.operated for line in item.lines]
    named = [
        f"{line.count} x {line.offer.instance_type} in {line.offer.provider} {line.offer.region}, "
        + payment_in_words(line.offer.purchase_option, line.offer.term_years, line.offer.payment)
        for line in lines[:2]
    ]
    more = f" + {len(lines) - 2} more" if len(lines) > 2 else ""
    total = sum(line.line_cost_total for line in lines)
    if any(item.duration_hours is None for item in found.operated):
        per_month = total / request.horizon_hours * HOURS_PER_MONTH
        return f"{' + '.join(named)}{more}, {money(per_month, request.currency)}/month"
    return f"{' + '.join(named)}{more}, {money(total, request.currency)}"
