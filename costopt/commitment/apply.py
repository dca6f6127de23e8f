"""Commitments applied to hourly usage in the providers' order: covered, wasted, left."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

QUANTITY_RANK: Final = 0
"""Reserved instances, subscriptions and committed amounts of resources are applied first.

Source: AWS Savings Plans user guide, how plans apply to usage (after reserved instances); Azure
cost management, how a savings plan discount is applied (reservations first); Google Cloud,
committed use discounts (resource-based before flexible); Alibaba Cloud ECS, cost optimization FAQ.
"""

NARROW_RANK: Final = 1
"""Plans of one family in one region come before broader ones. Source: AWS Savings Plans user
guide: EC2 Instance Savings Plans are applied before Compute Savings Plans."""

BROAD_RANK: Final = 2
"""All other plans of money."""


def rank_of(plan: str, *, is_spend: bool) -> int:
    """Give the place of a commitment in the order of application, 0 first.

    Args:
        plan: name of the plan, for commitments of money.
        is_spend: whether money is committed, or quantities.
    """
    if not is_spend:
        return QUANTITY_RANK
    return NARROW_RANK if plan == "ec2_instance" else BROAD_RANK


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """What commitments can cover in each hour.

    Attributes:
        amounts: units or money of each commitment in each hour (commitments, hours)
            [1 or currency/h].
        draws: what one unit of a SKU's usage takes of it: 1 of a quantity, its rate of a plan of
            money; NaN where it is not eligible (commitments, skus) [1 or currency/h].
        rank: place in the order of application (commitments,).
    """

    amounts: Floats
    draws: Floats
    rank: Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Application:
    """What commitments did in each hour.

    Attributes:
        on_demand: usage that nothing covers (hours, skus) [1].
        unused: what each commitment had left; lost (commitments, hours) [1 or currency/h].
        replaced: on-demand charges that each commitment took the place of (commitments, hours)
            [currency/h].
    """

    on_demand: Floats
    unused: Floats
    replaced: Floats


def apply_commitments(
    usage: Floats, on_demand_per_hour: Floats, coverage: Coverage
) -> Application:
    """Let commitments cover usage hour by hour; what they have left in an hour is lost.

    By rank; within a rank the pair of commitment and SKU that saves the largest fraction
    ``d = 1 - r / o`` comes first, and of equal ones that of the lowest rate ``r``. A pair that
    saves nothing is not applied to money. For one plan this order is the optimum of
    ``max sum_i o_i x_i``, ``sum_i r_i x_i <= c``, ``0 <= x_i <= u_i``, which is a fractional
    knapsack. Usage is covered in fractions of an hour.

    Args:
        usage: ``u``, units of each SKU in each hour (hours, skus) [1].
        on_demand_per_hour: ``o``, price of one unit without a commitment (skus,) [currency/h].
        coverage: what is committed.

    Source: AWS Savings Plans user guide, how plans apply to usage: highest savings percentage
    first, then the lowest rate, until usage or commitment is exhausted. Azure cost management, how
    a savings plan discount is applied: the product of the greatest discount first; each hour's
    benefit is lost where it is not used; the lower of pay-as-you-go and plan rate counts.
    """
    left = usage.astype(np.float64, copy=True)
    unused = coverage.amounts.astype(np.float64, copy=True)
    replaced = np.zeros_like(unused)
    for commitment, sku in _order(on_demand_per_hour, coverage):
        draw = coverage.draws[commitment, sku]
        covered = np.minimum(left[:, sku], unused[commitment] / draw)
        left[:, sku] -= covered
        unused[commitment] -= covered * draw
        replaced[commitment] += covered * on_demand_per_hour[sku]
    return Application(
        on_demand=left.clip(min=0.0), unused=unused.clip(min=0.0), replaced=replaced
    )


def _order(on_demand_per_hour: Floats, coverage: Coverage) -> Integers:
    """Pairs of commitment and SKU in the order in which they are applied (pairs, 2)."""
    of_money = (coverage.rank > QUANTITY_RANK)[:, None]
    saving = np.where(of_money, 1 - coverage.draws / on_demand_per_hour, 0.0)
    eligible = ~np.isnan(coverage.draws) & (~of_money | (saving > 0))
    commitment, sku = np.nonzero(eligible)
    order = np.lexsort(
        (
            commitment,
            coverage.draws[commitment, sku],
            -saving[commitment, sku],
            coverage.rank[commitment],
        )
    )
    return np.stack([commitment[order], sku[order]], axis=1)
