"""Commitment: what was bought for a term, what it covers each hour, and what it costs."""

from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from costopt.catalog.day import Day
from costopt.units import HOURS_PER_YEAR
from costopt.workload.request import Currency
from costopt.written import Name, NotNegative, Positive, Written

OF_QUANTITIES: Final = ("reserved", "subscription", "committed_use")
"""Kinds that commit units of usage."""

OF_MONEY: Final = ("savings_plan", "committed_use")
"""Kinds that commit money."""

SAME: Final = 1e-6
"""Relative difference below which two amounts count as the same money [1]."""


class Commitment(Written):
    """One commitment: units of usage, or money, that are paid for each hour, used or not.

    It covers either ``quantities`` (reserved instances, subscriptions, committed amounts of vCPUs,
    memory and accelerators where these are billed as usage of their own) or whatever the rates of
    a plan are told for, up to ``spend_per_hour``.

    Attributes:
        name: of yours, or of the product and the month it was bought in.
        kind: what it is at the provider.
        plan: of what is committed in money: ``ec2_instance``, ``compute``, ``azure`` or
            ``flexible``; an ``ec2_instance`` plan is applied before any other.
        quantities: usage covered in each hour: SKU -> units, such as instances or vCPUs [1].
        spend_per_hour: money committed in each hour; 0 for quantities [currency/h].
        rates: price of one unit under the plan: SKU -> price; empty for quantities [currency/h].
        recurring_per_hour: charged each hour for all of it, used or not [currency/h].
        upfront: paid at the start for all of it [currency].
        currency: of all amounts.
        term_years: from start to end [years].
        payment: how much of it is paid at the start.
        starts: first day on which it covers anything (UTC).
        expires: last day on which it covers anything (UTC).
    """

    name: Name
    kind: Literal["reserved", "subscription", "savings_plan", "committed_use"]
    plan: str = ""
    quantities: Mapping[Name, Positive] = Field(default_factory=dict)
    spend_per_hour: NotNegative = 0.0
    rates: Mapping[Name, Positive] = Field(default_factory=dict)
    recurring_per_hour: NotNegative
    upfront: NotNegative = 0.0
    currency: Currency
    term_years: Positive
    payment: Literal["no", "partial", "all"] = "no"
    starts: Day
    expires: Day

    @model_validator(mode="after")
    def _covers_one_kind_of_thing(self) -> Self:
        if bool(self.quantities) == bool(self.spend_per_hour):
            raise ValueError("give quantities, or spend_per_hour with rates; one of the two")
        if bool(self.rates) != bool(self.spend_per_hour):
            raise ValueError("spend_per_hour and rates are given together, or neither")
        allowed = OF_MONEY if self.is_spend else OF_QUANTITIES
        if self.kind not in allowed:
            covers = "money" if self.is_spend else "quantities"
            raise ValueError(
                f"a {self.kind} does not commit {covers}; what does: {', '.join(allowed)}"
            )
        if self.is_spend and abs(self.effective_per_hour - self.spend_per_hour) > SAME * (
            self.spend_per_hour
        ):
            raise ValueError(
                f"recurring_per_hour and upfront over the term make {self.effective_per_hour:g} "
                f"per hour, and spend_per_hour is {self.spend_per_hour:g}; they are the same money"
            )
        if self.expires < self.starts:
            raise ValueError(f"expires {self.expires} before it starts ({self.starts})")
        return self

    @property
    def is_spend(self) -> bool:
        """True where money is committed, False where quantities are."""
        return self.spend_per_hour > 0

    @property
    def term_hours(self) -> float:
        """Length of the term [h]."""
        return self.term_years * HOURS_PER_YEAR

    @property
    def effective_per_hour(self) -> float:
        """What an hour of all of it costs with the upfront part spread [currency/h]."""
        return self.recurring_per_hour + self.upfront / self.term_hours
