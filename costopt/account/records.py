"""What an account pays and may run: price steps, negotiated unit prices, quotas."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Strict, model_validator

from costopt.catalog.day import Day
from costopt.catalog.offer_keys import KEY_PARTS
from costopt.workload.counted import UNIT_OF, Unit
from costopt.workload.request import Currency
from costopt.written import CountOrZero, Name, NotNegative, Positive, Written

NEEDED_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "percent": (),
    "floor": (),
    "tier": ("from_spend",),
    "fixed_fee": ("currency",),
}
"""Step -> columns that it needs beside its amount; every other one must be empty."""

DAYS_PER_YEAR: Final = 365.0
"""Days in a year, to compare lengths of terms that were rounded in different ways [days]."""

WILDCARDS: Final = frozenset("*?[]/|")
"""Characters that a name of one thing may not hold."""

SEVERAL: Final = WILDCARDS - {"/"}
"""Characters by which a key names several things."""


def _offer_key(key: str) -> str:
    """Refuse a key that does not fit provider/region/instance_type/purchase_option."""
    parts = key.split("/")
    if len(parts) > len(KEY_PARTS) or not all(one for part in parts for one in part.split("|")):
        raise ValueError(f"{key!r} must be up to four parts, none empty: {'/'.join(KEY_PARTS)}")
    return key


def _whole_key(key: str) -> str:
    """Refuse a key that does not name one way to pay for one type in one region."""
    parts = key.split("/")
    if len(parts) != len(KEY_PARTS) or not all(parts) or SEVERAL & set(key):
        raise ValueError(
            f"{key!r} must be {'/'.join(KEY_PARTS)}, without wildcards; a price is of one offer"
        )
    return key


def _plain_name(name: str) -> str:
    """Refuse wildcards and the separator of keys."""
    if WILDCARDS & set(name):
        raise ValueError(f"{name!r} may not hold any of {' '.join(sorted(WILDCARDS))}")
    return name


OwnKey = Annotated[str, Strict(), AfterValidator(_offer_key)]
"""Key of offers, with wildcards; trailing parts may be left out."""

WholeKey = Annotated[str, Strict(), AfterValidator(_whole_key)]
"""Key of one way to pay for one instance type in one region."""

PlainName = Annotated[Name, AfterValidator(_plain_name)]
"""Name of one thing."""


class OwnRecord(Written):
    """What every record of an account carries beside its fact.

    Attributes:
        origin: where it was read, such as ``aws/us-east-1``; empty for what a person wrote,
            whose names are held against the catalogue's.
        as_of: day on which it was read.
    """

    origin: Annotated[str, Strict()] = ""
    as_of: Day | None = None


class PriceStep(OwnRecord):
    """One step from the list price to what you pay; steps are taken in the order given.

    Attributes:
        key: offers that it concerns, such as ``aws/*/p5.*``.
        step: ``percent`` takes ``amount`` percent off what the steps before left; ``tier`` does
            so once the account's spend reaches ``from_spend``, the highest tier reached of a key
            alone; ``fixed_fee`` adds ``amount`` to each instance-hour; ``floor`` raises the price
            to at least ``amount`` percent of the list price.
        amount: percent [%], or a fee [currency/h].
        currency: of a fee; offers in another currency under its key are refused.
        from_spend: monthly spend from which a tier counts [the account's currency].
        expires: last day of the step; it is not taken afterwards.
        name: the agreement that it comes from; kept in the trail.
    """

    key: OwnKey
    step: Literal["percent", "tier", "fixed_fee", "floor"]
    amount: Positive
    currency: Currency | None = None
    from_spend: NotNegative | None = None
    expires: Day | None = None
    name: Name = "own agreement"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field in ("currency", "from_spend"):
            if (getattr(self, field) is not None) != (field in NEEDED_BESIDE[self.step]):
                needs = "needs" if field in NEEDED_BESIDE[self.step] else "takes no"
                raise ValueError(f"a {self.step} {needs} {field}")
        if self.step in ("percent", "tier") and self.amount >= 100:
            raise ValueError(f"amount = {self.amount:g}: a discount must be below 100 %")
        if self.step == "floor" and self.amount > 100:
            raise ValueError(f"amount = {self.amount:g}: a floor is at most 100 % of the list")
        return self


class NegotiatedPrice(OwnRecord):
    """What the account pays for one offer in place of its list price, before the steps.

    Attributes:
        key: ``provider/region/instance_type/purchase_option`` of the offer, without wildcards.
        zone: of the offer; empty for a price of the whole region.
        kind: of the offer.
        term_years: of the offer; None without a term [years].
        payment: of the offer.
        recurring_per_hour: hourly charge of the whole instance [currency/h].
        upfront: paid once for the term [currency].
        currency: of both; the offer's own.
        name: where it is from, such as ``Alibaba trade price``; kept in the trail.
    """

    key: WholeKey
    zone: str = ""
    kind: str = ""
    term_years: Positive | None = None
    payment: str = ""
    recurring_per_hour: NotNegative
    upfront: NotNegative = 0.0
    currency: Currency
    name: Name = "own price"

    @model_validator(mode="after")
    def _costs_something(self) -> Self:
        if not self.recurring_per_hour and not self.upfront:
            raise ValueError(f"{self.key} would cost nothing; leave the row out")
        if self.upfront and self.term_years is None:
            raise ValueError(f"{self.key} has an upfront charge and no term_years")
        return self

    @property
    def offer(self) -> tuple[str | float, ...]:
        """What names the offer: texts in small letters, then the whole days of its term."""
        texts = (*self.key.split("/"), self.zone, self.kind, self.payment)
        days = round((self.term_years or 0.0) * DAYS_PER_YEAR)
        return (*(text.lower() for text in texts), float(days))


class Quota(OwnRecord):
    """How much the provider lets you run, and how much of it runs already.

    Attributes:
        key: offers that count against it; without a purchase option, all ways to pay together.
        limit: at most [unit].
        used: of it, in use by something else [unit].
        unit: what is counted.
        name: the provider's own name, to ask for an increase by.
    """

    key: OwnKey
    limit: CountOrZero
    used: CountOrZero = 0
    unit: Literal["instances", "vcpus", "accelerators"] = "instances"
    name: Name

    @property
    def left(self) -> int:
        """What a plan may still run [unit]."""
        return max(self.limit - self.used, 0)

    @property
    def counts(self) -> Unit:
        """What is counted."""
        return UNIT_OF[self.unit]
