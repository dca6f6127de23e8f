"""The demand at which other instance types become cheapest, found by planning again."""

from collections.abc import Sequence
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.explain.field import lines_of, types_in_words
from costopt.explain.stress_cases import (
    Case,
    demand_counts,
    stressed_candidates,
    stressed_request,
)
from costopt.explain.switch_points import SwitchPoint
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import signed_percent
from costopt.planning.tries import Tries

DEMANDS: Final = (0.8, 0.9, 1.1, 1.25)
"""Demands over today's that are planned for. Source: a planning choice."""

CLOSE: Final = 0.02
"""Step of the demand at which the search for the change ends [1]."""


def demand_switches(
    plan: Plan, workloads: Sequence[NamedWorkload], tries: Tries
) -> tuple[SwitchPoint, ...]:
    """Say from which demand, below and above today's, other instance types are cheapest.

    Numbers of whole instances flip back and forth, so that the nearest change between the
    demands tried is named, not the only one.

    Args:
        plan: with lines.
        workloads: with their candidates.
        tries: plans again while there is time.
    """
    if not any(demand_counts(workload) for workload in plan.request.workloads):
        return ()
    search = _Search(plan, workloads, tries)
    below = search.nearest(sorted((one for one in DEMANDS if one < 1), reverse=True))
    above = search.nearest(sorted(one for one in DEMANDS if one > 1))
    return tuple(point for point in (below, above) if point is not None)


class _Search:
    """Plans at other demands and compares instance types.

    Attributes:
        plan: with lines.
        workloads: with their candidates.
        tries: plans again while there is time.
        types: instance types of the plan.
    """

    def __init__(self, plan: Plan, workloads: Sequence[NamedWorkload], tries: Tries) -> None:
        self.plan, self.workloads, self.tries = plan, workloads, tries
        self.types = types_of(plan.lines)

    def nearest(self, factors: Sequence[float]) -> SwitchPoint | None:
        """Return the change nearest to today's demand; None where none was found."""
        same = 1.0
        for other in factors:
            lines = self._lines(other)
            if lines is None:
                return None
            if types_of(lines) != self.types:
                break
            same = other
        else:
            return None
        while abs(other - same) > CLOSE and not self.tries.is_out_of_time:
            middle = (other + same) / 2
            tried = self._lines(middle)
            if tried is None:
                break
            if types_of(tried) != self.types:
                other, lines = middle, tried
            else:
                same = middle
        text = (
            f"at demand {signed_percent(other - 1)} other instance types are cheapest: "
            f"{change_of_types(self.plan.lines, lines)}"
        )
        return SwitchPoint(kind="demand_types", text=text, value=other, change_fraction=other - 1)

    def _lines(self, factor: float) -> list[PlanLine] | None:
        """Plan at another demand; None without time or without an answer."""
        if self.tries.is_out_of_time:
            return None
        request = stressed_request(self.plan.request, Case(demand_factor=factor))
        candidates = stressed_candidates(self.workloads, request)
        found = self.tries.searched(candidates or self.tries.workloads(request), request)
        return lines_of(found) or None


def types_of(lines: Sequence[PlanLine]) -> set[tuple[str, str]]:
    """Return the instance types of some lines, each with its cloud."""
    return {(line.offer.provider, line.offer.instance_type) for line in lines}


def change_of_types(own: Sequence[PlanLine], lines: Sequence[PlanLine]) -> str:
    """Name the instance types that come in and those that go.

    Args:
        own: lines of the plan.
        lines: of another plan, with other types.
    """
    coming = [line for line in lines if types_of([line]) - types_of(own)]
    going = [line for line in own if types_of([line]) - types_of(lines)]
    if not coming:
        return f"no {types_in_words(going)} any more"
    if not going:
        return f"{types_in_words(coming)} beside today's"
    return f"{types_in_words(coming)} in place of {types_in_words(going)}"
