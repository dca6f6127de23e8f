"""What an account consists of: price steps, quotas, commitments already paid for."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Strict, model_validator

from costopt.catalog.dates import days_between
from costopt.catalog.own_prices import KEY_PARTS
from costopt.errors import InvalidInputError
from costopt.workload.request import Currency
from costopt.workload.written import Count, CountOrZero, Name, NotNegative, Positive, Written

NEEDED_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "percent": (),
    "floor": (),
    "tier": ("from_spend",),
    "fixed_fee": ("currency",),
}
"""Step -> columns that it needs beside its amount; every other one must be empty."""

WILDCARDS: Final = frozenset("*?[]/")
"""Characters that a name of one thing may not hold."""


def _day(text: str) -> str:
    """Refuse what is not a whole ISO 8601 day."""
    try:
        days_between(text, text)
    except InvalidInputError:
        text = ""
    if len(text) != len("2026-01-31"):
        raise ValueError("must be a day such as 2026-01-31")
    return text


def _offer_key(key: str) -> str:
    """Refuse a key that does not fit provider/region/instance_type/purchase_option."""
    parts = key.split("/")
    if len(parts) > len(KEY_PARTS) or not all(parts):
        raise ValueError(f"{key!r} must be up to four parts, none empty: {'/'.join(KEY_PARTS)}")
    return key


def _place_key(key: str) -> str:
    """Refuse a key that does not name one instance type in one region."""
    parts = key.split("/")
    if len(parts) != len(KEY_PARTS) - 1 or not all(parts) or set("*?[]") & set(key):
        raise ValueError(
            f"{key!r} must be provider/region/instance_type, without wildcards; a commitment "
            "covers one type in one region"
        )
    return key


def _plain_name(name: str) -> str:
    """Refuse wildcards and the separator of keys."""
    if WILDCARDS & set(name):
        raise ValueError(f"{name!r} may not hold any of {' '.join(sorted(WILDCARDS))}")
    return name


Day = Annotated[str, Strict(), AfterValidator(_day)]
"""One ISO 8601 day."""

OwnKey = Annotated[str, Strict(), AfterValidator(_offer_key)]
"""Key of offers, with wildcards; trailing parts may be left out."""

PlaceKey = Annotated[str, Strict(), AfterValidator(_place_key)]
"""Key of one instance type in one region."""

PlainName = Annotated[Name, AfterValidator(_plain_name)]
"""Name of one thing."""


class PriceStep(Written):
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


class Quota(Written):
    """How many instances the provider lets you run, and how many of them run already.

    Attributes:
        key: offers that count against it; without a purchase option, all ways to pay together.
        limit: instances at most [1].
        used: of them, in use by something else [1].
        name: the provider's own name, to ask for an increase by.
    """

    key: OwnKey
    limit: CountOrZero
    used: CountOrZero = 0
    name: Name

    @property
    def left(self) -> int:
        """Instances that a plan may still run [1]."""
        return max(self.limit - self.used, 0)


class Commitment(Written):
    """Capacity of one instance type that is already paid for until a day.

    Attributes:
        name: of yours, such as ``p5-2026``; no account's and no resource's identifier.
        key: ``provider/region/instance_type`` that it covers, without wildcards.
        kind: what it is at the provider.
        count: instances that it covers [1].
        used: of them, taken by something else [1].
        expires: last day on which it covers them.
        paid_per_hour: what one of them costs you anyhow; a plan shows it as sunk [currency/h].
        currency: of ``paid_per_hour``.
    """

    name: PlainName
    key: PlaceKey
    kind: Literal["reserved", "committed_use", "reservation", "subscription"]
    count: Count
    used: CountOrZero = 0
    expires: Day
    paid_per_hour: NotNegative
    currency: Currency

    @property
    def left(self) -> int:
        """Instances that a plan may still run on it [1]."""
        return max(self.count - self.used, 0)
