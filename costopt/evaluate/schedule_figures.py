"""What a schedule comes to: costs of its scenarios, coverage, utilisation, waste, payback."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, isnan
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from costopt.commitment.measures import (
    break_even_utilisation,
    coverage,
    effective_savings_rate,
    payback_months,
    utilisation,
)
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.schedule_money import LinePrices, Usage
from costopt.plan.schedule import Schedule, Tranche
from costopt.units import HOURS_PER_MONTH
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]

ROUNDING: Final = 1e-9
"""How near to all of it a commitment counts as used throughout."""

TAIL_WEIGHT: Final = 0.9
"""Weight of the dearest scenarios in what is minimised with ``cvar``; the mean has the rest.

Without the rest nothing would keep the milder scenarios from running dearer than they need.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """How much each kind of hour counts.

    Attributes:
        hours: expected over the scenarios (hours,) [h].
        of_scenario: in each scenario, if it comes true (scenarios, hours) [h].
        probability: of each scenario (scenarios,) [0..1].
    """

    hours: Floats
    of_scenario: Floats
    probability: Floats

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Read the weights of a schedule."""
        probability = np.array(schedule.probability)
        of_scenario = np.array(
            [
                [hour.hours if hour.scenario == name else 0.0 for hour in schedule.hours]
                for name in schedule.scenarios
            ]
        )
        return cls(
            hours=probability @ of_scenario, of_scenario=of_scenario, probability=probability
        )


def with_figures(
    schedule: Schedule,
    usage: Usage,
    prices: LinePrices,
    weights: Weights,
    request: PlanRequest,
) -> Schedule:
    """Write every figure of a schedule.

    Args:
        schedule: with priced tranches.
        usage: who pays for what runs.
        prices: of the lines.
        weights: of the kinds of hours.
        request: the question.
    """
    paid = usage.by_hour @ prices.hourly
    present = usage.by_hour @ prices.present
    committed = sum(one.cost_total for one in schedule.tranches)
    committed_value = sum(one.present_value for one in schedule.tranches)
    tranches = tuple(
        _with_use(one, usage.used[:, row], usage.replaced[:, row], weights, request)
        for row, one in enumerate(schedule.tranches)
    )
    on_demand = _on_demand_cost(usage, prices, weights)
    covered = _sum_known([one.on_demand_value for one in tranches])
    firm = ~prices.is_spot & ~prices.is_owned
    firm_paid = float(weights.hours @ (usage.by_hour[:, firm] @ prices.hourly[firm])) + committed
    waste = sum(one.waste for one in tranches)
    return schedule.model_copy(
        update={
            "hours": tuple(
                hour.model_copy(
                    update={
                        "used": tuple(usage.used[row].tolist()),
                        "paid_per_hour": float(paid[row]),
                    }
                )
                for row, hour in enumerate(schedule.hours)
            ),
            "tranches": tranches,
            "cost_by_scenario": tuple((weights.of_scenario @ paid + committed).tolist()),
            "objective": weighed(
                weights.of_scenario @ present + committed_value,
                weights.probability,
                request.limits.cvar,
            ),
            "starts_cost": float(weights.hours @ ((usage.charged - usage.counts) @ prices.hourly)),
            "on_demand_cost": on_demand,
            "coverage": None if covered is None or not on_demand else coverage(covered, on_demand),
            "utilisation": utilisation(committed - waste, committed) if committed else None,
            "waste": waste,
            "effective_savings_rate": effective_savings_rate(firm_paid, on_demand)
            if on_demand
            else None,
            "npv": _sum_known([one.npv for one in tranches]),
        }
    )


def weighed(costs: Floats, probability: Floats, cvar: float | None) -> float:
    """Return what is minimised: the mean of the scenarios' costs, or mostly of the dearest part.

    ``CVaR_a = 1 / (1 - a) * sum_s w_s c_s`` with the dearest scenarios first and weights w up to
    their probability until ``1 - a`` is used up; it counts nine tenths, the mean one.

    Args:
        costs: (scenarios,) [currency].
        probability: (scenarios,) [0..1].
        cvar: a; None for the mean.

    Source: R. T. Rockafellar and S. Uryasev, "Optimization of conditional value-at-risk", Journal
    of Risk 2 (2000).

    >>> weighed(np.array([100.0, 200.0]), np.array([0.75, 0.25]), 0.5)
    147.5
    """
    mean = float(probability @ costs)
    if cvar is None:
        return mean
    order = np.argsort(-costs, kind="stable")
    before = np.cumsum(probability[order]) - probability[order]
    taken = np.clip(1 - cvar - before, 0.0, probability[order])
    tail = float(taken @ costs[order] / taken.sum())
    return TAIL_WEIGHT * tail + (1 - TAIL_WEIGHT) * mean


def _with_use(
    tranche: Tranche, used: Floats, replaced: Floats, weights: Weights, request: PlanRequest
) -> Tranche:
    """Write how much of a tranche is used, and what that is worth.

    Args:
        tranche: with its price.
        used: of it in each kind of hour (hours,) [1] or [plan currency/h].
        replaced: on-demand charges that it takes the place of (hours,) [plan currency/h].
        weights: of the kinds of hours.
        request: the question.
    """
    horizon, left = request.horizon_hours, 1 - request.price_decline
    use = float(weights.hours @ used) / (horizon * tranche.quantity)
    use = 1.0 if abs(use - 1) < ROUNDING else use
    worth = float(weights.hours @ replaced)
    if isnan(worth):
        return tranche.model_copy(
            update={"utilisation": use, "waste": tranche.cost_total * (1 - use)}
        )
    factor = mean_factor(left / (1 + request.cost_of_capital), horizon) / mean_factor(
        left, horizon
    )
    payback = payback_months(tranche.cash_now, tranche.monthly / HOURS_PER_MONTH, worth / horizon)
    return tranche.model_copy(
        update={
            "utilisation": use,
            "waste": tranche.cost_total * (1 - use),
            "on_demand_value": worth,
            "break_even_utilisation": break_even_utilisation(tranche.cost_total, worth / use)
            if worth
            else None,
            "payback_months": None if isinf(payback) else payback,
            "npv": worth * factor - tranche.present_value,
        }
    )


def _on_demand_cost(usage: Usage, prices: LinePrices, weights: Weights) -> float | None:
    """Return what all that is neither spot nor owned would cost on demand; None if unknown."""
    firm = ~prices.is_spot & ~prices.is_owned
    cost = float(weights.hours @ (usage.charged[:, firm] @ prices.on_demand[firm]))
    return None if isnan(cost) else cost


def _sum_known(values: Sequence[float | None]) -> float | None:
    """Return the sum; None where a part is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
