"""Figures that tell what a commitment is worth; money in one currency throughout.

What declines and discounts do over time is in ``costopt.commitment.time_value``.
"""

from math import inf

from costopt.errors import InvalidInputError
from costopt.units import HOURS_PER_MONTH


def effective_savings_rate(cost: float, on_demand_cost: float) -> float:
    """Give ``1 - cost / on-demand cost`` of the same usage, waste included [1].

    Args:
        cost: all that was paid: commitments, used or not, and what ran on demand [currency].
        on_demand_cost: the same usage without any commitment; above 0 [currency].

    Source: FinOps Foundation, use case "Determine Effective Savings Rate": (contracted cost -
    effective cost) / contracted cost.
    """
    return 1 - cost / _above_zero("on_demand_cost", on_demand_cost)


def utilisation(used: float, committed: float) -> float:
    """Give the share of what was committed that covered usage [1].

    Args:
        used: of the commitment [same as committed].
        committed: above 0 [units x h, or currency].

    Source: FinOps Foundation, KPI "Percent of Commitment Discount Waste" is 1 less this.
    """
    return used / _above_zero("committed", committed)


def coverage(replaced: float, on_demand_cost: float) -> float:
    """Give the share of eligible usage, at on-demand prices, that commitments covered [1].

    Args:
        replaced: on-demand charges that commitments took the place of [currency].
        on_demand_cost: of all eligible usage; above 0 [currency].

    Source: FinOps Foundation, KPI "Percentage of Compute Spend Covered by Commitment Discounts".
    """
    return replaced / _above_zero("on_demand_cost", on_demand_cost)


def break_even_utilisation(effective_per_hour: float, on_demand_per_hour: float) -> float:
    """Give ``u* = r / o = 1 - d``: a commitment used less than this costs more than it saves [1].

    Args:
        effective_per_hour: ``r``, hourly charge and the upfront part spread; or both over the same
            hours [currency/h].
        on_demand_per_hour: ``o``; above 0 [currency/h].

    Source: equality of ``r`` for each hour of the term and ``o`` for each hour used.
    """
    return effective_per_hour / _above_zero("on_demand_per_hour", on_demand_per_hour)


def payback_months(
    upfront: float,
    recurring_per_hour: float,
    on_demand_per_hour: float,
    used_fraction: float = 1.0,
) -> float:
    """Give ``upfront / (monthly on-demand - monthly recurring)``, inf if never [months].

    Args:
        upfront: paid at the start [currency].
        recurring_per_hour: charged each hour, used or not [currency/h].
        on_demand_per_hour: what each hour used would cost instead [currency/h].
        used_fraction: of the hours of the term [0..1].

    Source: simple payback period: outlay over the saving of a month.
    """
    saving_per_hour = used_fraction * on_demand_per_hour - recurring_per_hour
    if saving_per_hour <= 0:
        return inf
    return upfront / (saving_per_hour * HOURS_PER_MONTH)


def lock_in(effective_per_hour: float, hours_left: float) -> float:
    """Give what the rest of a term costs, whenever it is paid [currency].

    Args:
        effective_per_hour: hourly charge and the upfront part spread [currency/h].
        hours_left: of the term [h].

    Source: ``locked_in`` of ``costopt.commitment.terms``.
    """
    return effective_per_hour * max(hours_left, 0.0)


def regret(cost: float, cost_of_other: float) -> float:
    """Give how much dearer a decision was than another one; below 0 where it was cheaper.

    Args:
        cost: of the decision [currency].
        cost_of_other: of the best one in hindsight, or of none [currency].
    """
    return cost - cost_of_other


def _above_zero(name: str, figure: float) -> float:
    if not figure > 0:
        raise InvalidInputError(name, [f"{figure:g}: must be above 0"])
    return figure
