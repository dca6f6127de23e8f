"""What one more unit of each limit is worth: screened by the relaxed program, then re-solved."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.easings import Easing, easings
from costopt.explain.field import Field, lines_of
from costopt.plan.answer import cost_figure
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.assemble import assemble
from costopt.planning.search import shared_limits
from costopt.planning.tries import Tries
from costopt.solve.relaxation import relaxed_cost

TIME_LIMIT_SECONDS: Final = 3.0
"""Time for all limits together [s]."""

SEARCH_SECONDS: Final = 1.5
"""Time for planning with one limit let out [s]."""

NOTHING: Final = 1e-6
"""Part of the cost below which a saving is rounding [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWorth:
    """What one more unit of a limit saves.

    Attributes:
        key: of the limit.
        limit: what the limit is called, and how much it allows.
        step: how much more is allowed.
        saving: of planning again with it, over the horizon or until the jobs are done; None
            where that was not tried in time [plan currency].
        relaxed_saving: the same with instances in parts, which is only a screen; None where the
            relaxed program has no answer [plan currency].
        is_proven: False where planning again ran out of time, so that it may save more.
        text: what it saves, in words.
    """

    key: str
    limit: str
    step: str
    saving: float | None
    relaxed_saving: float | None
    is_proven: bool
    text: str


def limit_worths(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[LimitWorth, ...]:
    """Say what one more unit of each limit saves, the most first.

    The relaxed program puts the limits in order; from the first on the request is planned again
    with that limit let out, while there is time. What was planned again is what it saves, and
    nothing else is called that.

    Args:
        plan: with lines that cost something.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    if not plan.cost_total:
        return ()
    request = plan.request
    tries = Tries(
        catalog=catalog,
        ends_at=perf_counter() + TIME_LIMIT_SECONDS,
        seconds=SEARCH_SECONDS,
        gap=request.gap,
    )
    base = relaxed_cost(assemble(workloads, shared_limits(request)).problem)
    screened = [
        (_relaxed_saving(plan, tries, easing, base), easing)
        for easing in easings(request, workloads)
    ]
    screened.sort(key=lambda entry: -(entry[0] or 0.0))
    worths = [_worth(plan, tries, easing, relaxed) for relaxed, easing in screened]
    return tuple(sorted(worths, key=lambda worth: -(worth.saving or 0.0)))


def _relaxed_saving(plan: Plan, tries: Tries, easing: Easing, base: float | None) -> float | None:
    """Saving with instances in parts, over the horizon; None where it has no answer."""
    if base is None or tries.is_out_of_time:
        return None
    workloads = tries.workloads(easing.request)
    eased = relaxed_cost(assemble(workloads, shared_limits(easing.request)).problem)
    return None if eased is None else max(base - eased, 0.0) * plan.horizon_hours


def _worth(plan: Plan, tries: Tries, easing: Easing, relaxed: float | None) -> LimitWorth:
    """Plan again with the limit let out, where there is time left."""
    if tries.is_out_of_time:
        text = "not planned again"
        if relaxed:
            figure = cost_figure(plan, relaxed)
            text = f"{text}; with instances in parts {easing.step} would save {figure}"
        return _written(easing, None, relaxed, text)
    found = tries.found(easing.request)
    if found.solution.cost is None:
        return _written(easing, 0.0, relaxed, f"{easing.step} was not planned in time")
    field = Field(plan=plan, workloads=(), catalog=tries.catalog)
    saving = (plan.cost_total or 0.0) + plan.switching_cost - field.spent(lines_of(found))
    proven = found.status(plan.request.gap) is PlanStatus.OPTIMAL_WITHIN_GAP
    if saving <= NOTHING * (plan.cost_total or 0.0):
        return _written(easing, 0.0, relaxed, f"{easing.step} saves nothing", proven=proven)
    more = "" if proven else " or more"
    text = f"{easing.step} saves {cost_figure(plan, saving)}{more}"
    return _written(easing, saving, relaxed, text, proven=proven)


def _written(
    easing: Easing,
    saving: float | None,
    relaxed: float | None,
    text: str,
    *,
    proven: bool = False,
) -> LimitWorth:
    return LimitWorth(
        key=easing.key,
        limit=easing.limit,
        step=easing.step,
        saving=saving,
        relaxed_saving=relaxed,
        is_proven=proven,
        text=text,
    )
