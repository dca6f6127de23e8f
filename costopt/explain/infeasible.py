"""Changes that make an infeasible request feasible, each proven by planning again."""

from collections.abc import Callable, Sequence
from math import ceil
from time import perf_counter
from typing import Final

from costopt.catalog.catalog import Catalog
from costopt.explain.change_of_request import Change
from costopt.explain.changes import changes_of, joint_demand
from costopt.explain.known_plans import KnownPlans
from costopt.explain.stress_cases import stressed_candidates
from costopt.plan.answer import cost_in_words, lines_in_words
from costopt.planning.assemble import assemble
from costopt.planning.found import Found
from costopt.planning.search import shared_limits
from costopt.planning.tries import Tries, with_workload
from costopt.solve.run import solve_problem
from costopt.workload.request import AnyWorkload, PlanRequest

MOST_OFFERS_NAMED: Final = 2
"""Offers that name the plan which a change leads to."""

TIME_LIMIT_SECONDS: Final = 15.0
"""Time for all changes together [s]."""

SEARCH_SECONDS: Final = 2.0
"""Time for planning with one change made [s]."""

LOOSE_GAP: Final = 0.5
"""Gap at which a search may stop whose only question is whether there is a plan [0..1]."""

FEW_STEPS: Final = 512
"""Steps up to which the middle is tried first; of more, small ones are likelier [1]."""

ROUNDING: Final = 1e-9
"""Part of a cent that is rounding."""


def helpful_changes(request: PlanRequest, catalog: Catalog) -> tuple[str, ...]:
    """Say which single change makes a request feasible, and which do not.

    Where no single one does, a set of changes is named that is enough and of which each is
    needed. All of it is planned again; what time did not suffice for is said.

    Args:
        request: infeasible as it stands.
        catalog: offers and facts.
    """
    search = _Search(request, catalog)
    every = changes_of(request)
    demand = joint_demand(request)
    without_use = search.useless_together(every)
    helping: list[str] = []
    useless: list[Change] = []
    untried: list[str] = []
    for change in (*every, *((demand,) if demand else ())):
        if search.tries.is_out_of_time:
            untried.append(change.name)
            continue
        sentence = "" if change in without_use else search.alone(change)
        if sentence:
            helping.append(sentence)
        else:
            useless.append(change)
    if not helping and len(every) > 1 and not untried:
        helping += search.together(every)
    if useless:
        names = dict.fromkeys(change.name for change in useless)
        helping.append(f"changing only {' or only '.join(names)} does not help")
    if untried:
        helping.append(f"not tried in time: {', '.join(dict.fromkeys(untried))}")
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
    changed = with_workload(request, position, workload)
    return _Search(request, catalog).planned(changed)


