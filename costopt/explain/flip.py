"""Flip: at which rate a choice changes, and what knowing the rate is expected to save."""

from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist
from typing import Final

from costopt.candidate.confidence import BAND_QUANTILE
from costopt.explain.doubt import Choice, Doubt, DoubtField

PARTS: Final = 10
"""Equally likely parts of the band that are tried, each at its middle; tails included [1]."""

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
        is_whole: False where time ran out, so that the saving is a part of it.
    """

    doubt: Doubt
    factor: float
    expected_saving: float
    instead: Choice
    carries: bool
    is_whole: bool


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
        flipping: innermost rate tried that flips the choice.
        inner: rate nearer to the planned one that does not [1].
        expected_saving: over the band [plan currency].
        is_whole: False where time ran out, so that the saving is a part of it.
    """

    doubt: Doubt
    flipping: "_Point"
    inner: float
    expected_saving: float
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlipSearch:
    """Compare staying with the best choice at one rate after the other.

    Attributes:
        field: the plan and its candidates.
        apart: how much dearer staying is at the planned rate, by the gap or because a mix was
            late [plan currency].
    """

    field: DoubtField
    apart: dict[int, float]

    def outlook(self, doubt: Doubt) -> Outlook | None:
        """Say what knowing a rate would save; None where it cannot flip the choice in its band.

        From the outermost part of the band inwards, until a part changes nothing. The plan's own
        accelerator is tried below its planned rate, others above theirs.

        Args:
            doubt: whose rate.
        """
        flipping: list[_Point] = []
        inner, is_whole = 1.0, True
        for factor in _parts(doubt):
            if self.field.is_out_of_time:
                is_whole = False
                break
            point = self._at(doubt, factor)
            is_whole &= point.is_proven
            if not point.flips:
                inner = factor
                break
            flipping.append(point)
        if not flipping:
            return None
        return Outlook(
            doubt=doubt,
            flipping=flipping[-1],
            inner=inner,
            expected_saving=sum(point.saving for point in flipping) / PARTS,
            is_whole=is_whole,
        )

    def flip(self, outlook: Outlook) -> Flip:
        """Find the rate at which the choice changes.

        Args:
            outlook: two rates between which it lies.
        """
        nearest, inner = outlook.flipping, outlook.inner
        is_whole = outlook.is_whole
        while max(nearest.factor / inner, inner / nearest.factor) > 1 + CLOSE:
            if self.field.is_out_of_time:
                is_whole = False
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
            is_whole=is_whole,
        )

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
        return (plan.cost_total or 0.0) + own * (1.0 / factor - 1.0)

    def _apart(self, doubt: Doubt) -> float:
        """How much dearer staying is at the planned rate already [plan currency]."""
        if doubt.workload not in self.apart:
            staying = self.field.staying(doubt, 1.0).cost
            apart = staying - self.field.best(doubt, 1.0).cost
            self.apart[doubt.workload] = max(apart, 0.0) if isfinite(apart) else 0.0
        return self.apart[doubt.workload]


def _parts(doubt: Doubt) -> list[float]:
    """Rates in the middle of each part of the band, those that count, the outermost first."""
    normal = NormalDist()
    parts = [normal.inv_cdf((part + 0.5) / PARTS) / BAND_QUANTILE for part in range(PARTS)]
    factors = [doubt.factor_at(deviations) for deviations in parts]
    if doubt.is_pick:
        return sorted(factor for factor in factors if factor < 1.0)
    return sorted((factor for factor in factors if factor > 1.0), reverse=True)
