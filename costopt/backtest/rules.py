"""Rules: what to buy at the start of a month, from what was used before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from costopt.backtest.levels import newsvendor_spend, reached_level, whole_level
from costopt.backtest.products import Market
from costopt.backtest.program import Effort, Window, best_purchases
from costopt.commitment.apply import Coverage, Floats, apply_commitments
from costopt.commitment.commitment import Commitment
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.words import percent_to
from costopt.written import Count, Fraction, Written

RuleName = Literal["minimum", "percentile", "newsvendor", "program"]
"""Rules that have a name."""

MONTHS_SEEN: Final = 3
"""Months that a rule looks at where nothing is said [1]."""

RULE_EFFORT: Final = Effort(cells=2_000, gap=1e-4, seconds=10.0)
"""Reduction and time of one month's program."""

WHOLE: Final = 1e-9
"""How far from a whole number an amount may be [1]."""


class CommitmentRule(Written):
    """A rule that looks at the usage of the last months which what is owned leaves uncovered.

    Attributes:
        kind: ``minimum`` buys what was used in every hour; ``percentile`` what was reached in the
            fraction of hours ``reached_in``; ``newsvendor`` the largest amount of which the last
            unit was used often enough to pay for itself; ``program`` the cheapest mix of products
            for those months. The first three take for each SKU the product of the lowest price,
            then plans of money for the rest.
        months: that it looks at; fewer where there are fewer [1].
        reached_in: of the hours, for ``percentile`` [0..1].
    """

    kind: RuleName
    months: Count = MONTHS_SEEN
    reached_in: Fraction = 0.8

    def __str__(self) -> str:
        """Return the rule in words."""
        reached = (
            f" reached in {percent_to(self.reached_in, 0)} of hours"
            if self.kind == "percentile"
            else ""
        )
        months = "month" if self.months == 1 else f"{self.months} months"
        return f"{self.kind}{reached} over the last {months}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What is known at the start of a month.

    Attributes:
        date: first day that a purchase covers, ISO 8601.
        usage: of every hour before it [1].
        uncovered: of it, what the commitments in force on the date would leave on demand [1].
        in_force: commitments in force on the date.
        market: prices and products; a purchase names a product's ``name``.
    """

    date: str
    usage: pd.DataFrame
    uncovered: pd.DataFrame
    in_force: tuple[Commitment, ...]
    market: Market


OwnRule = Callable[[Past], Mapping[str, float]]
"""A rule of yours: product name -> units, or money an hour, to buy."""

AnyRule = RuleName | CommitmentRule | OwnRule
"""Everything that decides."""


def read_rule(rule: AnyRule) -> CommitmentRule | OwnRule:
    """Give the rule that a name stands for; leave others as they are.

    Raises:
        UnknownNameError: no rule has the name.
        InvalidInputError: it is neither a name, nor a rule, nor can be called.
    """
    if isinstance(rule, CommitmentRule):
        return rule
    if isinstance(rule, str):
        return named_rule(rule)
    if not callable(rule):
        raise InvalidInputError(
            "rule",
            [
                f"{type(rule).__name__} is no rule; give {', '.join(get_args(RuleName))}, a "
                "CommitmentRule, or a function of the past"
            ],
        )
    return rule


def named_rule(name: str, months: int = MONTHS_SEEN) -> CommitmentRule:
    """Give the rule of a name.

    Args:
        name: of the rule.
        months: that it looks at [1].

    Raises:
        UnknownNameError: no rule has the name.
        InvalidInputError: it must look at one month at least.
    """
    for kind in get_args(RuleName):
        if name == kind:
            return CommitmentRule(kind=kind, months=months)
    raise UnknownNameError(
        "rule", name, get_args(RuleName), "A function of the past is a rule, too."
    )


def decided(rule: CommitmentRule | OwnRule, past: Past) -> Floats:
    """Give what a rule buys of each product (products,) [1 or currency/h].

    Raises:
        UnknownNameError: a rule of yours buys a product that there is not.
        InvalidInputError: it buys an amount that cannot be bought.
    """
    if isinstance(rule, CommitmentRule):
        hours = pd.DatetimeIndex(past.uncovered.index)
        month = hours.year * 12 + hours.month
        recent = past.uncovered[month > month.max() - rule.months].to_numpy()
        if rule.kind == "program":
            return _by_program(recent, past.market)
        return _by_level(rule, recent, past.market)
    return _own_decision(rule(past), past.market)


def _own_decision(bought: Mapping[str, float], market: Market) -> Floats:
    if not isinstance(bought, Mapping):
        raise InvalidInputError(
            "rule", [f"it gave a {type(bought).__name__}; it must give a table: product -> amount"]
        )
    names = [product.name for product in market.products]
    amounts = np.zeros(len(names))
    for name, amount in bought.items():
        if name not in names:
            raise UnknownNameError("product bought by the rule", str(name), names)
        place = names.index(name)
        if not (isfinite(amount) and amount >= 0):
            raise InvalidInputError("rule", [f"it buys {amount} of {name}; give at least 0"])
        is_whole = abs(amount - round(amount)) <= WHOLE
        if not (is_whole or market.products[place].is_spend):
            raise InvalidInputError(
                "rule", [f"it buys {amount} of {name}; only whole units exist"]
            )
        amounts[place] = amount if market.products[place].is_spend else round(amount)
    return amounts


def _by_program(recent: Floats, market: Market) -> Floats:
    numbers = np.arange(len(market.products))
    window = Window(product=numbers, first=np.zeros_like(numbers), end=np.ones_like(numbers))
    period = np.zeros(len(recent), dtype=np.int64)
    found = best_purchases(recent, period, market, window, RULE_EFFORT).amounts
    if found is None:
        raise InvalidInputError(
            "rule",
            [
                f"the program found nothing in {RULE_EFFORT.seconds:g} s; walk fewer SKUs that "
                "share a plan, or take the rule newsvendor"
            ],
        )
    return found


def _by_level(rule: CommitmentRule, recent: Floats, market: Market) -> Floats:
    """Buy quantities SKU by SKU, then plans of money for what they leave."""
    amounts = np.zeros(len(market.products))
    for sku, product in _quantity_of_each(market).items():
        price = market.products[product].cost_per_hour
        on_demand = float(market.on_demand_per_hour[sku])
        amounts[product] = _whole_level(rule, recent[:, sku], price / on_demand)
    for product in _plan_of_each(market):
        left = apply_commitments(
            recent, market.on_demand_per_hour, _steady(market, amounts, len(recent))
        ).on_demand
        amounts[product] = _spend_level(rule, left, market, product)
    return amounts


def _whole_level(rule: CommitmentRule, used: Floats, break_even: float) -> float:
    """Units that a rule buys of a product that pays from a share of hours on."""
    if rule.kind == "minimum":
        return whole_level(used, 1.0)
    if rule.kind == "percentile":
        return whole_level(used, rule.reached_in)
    return whole_level(used, break_even)


def _spend_level(rule: CommitmentRule, left: Floats, market: Market, product: int) -> float:
    rates = market.products[product].rates
    covered = ~np.isnan(rates) & (rates < market.on_demand_per_hour)
    spend = left[:, covered] @ rates[covered]
    if rule.kind == "minimum":
        return float(spend.min())
    if rule.kind == "percentile":
        return reached_level(spend, rule.reached_in)
    return newsvendor_spend(left[:, covered], rates[covered], market.on_demand_per_hour[covered])


def _steady(market: Market, amounts: Floats, hours: int) -> Coverage:
    """Coverage by the same amounts in every hour."""
    draws = np.array([product.draws for product in market.products])
    return Coverage(
        amounts=np.broadcast_to(amounts[:, None], (len(amounts), hours)),
        draws=draws,
        rank=np.array([product.rank for product in market.products], dtype=np.int64),
    )


def _quantity_of_each(market: Market) -> dict[int, int]:
    """SKU -> product of the lowest price, where it is below on-demand and every plan's rate."""
    best: dict[int, int] = {}
    lowest = market.on_demand_per_hour.copy()
    for product in market.products:
        if product.is_spend:
            lowest = np.fmin(lowest, product.rates)
    for number, product in enumerate(market.products):
        if product.is_spend:
            continue
        (sku,) = np.flatnonzero(~np.isnan(product.rates))
        if product.rates[sku] < lowest[sku]:
            lowest[sku] = product.rates[sku]
            best[int(sku)] = number
    return best


def _plan_of_each(market: Market) -> list[int]:
    """Cheapest term and payment of each plan, in the order of application."""
    best: dict[tuple[str, ...], int] = {}
    for number, product in enumerate(market.products):
        if not product.is_spend:
            continue
        key = tuple(product.name.split("/")[:-2])
        known = best.get(key)
        dearest = np.nansum(product.rates)
        if known is None or dearest < np.nansum(market.products[known].rates):
            best[key] = number
    return sorted(best.values(), key=lambda number: market.products[number].rank)
