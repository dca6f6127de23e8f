"""CommitmentBacktest: what a rule would have bought, and what came of it."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import pandas as pd

from costopt.commitment.commitment import Commitment
from costopt.commitment.measures import coverage, effective_savings_rate, regret, utilisation
from costopt.plan.words import counted, money, percent, percent_to, signed_percent

WIDTH = 100
"""Columns of the text."""

SHOWN_PURCHASES = 8
"""Purchases that the text lists, the last ones [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommitmentBacktest:
    """A rule held against months that have passed.

    Every commitment is charged its effective price for each hour in force within the months; what
    of its term outlives them is ``lock_in``.

    Attributes:
        rule: in words.
        currency: of all amounts.
        bought: by the rule, in order of time.
        months: sums of each month: ``list_cost`` (all usage on demand), ``on_demand`` (what
            stayed so), ``commitments``, ``unused`` (of them), ``replaced`` (on-demand charges
            that they took the place of), ``cash`` (paid in the month) [currency].
        cost_of_nothing: of the same usage, buying nothing [currency].
        cost_in_hindsight: of the cheapest purchases found that know all usage [currency].
        bound_in_hindsight: no purchases at the starts of these months cost less [currency].
        bought_in_hindsight: those purchases.
        lock_in: what the terms cost that outlive the months [currency].
    """

    rule: str
    currency: str
    bought: tuple[Commitment, ...]
    months: pd.DataFrame
    cost_of_nothing: float
    cost_in_hindsight: float
    bound_in_hindsight: float
    bought_in_hindsight: tuple[Commitment, ...]
    lock_in: float

    @property
    def list_cost(self) -> float:
        """All usage on demand [currency]."""
        return self._sum("list_cost")

    @property
    def cost(self) -> float:
        """Of commitments, used or not, and of what ran on demand [currency]."""
        return self._sum("commitments") + self._sum("on_demand")

    @property
    def saving(self) -> float:
        """Against buying nothing; below 0 where the rule cost more [currency]."""
        return -self.regret_against_nothing

    @property
    def waste(self) -> float:
        """Paid for what no usage took [currency]."""
        return self._sum("unused")

    @property
    def coverage(self) -> float:
        """Share of usage, at on-demand prices, that commitments covered [0..1]."""
        return coverage(self._sum("replaced"), self.list_cost)

    @property
    def utilisation(self) -> float | None:
        """Share of the money committed that covered usage; None without commitments [0..1]."""
        committed = self._sum("commitments")
        return utilisation(committed - self.waste, committed) if committed else None

    @property
    def effective_savings_rate(self) -> float:
        """1 - cost / list cost [1]."""
        return effective_savings_rate(self.cost, self.list_cost)

    @property
    def regret(self) -> float:
        """How much dearer the rule was than the best purchases in hindsight [currency]."""
        return regret(self.cost, self.cost_in_hindsight)

    @property
    def regret_against_nothing(self) -> float:
        """How much dearer the rule was than buying nothing; below 0 where it saved [currency]."""
        return regret(self.cost, self.cost_of_nothing)

    def _sum(self, column: str) -> float:
        return float(self.months[column].sum())

    def to_frame(self) -> pd.DataFrame:
        """Give the months with cost, coverage and utilisation of each; empty where undefined."""
        months = self.months
        return months.assign(
            cost=months["on_demand"] + months["commitments"],
            coverage=(months["replaced"] / months["list_cost"]).where(months["list_cost"] > 0),
            utilisation=(1 - months["unused"] / months["commitments"]).where(
                months["commitments"] > 0
            ),
        )

    def _sentences(self) -> Iterator[str]:
        def amount(of: float) -> str:
            return money(of, self.currency)

        used = self.utilisation
        yield (
            f"{self.rule}: {amount(self.cost)} over {counted(len(self.months), 'month')} against "
            f"{amount(self.cost_of_nothing)} buying nothing "
            f"({signed_percent(self.cost / self.cost_of_nothing - 1)})."
        )
        yield (
            f"Effective savings rate {percent_of(self.effective_savings_rate)}, coverage "
            f"{percent(self.coverage)}, utilisation "
            f"{'- (nothing committed)' if used is None else percent(used)}, waste "
            f"{amount(self.waste)}."
        )
        yield (
            f"The best purchases in hindsight cost {amount(self.cost_in_hindsight)} (none less "
            f"than {amount(self.bound_in_hindsight)}): regret {amount(self.regret)}."
        )
        if self.lock_in:
            yield f"Terms that outlive the months cost {amount(self.lock_in)} more."

    def _purchases(self) -> Iterator[str]:
        for one in self.bought[-SHOWN_PURCHASES:]:
            what = (
                f"{money(one.spend_per_hour, one.currency)}/h"
                if one.is_spend
                else f"{sum(one.quantities.values()):g} x"
            )
            yield f"{what} {one.name}"

    def __str__(self) -> str:
        """Return the outcome, the months and the last purchases as text."""
        lines = [textwrap.fill(text, WIDTH, subsequent_indent="  ") for text in self._sentences()]
        lines += ["", _table(self.to_frame()).to_string()]
        if self.bought:
            hidden = len(self.bought) - SHOWN_PURCHASES
            title = f"Bought (the last {SHOWN_PURCHASES} of {len(self.bought)})"
            lines += ["", f"{title if hidden > 0 else 'Bought'}:"]
            lines += [f"  {text}" for text in self._purchases()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        first, *others = self._sentences()
        listed = "".join(f"<li>{escape(text)}</li>" for text in others)
        bought = "".join(f"<li>{escape(text)}</li>" for text in self._purchases())
        table = _table(self.to_frame()).to_html()
        return f"<p><b>{escape(first)}</b></p><ul>{listed}</ul>{table}<ul>{bought}</ul>"


def percent_of(fraction: float) -> str:
    """Write a share that may be below 0 such as 11.5 %."""
    return f"{100 * fraction:.1f} %"


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    """Months with rounded amounts and shares in percent."""
    amounts = frame[["list_cost", "cost", "commitments", "unused", "cash"]]
    shares = frame[["coverage", "utilisation"]]
    return amounts.map(lambda amount: f"{amount:,.2f}").join(
        shares.map(lambda share: "-" if pd.isna(share) else percent_to(share, 1))
    )
