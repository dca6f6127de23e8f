"""Flip: at which rate a choice changes, and what knowing the rate is expected to save."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import NormalDist
from typing import Final

from costopt.candidate.confidence import BAND_QUANTILE
from costopt.explain.doubt import Choice, Doubt, DoubtField

PARTS: Final = 10
"""Equally likely parts of the band that are tried, each at its middle; tails included [1]."""

LIKELY_MISS: Final = 0.85
"""Rate of the plan's own accelerator, over the planned one, that must not come as a surprise.

A choice that changes at 15 % less is measured before all others. Source: planning choice; the
median error of predictions is of this size.
"""

NEAR: Final = (0.9, 0.95, LIKELY_MISS)
"""Rates of the plan's own accelerator, over the planned one, that are tried beside the parts.

The middles of the parts lie 5 to 7 % apart near the planned rate; choices of whole instances flip
and flip back within less.
"""

MARGIN: Final = 2e-3
"""Part of a cost by which another choice must be cheaper to count [0..1]: twice the loose gap."""

CLOSE: Final = 5e-3
"""Relative distance of two rates, one of which flips the choice, at which the search ends."""

FARTHEST: Final = NormalDist().inv_cdf(1 - 0.5 / PARTS) / BAND_QUANTILE
"""Deviations of the outermost part, in units of the distance to the band's end [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Another choice that a rate would lead to.

    Attributes:
        doubt: whose rate.
        factor: true over planned rate at which the choice changes [1].
        expected_saving: of choosing with the rate known, over the band [plan currency].
        instead: what is chosen just beyond.
        carries: False where the plan's own types no longer carry the workload there.
        is_likely: True where the plan rents it, and 15 % less than planned flips the choice.
    """

    doubt: Doubt
    factor: float
    expected_saving: float
    instead: Choice
    carries: bool
    is_likely: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One rate that was tried.

    Attributes:
        factor: true over planned rate [1].
        flips: True where another choice is cheaper, or the only one.
        saving: of that choice against staying [plan currency].
        best: that choice.
        carries: True where staying is possible.
        is_proven: False where a search ran out of time.
    """

    factor: float
    flips: bool
    saving: float
    best: Choice
    carries: bool
    is_proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What knowing a rate is expected to save, before it is known where exactly it flips.

    Attributes:
        doubt: whose rate.
        flipping: rate tried that flips the choice, the nearest to the planned one.
        inner: rate between the two that does not [1].
        expected_saving: over the band [plan currency].
        is_likely: True where the plan rents it, and 15 % less than planned flips the choice.
    """

    doubt: Doubt
    flipping: _Point
    inner: float
    expected_saving: float
    is_likely: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlipSearch:
    """Compare staying with the best choice at one rate after the other.

    Attributes:
        field: the plan and its candidates.
        apart: how much dearer staying is at the planned rate, by the gap or because a mix was
            late [plan currency].
        points: what was found at the rates of the band that were tried.
    """

    field: DoubtField
    apart: dict[int, float]
    points: dict[tuple[Doubt, float], _Point]

    @property
    def is_complete(self) -> bool:
        """False where time ran out, for a search or for all of them."""
        proven = all(point.is_proven for point in self.points.values())
        return proven and not self.field.is_out_of_time

    def try_likely(self, doubt: Doubt) -> None:
        """Try 15 % less than planned, which decides the rank, while there is time.

        Args:
            doubt: rate of an accelerator of the plan.
        """
        self._tried(doubt, (LIKELY_MISS,))

    def outlook(self, doubt: Doubt) -> Outlook | None:
        """Say what knowing a rate would save; None where none that was tried flips the choice.

        Of whole instances a choice that rests on an accelerator flips and flips back, so that its
        whole band is tried. A faster rival only makes other choices cheaper: it is tried from its
        highest rate down, until a rate changes nothing.

        Args:
            doubt: whose rate.
        """
        shares = _shares(doubt)
        higher = sorted((factor for factor in shares if factor > 1.0), reverse=True)
        points = self._tried(doubt, shares if doubt.is_pick else higher)
        flipping = {factor: point for factor, point in points.items() if point.flips}
        if not flipping:
            return None
        first = _nearest(flipping)
        between = [factor for factor in points if 1.0 < factor < first or first < factor < 1.0]
        likely = points.get(LIKELY_MISS)
        return Outlook(
            doubt=doubt,
            flipping=flipping[first],
            inner=min(between, key=lambda factor: abs(factor - first), default=1.0),
            expected_saving=sum(shares[factor] * flipping[factor].saving for factor in flipping),
            is_likely=likely is not None and likely.flips,
        )

    def flip(self, outlook: Outlook) -> Flip:
        """Find the rate at which the choice changes.

        Args:
            outlook: two rates between which it lies.
        """
        nearest, inner = outlook.flipping, outlook.inner
        while max(nearest.factor / inner, inner / nearest.factor) > 1 + CLOSE:
            if self.field.is_out_of_time:
                break
            middle = self._at(outlook.doubt, (nearest.factor * inner) ** 0.5)
            if middle.flips:
                nearest = middle
            else:
                inner = middle.factor
        return Flip(
            doubt=outlook.doubt,
            factor=nearest.factor,
            expected_saving=outlook.expected_saving,
            instead=nearest.best,
            carries=nearest.carries,
            is_likely=outlook.is_likely,
        )

    def _tried(self, doubt: Doubt, factors: Iterable[float]) -> dict[float, _Point]:
        """Compare at each rate while there is time; of a rival until one changes nothing."""
        found: dict[float, _Point] = {}
        for factor in factors:
            key = (doubt, factor)
            if key not in self.points and not self.field.is_out_of_time:
                self.points[key] = self._at(*key)
            if key in self.points:
                found[factor] = self.points[key]
                if not doubt.is_pick and not found[factor].flips:
                    break
        return found

    def _at(self, doubt: Doubt, factor: float) -> _Point:
        """Compare at one rate."""
        best = self.field.best(doubt, factor)
        staying = self.field.staying(doubt, factor)
        carries = isfinite(staying.cost)
        cost = staying.cost if carries else self._longer(doubt, factor)
        saving = cost - best.cost - self._apart(doubt)
        flips = isfinite(best.cost) and (saving > MARGIN * cost or not carries)
        return _Point(
            factor=factor,
            flips=flips,
            saving=max(saving, 0.0) if flips else 0.0,
            best=best,
            carries=carries,
            is_proven=best.is_proven and staying.is_proven,
        )

    def _longer(self, doubt: Doubt, factor: float) -> float:
        """Cost of the plan when the workload takes longer, or more instances than there are."""
        plan, name = self.field.plan, self.field.workloads[doubt.workload].name
        own = sum(line.line_cost_total for line in plan.lines if line.workload == name)
        return (plan.cost_total or 0.0) + plan.switching_cost + own * (1.0 / factor - 1.0)

    def _apart(self, doubt: Doubt) -> float:
        """How much dearer staying is at the planned rate already [plan currency]."""
        if doubt.workload not in self.apart:
            staying = self.field.staying(doubt, 1.0).cost
            apart = staying - self.field.best(doubt, 1.0).cost
            self.apart[doubt.workload] = max(apart, 0.0) if isfinite(apart) else 0.0
        return self.apart[doubt.workload]


def _nearest(flipping: Iterable[float]) -> float:
    """Return the flipping rate nearest to the planned one, of the lower ones if there are any."""
    lower = [factor for factor in flipping if factor < 1.0]
    return max(lower) if lower else min(flipping)


def _shares(doubt: Doubt) -> dict[float, float]:
    """Rates that are tried, the surest to matter first, and the part of the band of each [0..1].

    Each stands for the true rates that are nearer to it, by probability, than to any other.
    """
    normal = NormalDist()
    middles = [(part + 0.5) / PARTS for part in range(PARTS)]
    levels = {doubt.factor_at(normal.inv_cdf(level) / BAND_QUANTILE): level for level in middles}
    if doubt.is_pick:
        near = {factor: normal.cdf(doubt.deviations_at(factor) * BAND_QUANTILE) for factor in NEAR}
        levels = near | levels
    ordered = sorted(levels, key=lambda factor: levels[factor])
    between = [(levels[low] + levels[high]) / 2 for low, high in pairwise(ordered)]
    width = [high - low for low, high in pairwise([0.0, *between, 1.0])]
    share = dict(zip(ordered, width, strict=True))
    return {factor: share[factor] for factor in levels}
