"""What one more unit of each limit saves over time, all hours planned again."""

from collections.abc import Sequence
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.easings import Easing, easings
from costopt.explain.hours_again import HoursAgain, HoursFound
from costopt.explain.limit_worth import NOTHING, LimitWorth
from costopt.plan.answer import cost_figure
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus

TIME_LIMIT_SECONDS: Final = 9.0
"""Time for all limits together [s]."""

SEARCH_SECONDS: Final = 3.0
"""Time for planning with one limit let out [s]."""


def limit_worths_over_time(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog, binding: frozenset[str]
) -> tuple[LimitWorth, ...]:
    """Say what one more unit of each limit saves, all hours planned again; the most first.

    What is saved is a difference of what is minimised. A search that has less time than that of
    the plan finds too little rather than too much; what the search of the plan itself left open
    may pass for the worth of a limit, and is said beside it.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what it was made from.
        binding: keys of the limits that are used up, which are tried first.
    """
    schedule = plan.schedule
    if schedule is None or schedule.objective <= 0:
        return ()
    again = HoursAgain.of(plan, catalog, in_all=TIME_LIMIT_SECONDS, each=SEARCH_SECONDS)
    ordered = sorted(easings(plan.request, workloads), key=lambda one: one.key not in binding)
    objective = schedule.objective + plan.switching_cost
    worths = [_worth(again, one, objective) for one in ordered]
    return tuple(sorted(worths, key=lambda worth: -(worth.saving or 0.0)))


def _worth(again: HoursAgain, easing: Easing, objective: float) -> LimitWorth:
    """Plan again with the limit let out, where there is time left."""
    found = again.asked(easing.request)
    if not isinstance(found, HoursFound):
        text = f"{easing.step} was not planned in time"
        return _written(easing, None, text, is_proven=False)
    plan = again.plan
    saving = objective - found.objective
    proven = found.status is PlanStatus.OPTIMAL_WITHIN_GAP
    if saving <= NOTHING * objective:
        most = saving + found.slack
        exact = most <= NOTHING * objective
        rest = "" if exact else f" that was found, at most {cost_figure(plan, most)}"
        return _written(easing, 0.0, f"{easing.step} saves nothing{rest}", is_proven=proven)
    open_to = objective - (plan.bound or 0.0) * plan.horizon_hours
    more = "" if proven else " or more"
    doubt = ""
    if saving <= open_to:
        doubt = f", within the {cost_figure(plan, open_to)} that the search leaves open"
    text = f"{easing.step} saves {cost_figure(plan, saving)}{more}{doubt}"
    return _written(easing, saving, text, is_proven=proven)


def _written(easing: Easing, saving: float | None, text: str, *, is_proven: bool) -> LimitWorth:
    return LimitWorth(
        key=easing.key,
        limit=easing.limit,
        step=easing.step,
        saving=saving,
        relaxed_saving=None,
        is_proven=is_proven,
        text=text,
    )
