"""What a plan over time would commit, and run, at other demands and at other rates."""

from collections.abc import Iterator, Sequence
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.demand_switch import change_of_types, types_of
from costopt.explain.hours_again import HoursAgain, HoursFound
from costopt.explain.stress_cases import (
    Case,
    demand_counts,
    stressed_candidates,
    stressed_request,
)
from costopt.explain.switch_points import SwitchPoint
from costopt.plan.answer import cost_figure
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule, Tranche
from costopt.plan.schedule_words import MOST_TRANCHES, tranche_in_words
from costopt.plan.words import counted, signed_percent
from costopt.planning.over_time_work import stands_beside

DEMANDS: Final = (0.7, 1.3)
"""Demands over today's that are planned for. Source: a planning choice."""

RATES: Final = (0.8, 1.2)
"""True over planned rates that are planned for. Source: a planning choice."""

TIME_LIMIT_SECONDS: Final = 6.0
"""Time for planning at all of them [s]."""

SEARCH_SECONDS: Final = 1.5
"""Time for planning at one of them [s]."""

SAME_SPEND: Final = 0.02
"""Relative difference up to which two commitments of money count as the same [1]."""


def switches_over_time(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[SwitchPoint, ...]:
    """Say what the commitments, or else the instance types, become at other demands and rates.

    Nothing is said of a demand or rate at which both stay as they are, nor of one that was not
    planned in time.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what it was made from.
    """
    schedule = plan.schedule
    if schedule is None:
        return ()
    again = HoursAgain.of(plan, catalog, in_all=TIME_LIMIT_SECONDS, each=SEARCH_SECONDS)
    points = []
    for kind, factor, case in _cases(plan):
        request = stressed_request(plan.request, case)
        candidates = None
        if case.rate_factor == 1.0 and not any(stands_beside(item) for item in workloads):
            candidates = stressed_candidates(workloads, request)
        if again.is_out_of_time:
            break
        found = (
            again.asked(request)
            if candidates is None
            else again.searched(candidates, request, catalog, None)
        )
        if isinstance(found, HoursFound):
            text = _change(plan, schedule, found)
            if text:
                points.append(_point(kind, factor, text))
    return tuple(points)


def _cases(plan: Plan) -> Iterator[tuple[str, float, Case]]:
    """Yield what is tried: demands, where any workload has one, then rates."""
    if any(demand_counts(workload) for workload in plan.request.workloads):
        yield from (("demand", factor, Case(demand_factor=factor)) for factor in DEMANDS)
    yield from (("rates", factor, Case(rate_factor=factor)) for factor in RATES)


def _point(kind: str, factor: float, text: str) -> SwitchPoint:
    return SwitchPoint(
        kind=f"{kind}_over_time",
        text=f"at {kind} {signed_percent(factor - 1)} {text}",
        value=factor,
        change_fraction=factor - 1,
    )


def _change(plan: Plan, schedule: Schedule, found: HoursFound) -> str:
    """Say what is otherwise in another plan; empty where nothing that lasts is."""
    proven = "" if found.slack <= plan.request.gap * found.objective else " or less"
    cost = f"for {cost_figure(plan, found.other.cost_total)}{proven} in all"
    if not _same(schedule.tranches, found.schedule.tranches):
        return f"the commitments become {_commitments(plan, found.schedule.tranches)}, {cost}"
    if types_of(found.lines) != types_of(plan.lines):
        change = change_of_types(plan.lines, found.lines)
        return f"other instance types are cheapest: {change}, {cost}"
    return ""


def _commitments(plan: Plan, tranches: Sequence[Tranche]) -> str:
    dearest = sorted(tranches, key=lambda one: -one.cost_total)
    named = [tranche_in_words(one, plan.currency) for one in dearest[:MOST_TRANCHES]]
    rest = len(dearest) - MOST_TRANCHES
    more = [counted(rest, "more commitment")] if rest > 0 else []
    return " + ".join([*named, *more]) or "nothing"


def _same(own: Sequence[Tranche], others: Sequence[Tranche]) -> bool:
    """Return whether commitments are the same but for rounding of money."""
    mine, theirs = ({_name(one): one for one in some} for some in (own, others))
    return mine.keys() == theirs.keys() and all(
        abs(theirs[name].quantity - one.quantity)
        <= (SAME_SPEND * one.quantity if one.instances is None else 0.0)
        for name, one in mine.items()
    )


def _name(tranche: Tranche) -> tuple[object, ...]:
    return (
        tranche.provider, tranche.region, tranche.zone, tranche.instance_type, tranche.family,
        tranche.purchase_option, tranche.kind, tranche.term_years, tranche.payment,
        tranche.instances is None,
    )  # fmt: skip
