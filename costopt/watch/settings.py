"""WatchSettings: what makes a saved plan worth leaving, and how old a price may be."""

from costopt.written import Fraction, NotNegative, Positive, Written


class WatchSettings(Written):
    """How plans are watched.

    Source: costopt policy (docs/decisions/0013).

    Attributes:
        switching_cost_fraction: cost of moving, as a share of what the instances that are
            stopped or started cost in a month; of their whole cost where jobs end [1].
        repay_days: days over which a saving must repay the move [days].
        threshold_fraction: share of today's cost that a saving must exceed beyond the cost of
            moving [0..1].
        max_stale_days: days that a price may be carried over before a plan on it is no longer
            valid [days].
    """

    switching_cost_fraction: NotNegative = 0.02
    repay_days: Positive = 30.0
    threshold_fraction: Fraction = 0.02
    max_stale_days: NotNegative = 3.0
