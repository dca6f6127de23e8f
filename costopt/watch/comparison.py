"""A saved plan beside the best one of today: saving, cost of moving, days to repay."""

from collections.abc import Sequence
from dataclasses import dataclass

from costopt.plan.answer import runs_on
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.units import HOURS_PER_MONTH
from costopt.watch.moving import moved_total, total_with_signed
from costopt.watch.settings import WatchSettings

HOURS_PER_DAY = 24.0
"""Hours in a day [h]."""

DAYS_PER_BILLED_MONTH = HOURS_PER_MONTH / HOURS_PER_DAY
"""Days in the month that prices are quoted for [days]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What moving to a new plan saves and costs.

    Attributes:
        current_total: of what runs, over the horizon or until the jobs are done [currency].
        new_total: of the new plan, with terms that are signed already [currency].
        switching_cost: of moving once [currency].
        months: of the horizon; None where a job ends [1].
        days: over which the two totals are spent [days].
    """

    current_total: float
    new_total: float
    switching_cost: float
    months: float | None
    days: float

    @property
    def saving_total(self) -> float:
        """What the new plan costs less [currency]."""
        return self.current_total - self.new_total

    @property
    def saving_fraction(self) -> float | None:
        """The same over what runs; None where that costs nothing."""
        return self.saving_total / self.current_total if self.current_total > 0 else None

    @property
    def days_to_repay(self) -> float | None:
        """Days until the saving has paid for the move; None without a saving [days]."""
        if self.saving_total <= 0:
            return None
        return self.switching_cost / (self.saving_total / self.days)

    def per_month(self, total: float) -> float | None:
        """Bring a total to a month of 730 h; None where a job ends [currency/month]."""
        return None if self.months is None else total / self.months

    def is_worth_it(self, settings: WatchSettings, gap: float) -> bool:
        """Return whether the saving is above the threshold once the move is paid.

        ``C - C' - s D / R > max(t, g) C``, with the costs ``C`` and ``C'`` of what runs and of
        the new plan over ``D`` days, the cost ``s`` of the move and ``R`` days to repay it; a job
        repays it by its end, ``R = D``. Both costs are recomputed ones, so that what the search
        left unproven (``g``, its gap) never counts as a saving.

        Args:
            settings: threshold and days to repay.
            gap: at which searches of the request may stop [0..1].
        """
        repay_days = self.days if self.months is None else settings.repay_days
        move = self.switching_cost * self.days / repay_days
        threshold = max(settings.threshold_fraction, gap) * self.current_total
        return self.saving_total - move > threshold


def compare(
    running: Sequence[PlanLine],
    signed: Sequence[PlanLine],
    new: Plan,
    settings: WatchSettings,
) -> Comparison:
    """Hold a new plan against what runs.

    Args:
        running: lines of the saved plan at today's prices.
        signed: those of them under a term.
        new: best plan of today, with an answer.
        settings: for the cost of moving.
    """
    hours = new.horizon_hours
    months = hours / HOURS_PER_MONTH if runs_on(new) else None
    moved = moved_total(running, new.lines) / (1.0 if months is None else months)
    ends = hours if months is not None else new.duration_hours or hours
    return Comparison(
        current_total=sum(line.line_cost_total for line in running),
        new_total=total_with_signed(new.lines, signed),
        switching_cost=settings.switching_cost_fraction * moved,
        months=months,
        days=ends / HOURS_PER_DAY,
    )
