"""Search over hours by parts: prices from the linear program, fleets by hour, then the choice."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import LinearRun, minimise_linear
from costopt.solve.hours.lifted_bound import Lifted, least_costs, lifted_bound
from costopt.solve.hours.master import Chosen, choose_fleets
from costopt.solve.hours.options import options_among
from costopt.solve.hours.staircase import find_fleets
from costopt.solve.hours.starts import starting_points
from costopt.solve.hours.windows import bound_by_windows
from costopt.solve.problem import FloatArray

FIRST_FLEETS_SHARE: Final = 0.5
"""Share of the time that may pass before the first choice among fleets."""

LIFTING_SHARE: Final = 0.7
"""Share of the time left that may pass on lifting the bound by least costs of whole fleets."""

LEAST_COSTS_SHARE: Final = 0.7
"""Share of that which may pass on the least costs, before the program that they go into."""

TOLERANCE_SHARE: Final = 0.5
"""Part of the gap up to which the least costs of whole fleets may be left open."""

FEW_KINDS: Final = 48
"""Kinds of hours up to which each is solved whole before least costs are sought."""

BOUND_SHARE: Final = 0.85
"""Share of the time left that may pass on the bound, before a last choice among fleets."""

TIED_CHOICE_SHARE: Final = 0.4
"""Share of the time left that a choice among fleets may take where starts tie hours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Outcome of a search; nothing here has been checked.

    Attributes:
        values: values of the whole program's columns; None without an answer (columns,).
        bound: lower bound on the objective, in the program's unit; None when infeasible.
    """

    values: FloatArray | None
    bound: float | None


def is_near(hours: Decomposed, found: Found, gap: float) -> bool:
    """Whether what is found is within the gap of its bound.

    Args:
        hours: the problem, taken apart.
        found: values and bound.
        gap: relative distance [1].
    """
    if found.values is None or found.bound is None:
        return False
    columns = hours.assembly.columns
    offset = columns.constant / columns.scale
    cost = float(hours.assembly.program.cost @ found.values) + offset
    return cost - (found.bound + offset) <= gap * cost


def by_parts(
    hours: Decomposed,
    *,
    gap: float,
    deadline: float,
    bound_whole: bool = True,
    fleets: tuple[Fleets, ...] | None = None,
    start: FloatArray | None = None,
) -> Found:
    """Find commitments and fleets by parts.

    The linear program over all hours gives a bound and commitments to start from. Rounded, they
    leave one small program for each hour; its fleets join those known. A program over the fleets
    known chooses one for each hour, and the commitments with them; new commitments ask for new
    fleets, until nothing gets cheaper or time runs out. What time is left tightens the bound, by
    what whole fleets cost at least and hour by hour; the commitments at which the former stands
    are tried too.

    Args:
        hours: the problem, taken apart.
        gap: relative distance between objective and bound at which to stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
        bound_whole: whether to tighten the bound; the caller may have no use for it.
        fleets: fleets known of each block; receives those that come up. None = none yet.
        start: quantities to commit in place of those of the linear program (commitments,) [1].
    """
    started = perf_counter()
    program = hours.assembly.program
    linear = minimise_linear(program, time_limit_seconds=max(deadline - started, 0.0))
    if linear.outcome is Outcome.INFEASIBLE:
        return Found(values=None, bound=None)
    if linear.values is None:
        return Found(values=None, bound=-np.inf)
    if linear.row_prices is not None:
        hours = hours.priced_by_changes(linear.row_prices)
    if fleets is None:
        fleets = fleets_of(hours)
    known = _Known(hours=hours, fleets=fleets, bound=linear.objective, gap=gap)
    if start is not None:
        _alternate(known, with_commitments(hours, linear.values, start), deadline=deadline)
    if known.best is None:
        _first_choice(known, linear.values, deadline=deadline)
    if not bound_whole or known.is_near:
        return known.found
    ways = (_by_least_costs, _by_hours)
    for raise_bound in ways[::-1] if len(hours.kinds) <= FEW_KINDS else ways:
        if not known.is_near:
            raise_bound(known, linear, deadline)
    return known.found


def _by_least_costs(known: "_Known", linear: LinearRun, deadline: float) -> None:
    """Lift the bound by least costs of whole fleets, and try the commitments that it is at."""
    lifted = _lifted(known, deadline=perf_counter() + LIFTING_SHARE * (deadline - perf_counter()))
    if lifted is not None and lifted.values is not None and not known.is_near:
        _alternate(known, lifted.values, deadline=deadline)


def _by_hours(known: "_Known", linear: LinearRun, deadline: float) -> None:
    """Raise the bound hour by hour, and choose anew among the fleets that come up."""
    if linear.row_prices is None or linear.values is None:
        return
    stop = perf_counter() + BOUND_SHARE * (deadline - perf_counter())
    bound = bound_by_windows(
        known.hours, linear.row_prices, known.fleets, gap=known.gap / 4, deadline=stop
    )
    known.bound = max(known.bound, bound)
    linking = linear.values if known.best is None else known.best.values
    known.best = _chosen(known, linking, deadline=deadline)


@dataclass(slots=True, kw_only=True, eq=False)
class _Known:
    """What a search by parts knows so far.

    Attributes:
        hours: the problem, taken apart.
        fleets: fleets known of each block.
        bound: lower bound on the objective, in the program's unit.
        gap: relative distance between objective and bound at which to stop [1].
        best: the best choice found.
        tried: commitments for which fleets were sought.
    """

    hours: Decomposed
    fleets: tuple[Fleets, ...]
    bound: float
    gap: float
    best: Chosen | None = None
    tried: set[tuple[float, ...]] = field(default_factory=set)

    @property
    def found(self) -> Found:
        """The outcome as it stands."""
        return Found(values=None if self.best is None else self.best.values, bound=self.bound)

    @property
    def is_near(self) -> bool:
        """Whether plan and bound are within the gap."""
        return is_near(self.hours, self.found, self.gap)


def fleets_of(hours: Decomposed) -> tuple[Fleets, ...]:
    """Give each block a place for the fleets that will be found.

    Args:
        hours: the problem, taken apart.
    """
    return tuple(
        Fleets(block=block, load=load)
        for block, load in zip(hours.problem.blocks, hours.reach.loads, strict=True)
    )


def with_commitments(hours: Decomposed, values: FloatArray, start: FloatArray) -> FloatArray:
    """Give values with other quantities committed (columns,).

    Args:
        hours: the problem, taken apart.
        values: values of the columns (columns,).
        start: quantities of each commitment (commitments,) [1].
    """
    changed = values.copy()
    changed[hours.assembly.columns.quantities] = start
    return changed


def _lifted(known: _Known, *, deadline: float) -> Lifted | None:
    """Raise the bound by what whole fleets cost at least; give the commitments that it is at."""
    started = perf_counter()
    least = least_costs(
        known.hours.problem,
        known.fleets,
        tolerance=known.gap * TOLERANCE_SHARE,
        deadline=started + LEAST_COSTS_SHARE * (deadline - started),
    )
    costs = [one.at(known.hours.reach.factor[one.block]) for one in least]
    lifted = lifted_bound(known.hours, least, costs, gap=known.gap / 4, deadline=deadline)
    if lifted is not None:
        known.bound = max(known.bound, lifted.bound)
    return lifted


def _first_choice(known: _Known, values: FloatArray, *, deadline: float) -> None:
    """Choose from every start, all of them on the fleets found so far, until one is near."""
    starts = starting_points(known.hours, values)
    for number, start in enumerate(starts):
        if known.is_near:
            break
        now = perf_counter()
        stop = now + (deadline - now) / (len(starts) - number)
        _alternate(known, start, deadline=stop)


def _alternate(known: _Known, start: FloatArray, *, deadline: float) -> None:
    """Fleets for commitments, commitments for fleets, until nothing changes."""
    hours, started = known.hours, perf_counter()
    linking = np.where(hours.assembly.program.integer, np.round(start), start)
    stop = started + FIRST_FLEETS_SHARE * (deadline - started)
    while perf_counter() < deadline and _commitments(hours, linking) not in known.tried:
        known.tried.add(_commitments(hours, linking))
        find_fleets(hours, known.fleets, linking, gap=known.gap / 2, deadline=stop)
        known.best = _chosen(known, linking, deadline=deadline)
        if known.best is None or known.is_near:
            break
        linking, stop = known.best.values, deadline


def _chosen(known: _Known, linking: FloatArray, *, deadline: float) -> Chosen | None:
    """The better of the best choice so far and one among all fleets known now."""
    hours, best = known.hours, known.best
    left = deadline - perf_counter()
    if left <= 0:
        return best
    held = hours.committed_servers(linking)
    if hours.problem.sequence is not None:
        left *= TIED_CHOICE_SHARE
        if best is None:
            # Among few fleets a plan is found at once, among many perhaps not in time.
            few = options_among(hours.problem, hours.reach, known.fleets, held, None, most=1)
            best = choose_fleets(hours, known.fleets, few, gap=known.gap, time_limit_seconds=left)
    always = None if best is None else best.options
    options = options_among(hours.problem, hours.reach, known.fleets, held, always)
    chosen = choose_fleets(
        hours,
        known.fleets,
        options,
        gap=known.gap / 4,
        time_limit_seconds=left,
        known=best,
    )
    if chosen is None or (best is not None and best.objective <= chosen.objective):
        return best
    return chosen


def _commitments(hours: Decomposed, values: FloatArray) -> tuple[float, ...]:
    columns = hours.assembly.columns
    held = np.concatenate([columns.quantities, columns.spends, columns.resources])
    return tuple(np.round(values[held], 6).tolist())
