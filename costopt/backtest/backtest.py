"""backtest_commitments: past months walked through by a rule that buys commitments."""

from collections.abc import Sequence

import pandas as pd

from costopt.backtest.ledger import Owned, Tranche, read_owned, settle
from costopt.backtest.products import Market, read_market
from costopt.backtest.result import CommitmentBacktest
from costopt.backtest.rules import AnyRule, CommitmentRule, read_rule
from costopt.backtest.usage import Usage, read_usage
from costopt.backtest.walk import as_commitment, in_hindsight, walk
from costopt.catalog.catalog import Catalog
from costopt.commitment.commitment import Commitment
from costopt.commitment.measures import lock_in
from costopt.errors import InvalidInputError


def backtest_commitments(
    usage: pd.DataFrame,
    prices: pd.DataFrame,
    rule: AnyRule,
    *,
    owned: Sequence[Commitment] = (),
    currency: str | None = None,
    catalog: Catalog | None = None,
) -> CommitmentBacktest:
    """Walk past months, buying at the start of each with what was known on that date alone.

    Commitments start with a month and last whole calendar months; the first month is there to
    learn from. Prices stay as they are told. Spot usage belongs in no column: nothing covers it.

    Args:
        usage: instance-hours, or hours of a resource's units; start of each hour as index (UTC
            where no zone is told), one column for each SKU. Every hour is there.
        prices: one row for each way to pay for a unit of a SKU: ``sku``, ``purchase_option``
            (``on_demand``, ``reserved``, ``subscription``, ``committed_use``, ``savings_plan``),
            ``recurring_per_hour``, ``currency``; of a commitment also ``term_years``, ``payment``,
            and where they apply ``upfront``, ``kind`` (of a plan of money: ``compute``,
            ``ec2_instance``, ``azure``, ``flexible``) and ``scope`` (tells two such plans apart).
            The offers of a catalogue have these columns, but for ``sku`` and ``scope``.
        rule: ``minimum``, ``percentile``, ``newsvendor``, ``program``, a ``CommitmentRule``, or a
            function from ``costopt.backtest.rules.Past`` to amounts by product name.
        owned: commitments bought before.
        currency: of the result; needed where prices are in several.
        catalog: whose dated exchange rates bring prices to it.

    Raises:
        InvalidInputError: usage, prices or a decision break a rule; one sentence each.
        UnknownNameError: no such rule, purchase option or product.
        MissingExchangeRateError: a price is in another currency and no rate leads to this one.
    """
    if catalog is not None and not isinstance(catalog, Catalog):
        raise InvalidInputError(
            "catalog", ["give a Catalog, such as Catalog.bundled(), for its exchange rates"]
        )
    decides = read_rule(rule)
    used = read_usage(usage)
    market = read_market(prices, used.skus, currency, catalog)
    if not isinstance(owned, Sequence):
        raise InvalidInputError("owned", ["give a list of co.Commitment records; () for none"])
    wrong = [one for one in owned if not isinstance(one, Commitment)]
    if wrong:
        raise InvalidInputError(
            "owned", [f"{type(wrong[0]).__name__} is not a Commitment; give co.Commitment records"]
        )
    before = read_owned(owned, used, market)
    bought = walk(used, market, before, tuple(owned), decides)
    return _held_against(used, market, before, bought, _in_words(decides))


def _in_words(rule: object) -> str:
    if isinstance(rule, CommitmentRule):
        return str(rule)
    return f"own rule {getattr(rule, '__name__', type(rule).__name__)}"


def _held_against(
    usage: Usage, market: Market, owned: Owned, bought: tuple[Tranche, ...], rule: str
) -> CommitmentBacktest:
    """Settle what was bought, nothing, and the best in hindsight, and put them side by side."""
    best, bound_of_rest = in_hindsight(usage, market, owned)
    ledger = settle(usage, market, owned, bought)
    nothing = settle(usage, market, owned, ())
    sunk = float(nothing["commitments"].sum())
    known = [(_cost(settle(usage, market, owned, best)), best), (_cost(ledger), bought)]
    known.append((_cost(nothing), ()))
    cost, cheapest = min(known, key=lambda one: one[0])
    return CommitmentBacktest(
        rule=rule,
        currency=market.currency,
        bought=tuple(as_commitment(one, usage, market) for one in bought),
        months=ledger,
        cost_of_nothing=_cost(nothing),
        cost_in_hindsight=cost,
        bound_in_hindsight=min(bound_of_rest + sunk, cost),
        bought_in_hindsight=tuple(as_commitment(one, usage, market) for one in cheapest),
        lock_in=sum(_outliving(one, usage, market) for one in bought),
    )


def _cost(ledger: pd.DataFrame) -> float:
    return float(ledger[["on_demand", "commitments"]].to_numpy().sum())


def _outliving(tranche: Tranche, usage: Usage, market: Market) -> float:
    """What the part of a term after the usage costs [currency]."""
    product = market.products[tranche.product]
    end = usage.months[tranche.first] + pd.DateOffset(months=product.term_months)
    after = usage.hours[-1] + pd.Timedelta(hours=1)
    left = (end - after) / pd.Timedelta(hours=1)
    return lock_in(tranche.amount * product.cost_per_hour, left)