class _Search:
    """Plans an infeasible request again with changes made to it.

    Attributes:
        request: infeasible as it stands.
        tries: plans while there is time.
        plans: what came of each request that was tried.
    """

    def __init__(self, request: PlanRequest, catalog: Catalog) -> None:
        self.request = request
        self.tries = Tries(
            catalog=catalog,
            ends_at=perf_counter() + TIME_LIMIT_SECONDS,
            seconds=min(SEARCH_SECONDS, request.time_limit_seconds),
            gap=request.gap,
        )
        self.plans = KnownPlans(self.tries)

    def useless_together(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return changes of which none helps alone, because all of them together do not.

        They are those that alter which instances may be used or what one of them does. Where
        all of them leave no answer, none of them alone helps: one search stands for many.

        Args:
            changes: to be told apart.
        """
        asked = tuple(change for change in changes if self._rates_anew(change))
        if len(asked) < 2 or not self.plans.is_impossible(self._with(asked)):
            return ()
        return asked

    def _rates_anew(self, change: Change) -> bool:
        """Return whether a change asks for other candidates, and not only for other sums."""
        eased = change.eased(self.request)
        return not (change.is_demand or self.tries.share_candidates(self.request, eased))

    def alone(self, change: Change) -> str:
        """Say what one change leads to, the smallest of its kind; empty where none helps."""
        at, said = change.at, change.said
        if at is None or said is None:
            eased = change.eased(self.request)
            words = self.planned(eased) if eased != self.request else ""
            return f"{self._freed(change, eased)}: {words}" if words else ""

        def changed(step: int) -> PlanRequest:
            return at(step, self.request)

        step = self._smallest(change, changed)
        if step is None:
            return ""
        words = self.planned(changed(step))
        return f"{said(step)}: {words}" if words else ""

    def together(self, changes: Sequence[Change]) -> list[str]:
        """Return a set of changes that is enough and of which each is needed; empty without one.

        All are made; one after the other is taken back where the rest is still enough, several
        at a time where that leaves enough too. What is left cannot spare any: less was not
        enough when more was eased. Then each number is taken back as far as the others allow.

        Args:
            changes: none of which is enough alone; taken back in this order.
        """
        kept = list(changes)
        if not self._is_feasible(self._with(kept)):
            return ["all of these changes together do not help either"]
        kept = self._spared(kept, kept)
        if self.tries.is_out_of_time:
            return []
        steps: dict[str, int] = {}
        for change in kept:
            if change.at is not None:
                found = self._smallest(change, self._one_of(change, kept, steps))
                steps[change.name] = change.steps if found is None else found
        request = self._with(kept, steps)
        words = self.planned(request)
        if not words:
            return []
        named = [
            self._freed(change, request)
            if change.said is None
            else change.said(steps[change.name])
            for change in kept
        ]
        return [f"{' and '.join(named)}, all of them: {words}; each of them is needed"]

    def _spared(self, kept: list[Change], asked: Sequence[Change]) -> list[Change]:
        """Take back those of the changes asked about that the others kept can do without."""
        rest = [change for change in kept if change not in asked]
        # Without any change, and with one alone, it is known that there is no answer.
        is_open = len(rest) > 1 and not self.tries.is_out_of_time
        if is_open and self._is_feasible(self._with(rest)):
            return rest
        if len(asked) == 1:
            return kept
        middle = len(asked) // 2
        kept = self._spared(kept, asked[:middle])
        return self._spared(kept, asked[middle:])

    def planned(self, request: PlanRequest) -> str:
        """Name the plan of a changed request and its cost; empty where it has no answer."""
        found = self.plans.found(request, None)
        return "" if found is None else _plan_in_words(request, found)

    def _one_of(
        self, change: Change, kept: Sequence[Change], steps: dict[str, int]
    ) -> Callable[[int], PlanRequest]:
        """Return what makes one change as far as a step says, and all others as they are."""
        return lambda step: self._with(kept, steps | {change.name: step})

    def _with(self, changes: Sequence[Change], steps: dict[str, int] | None = None) -> PlanRequest:
        """Return the request with changes made, numbers as far as their steps say."""
        request = self.request
        for change in changes:
            step = (steps or {}).get(change.name)
            if step is None or change.at is None:
                request = change.eased(request)
            else:
                request = change.at(step, request)
        return request

    def _smallest(self, change: Change, changed: Callable[[int], PlanRequest]) -> int | None:
        """Return the smallest step that helps; None where the largest does not.

        The program alone finds it, and planning whole proves it and that one step less does not
        help. Where the two differ, because a mix is late or more of it may be, planning decides.

        Args:
            change: a number.
            changed: step -> the request with it.
        """

        def helps(step: int) -> bool:
            return self._is_feasible(changed(step))

        quick = _first_step(
            0, change.steps, lambda step: self._may_be_feasible(change, changed(step))
        )
        step = change.steps if quick is None else quick
        if self.plans.found(changed(step), None) is None:
            if step == change.steps or not helps(change.steps):
                return None
            return _first_step(step, change.steps, helps)
        if step > 1 and helps(step - 1):
            return _first_step(0, step - 1, helps)
        return step

    def _is_feasible(self, request: PlanRequest) -> bool:
        return self.plans.found(request, LOOSE_GAP) is not None

    def _may_be_feasible(self, change: Change, request: PlanRequest) -> bool:
        """Return whether the program has an answer, no mix held against its limits."""
        workloads = None
        if change.is_demand:
            workloads = stressed_candidates(self.tries.workloads(self.request), request)
        if workloads is None:
            workloads = self.plans.workloads(request)
        if workloads is None:
            return False
        problem = assemble(workloads, shared_limits(request)).problem
        found = solve_problem(problem, gap=LOOSE_GAP, time_limit_seconds=SEARCH_SECONDS)
        return found.cost is not None

    def _freed(self, change: Change, request: PlanRequest) -> str:
        """Name what is left out; of a budget for all workloads, what it must be at least."""
        own = any(workload.limits.budget is not None for workload in self.request.workloads)
        if change.name != "limits.budget" or own:
            return f"without {change.name}"
        found = self.plans.found(request, None)
        lines = [] if found is None else [line for item in found.operated for line in item.lines]
        cost = sum(line.line_cost_total for line in lines)
        return f"limits.budget of {ceil(100 * cost - ROUNDING) / 100:,.2f}"


def _first_step(useless: int, helps: int, is_enough: Callable[[int], bool]) -> int | None:
    """Return the first step that is enough, of steps beyond a useless one; None without any."""
    if not is_enough(helps):
        return None
    reach = useless + 1 if helps - useless > FEW_STEPS else helps
    while reach < helps and not is_enough(reach):
        useless, reach = reach, 4 * reach
    helps = min(helps, reach)
    while helps - useless > 1:
        middle = (useless + helps) // 2
        if is_enough(middle):
            helps = middle
        else:
            useless = middle
    return helps


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
