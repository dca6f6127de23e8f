"""The walk: month by month, buying with the knowledge of that date alone."""

from typing import Final

import numpy as np
import pandas as pd

from costopt.backtest.ledger import Owned, Tranche, coverage_of
from costopt.backtest.products import Market
from costopt.backtest.program import Effort, Purchases, Window, best_purchases
from costopt.backtest.rules import CommitmentRule, OwnRule, Past, decided
from costopt.backtest.usage import Usage
from costopt.commitment.apply import Floats, apply_commitments
from costopt.commitment.commitment import Commitment

HINDSIGHT_EFFORT: Final = Effort(cells=6_000, gap=1e-3, seconds=30.0)
"""Reduction and time of the program that knows all usage."""


RESIDUE: Final = 1e-9
"""Largest amount that is taken for the solver's rounding [1 or currency/h]."""


def walk(
    usage: Usage,
    market: Market,
    owned: Owned,
    commitments: tuple[Commitment, ...],
    rule: CommitmentRule | OwnRule,
) -> tuple[Tranche, ...]:
    """Buy at the start of each month but the first what the rule says.

    Args:
        usage: of all months; a decision is given nothing but the hours before it.
        market: prices and products.
        owned: before, laid out over the hours.
        commitments: the same as records.
        rule: decides.
    """
    bought: list[Tranche] = []
    records: list[Commitment] = []
    last = len(usage.months)
    for month in range(1, last):
        past = _past(usage, market, owned, (*commitments, *records), bought, month)
        amounts = decided(rule, past)
        fresh = [
            Tranche(
                product=int(number),
                amount=float(amounts[number]),
                first=month,
                end=min(month + market.products[number].term_months, last),
            )
            for number in np.flatnonzero(amounts)
        ]
        bought += fresh
        records += [as_commitment(one, usage, market) for one in fresh]
    return tuple(bought)


def _past(
    usage: Usage,
    market: Market,
    owned: Owned,
    commitments: tuple[Commitment, ...],
    bought: list[Tranche],
    month: int,
) -> Past:
    """Put together what is known at the start of a month.

    Args:
        usage: of all months.
        market: prices and products.
        owned: before the usage.
        commitments: those and what was bought, as records.
        bought: before the month.
        month: number.
    """
    now = usage.first_hour(month)
    amounts = np.zeros(len(market.products))
    for one in bought:
        amounts[one.product] += one.amount if one.end > month else 0.0
    date = usage.months[month]
    known = usage.frame(0, now)
    steady = coverage_of(
        market,
        owned,
        np.repeat(amounts[:, None], now, axis=1),
        np.repeat(owned.amounts[:, now : now + 1], now, axis=1),
    )
    left = apply_commitments(known.to_numpy(), market.on_demand_per_hour, steady).on_demand
    day = date.date().isoformat()
    return Past(
        date=day,
        usage=known,
        uncovered=pd.DataFrame(left, index=known.index, columns=known.columns),
        in_force=tuple(one for one in commitments if one.starts <= day <= one.expires),
        market=market,
    )


def in_hindsight(usage: Usage, market: Market, owned: Owned) -> tuple[tuple[Tranche, ...], float]:
    """Find what to buy, at the start of any month, knowing all usage.

    The program is handed what owned commitments leave. Owned money could be set free by purchases
    for usage that it would rather cover, so all that it can replace is taken off the bound: with
    ``R`` replaced before and ``V`` after, purchases cover at most ``R`` less of what is left.

    Returns:
        The purchases, and a bound: with what is owned, no purchases and on-demand charges cost
        less together [currency].
    """
    last = len(usage.months)
    terms = np.array([product.term_months for product in market.products], dtype=np.int64)
    first = np.tile(np.arange(last), len(terms))
    window = Window(
        product=np.repeat(np.arange(len(terms)), last),
        first=first,
        end=np.minimum(first + np.repeat(terms, last), last),
    )
    found = best_purchases(
        _uncovered(usage, market, owned), usage.month, market, window, HINDSIGHT_EFFORT
    )
    return _tranches(window, found), max(found.bound - _worth_of_money(market, owned), 0.0)


def _worth_of_money(market: Market, owned: Owned) -> float:
    """On-demand charges that owned money can replace at most, over all hours [currency]."""
    of_money = owned.rank > 0
    if not of_money.any():
        return 0.0
    best = np.nanmax(market.on_demand_per_hour / owned.draws[of_money], axis=1)
    return float(best @ owned.amounts[of_money].sum(axis=1))


def _uncovered(usage: Usage, market: Market, owned: Owned) -> Floats:
    nothing = np.zeros((len(market.products), len(usage.hours)))
    coverage = coverage_of(market, owned, nothing, owned.amounts)
    return apply_commitments(usage.units, market.on_demand_per_hour, coverage).on_demand


def _tranches(window: Window, found: Purchases) -> tuple[Tranche, ...]:
    amounts = np.zeros(0) if found.amounts is None else found.amounts
    return tuple(
        Tranche(
            product=int(window.product[number]),
            amount=float(amounts[number]),
            first=int(window.first[number]),
            end=int(window.end[number]),
        )
        for number in np.flatnonzero(amounts > RESIDUE)
    )


def as_commitment(tranche: Tranche, usage: Usage, market: Market) -> Commitment:
    """Write a purchase as the record that people read; it runs on when the usage ends."""
    product = market.products[tranche.product]
    starts = usage.months[tranche.first]
    expires = starts + pd.DateOffset(months=product.term_months) - pd.Timedelta(days=1)
    rates = {
        sku: float(rate)
        for sku, rate in zip(usage.skus, product.rates, strict=True)
        if not np.isnan(rate)
    }
    return Commitment(
        name=f"{product.name} of {starts:%Y-%m}",
        kind=product.kind,
        plan=product.plan,
        quantities={} if product.is_spend else dict.fromkeys(rates, tranche.amount),
        spend_per_hour=tranche.amount if product.is_spend else 0.0,
        rates=rates if product.is_spend else {},
        recurring_per_hour=tranche.amount * product.recurring_per_hour,
        upfront=tranche.amount * product.upfront,
        currency=market.currency,
        term_years=product.term_years,
        payment=product.payment,
        starts=starts.date().isoformat(),
        expires=expires.date().isoformat(),
    )
