"""Capacity that an account has paid for: instances, hourly spend, or amounts of resources."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Strict, model_validator

from costopt.account.records import SEVERAL, OwnKey, OwnRecord, PlainName
from costopt.catalog.day import Day
from costopt.catalog.offer_keys import KEY_PARTS
from costopt.workload.counted import ACCELERATORS, INSTANCES, MEMORY, SPEND, VCPUS
from costopt.workload.request import Currency
from costopt.written import Count, CountOrZero, Name, NotNegative, Positive


def _place_key(key: str) -> str:
    """Refuse a key that does not name one instance type in one region."""
    parts = key.split("/")
    if len(parts) != len(KEY_PARTS) - 1 or not all(parts) or SEVERAL & set(key):
        raise ValueError(
            f"{key!r} must be provider/region/instance_type, without wildcards; a commitment "
            "covers one type in one region"
        )
    return key


def _types_key(key: str) -> str:
    """Refuse a key that does not say provider, region and instance type."""
    if len(key.split("/")) != len(KEY_PARTS) - 1:
        raise ValueError(f"{key!r} must be provider/region/instance_type, such as aws/*/p5.*")
    return key


PlaceKey = Annotated[str, Strict(), AfterValidator(_place_key)]
"""Key of one instance type in one region."""

TypesKey = Annotated[OwnKey, AfterValidator(_types_key)]
"""Key of instance types in regions, with wildcards and alternatives."""


class OwnCommitment(OwnRecord):
    """What every commitment says.

    Attributes:
        name: of yours, such as ``p5-2026``; no account's and no resource's identifier.
        key: ``provider/region/instance_type`` of what it covers.
        expires: last day on which it covers anything; what is read from the clouds gives the last
            whole one (UTC).
    """

    name: PlainName
    key: OwnKey
    expires: Day


class PaidCommitment(OwnCommitment):
    """What is paid by the hour, used or not; few providers tell how much.

    Attributes:
        paid_per_hour: what it costs you anyhow, for one instance or for all of it; a plan shows
            it as sunk [currency/h].
        currency: of ``paid_per_hour``; the two are given together.
    """

    paid_per_hour: NotNegative | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _price_with_its_currency(self) -> Self:
        if (self.paid_per_hour is None) != (self.currency is None):
            raise ValueError("give paid_per_hour and currency together, or neither")
        return self


class InstanceCommitment(PaidCommitment):
    """Capacity of one instance type that is already paid for until a day.

    Attributes:
        key: ``provider/region/instance_type`` that it covers, without wildcards.
        zone: in which alone it covers them; empty for all of the region.
        kind: what it is at the provider.
        count: instances that it covers [1].
        used: of them, taken by something else [1].
        paid_per_hour: of one of them [currency/h].
    """

    key: PlaceKey
    zone: str = ""
    kind: Literal["reserved", "committed_use", "reservation", "subscription"]
    count: Count
    used: CountOrZero = 0

    @property
    def left(self) -> int:
        """Instances that a plan may still run on it [1]."""
        return max(self.count - self.used, 0)

    @property
    def amounts_left(self) -> Mapping[str, float]:
        """What a plan may still take of it: name of a unit -> amount."""
        return {INSTANCES.name: float(self.left)}


class SpendCommitment(OwnCommitment):
    """Hourly spend that is paid for until a day, used or not, such as a savings plan.

    Attributes:
        key: ``provider/region/instance_type`` of what it may cover.
        kind: what it is at the provider.
        plan: ``kind`` of the catalogue's offers of this plan, such as ``compute``.
        term_years: of those offers [years].
        payment: of those offers; where it is empty, the dearest of them counts.
        spend_per_hour: committed [currency/h].
        used_per_hour: of it, drawn by what runs already [currency/h].
        currency: of both.
    """

    key: TypesKey
    kind: Literal["savings_plan", "committed_use"]
    plan: Name
    term_years: Positive
    payment: Literal["", "no", "partial", "all"] = ""
    spend_per_hour: Positive
    used_per_hour: NotNegative = 0.0
    currency: Currency

    @property
    def left(self) -> float:
        """What a plan may still draw in an hour [currency/h]."""
        return max(self.spend_per_hour - self.used_per_hour, 0.0)

    @property
    def amounts_left(self) -> Mapping[str, float]:
        """What a plan may still take of it: name of a unit -> amount."""
        return {SPEND.name: self.left}


class ResourceCommitment(PaidCommitment):
    """Amounts of resources of one region and family that are paid for until a day.

    An amount that is left out covers nothing: an instance is covered where each of its vCPUs,
    memory and accelerators is.

    Attributes:
        key: ``provider/region/instance_type`` of what it may cover.
        kind: what it is at the provider.
        vcpus: committed [1].
        used_vcpus: of them, taken by what runs already [1].
        memory_gib: committed [GiB].
        used_memory_gib: of it, taken by what runs already [GiB].
        accelerators: committed [1].
        used_accelerators: of them, taken by what runs already [1].
        paid_per_hour: of all of it [currency/h].
    """

    key: TypesKey
    kind: Literal["committed_use"] = "committed_use"
    vcpus: CountOrZero = 0
    used_vcpus: CountOrZero = 0
    memory_gib: NotNegative = 0.0
    used_memory_gib: NotNegative = 0.0
    accelerators: CountOrZero = 0
    used_accelerators: CountOrZero = 0

    @model_validator(mode="after")
    def _covers_something(self) -> Self:
        if not (self.vcpus or self.memory_gib or self.accelerators):
            raise ValueError("say what it covers: vcpus, memory_gib, accelerators")
        return self

    @property
    def amounts_left(self) -> Mapping[str, float]:
        """What a plan may still take of it: name of a unit -> amount."""
        return {
            VCPUS.name: float(max(self.vcpus - self.used_vcpus, 0)),
            MEMORY.name: max(self.memory_gib - self.used_memory_gib, 0.0),
            ACCELERATORS.name: float(max(self.accelerators - self.used_accelerators, 0)),
        }


AnyCommitment = InstanceCommitment | SpendCommitment | ResourceCommitment
"""Everything that may be paid for already."""
